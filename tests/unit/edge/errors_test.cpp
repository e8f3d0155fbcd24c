#include "edge/errors.h"

#include <string>
#include <vector>

#include "protocol/json.h"
#include "tests/support/catch.h"

namespace hubtrail::edge {
namespace {

using storage::PositionErrc;
using storage::StoreErrc;
using transport::HttpResponse;

protocol::JsonValue body_of(const HttpResponse& response) {
    auto body = protocol::JsonValue::parse(response.body, {});
    REQUIRE(body);
    CHECK(response.content_type == "application/problem+json");
    CHECK(body->find("status")->integer() == response.status);
    return std::move(*body);
}

std::string header(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

}  // namespace

TEST_CASE("Whoever has no good token hears one challenge, whatever the reason", "[edge]") {
    const auto problem = make_problem(auth::Refusal{});
    CHECK(problem.status == 401);
    CHECK(body_of(problem).find("code")->string() == "unauthorized");
    CHECK(body_of(problem).find("detail")->string() ==
          "a valid bearer token is needed: none was given, or it is not signed by a known key, is "
          "expired, or is meant for another service");
    CHECK(header(problem, "WWW-Authenticate") == "Bearer");
}

TEST_CASE("A missing scope is named, with all that would do", "[edge]") {
    const auto detail = [](std::vector<std::string> scopes) {
        const auto problem =
            make_problem(auth::Refusal{auth::Refusal::Reason::missing_scope, std::move(scopes)});
        CHECK(problem.status == 403);
        CHECK(problem.headers.empty());
        CHECK(body_of(problem).find("code")->string() == "forbidden");
        return body_of(problem).find("detail")->string();
    };
    CHECK(detail({"a"}) == "the token's scope must contain a");
    CHECK(detail({"a", "b", "c"}) == "the token's scope must contain a or b or c");
}

TEST_CASE("A wrong question names its parameter and what was expected", "[edge]") {
    const auto problem =
        make_problem(protocol::QueryError{protocol::QueryErrc::bad_value, "types", "less"});
    CHECK(problem.status == 400);
    CHECK(body_of(problem).find("code")->string() == "bad-parameter");
    CHECK(body_of(problem).find("detail")->string() == "types: expected less");
    CHECK(code_of(protocol::QueryErrc::bad_start) == "since-invalid");
}

TEST_CASE("Each reason why a place is no start has its status and code", "[edge]") {
    struct Row {
        PositionErrc code;
        int status;
        const char* name;
        const char* text;  ///< a part
    };
    const std::vector<Row> rows = {
        {PositionErrc::cursor_invalid, 400, "cursor-invalid", "not made by this service"},
        {PositionErrc::cursor_foreign, 400, "cursor-invalid", "another tenant"},
        {PositionErrc::ahead, 400, "cursor-ahead", "beyond the newest event"},
        {PositionErrc::expired, 410, "cursor-expired", "no longer kept"},
        {PositionErrc::reset, 410, "log-reset", "was reset"},
        {PositionErrc::restored, 410, "log-reset", "was restored"},
        {PositionErrc::unavailable, 503, "unavailable", "at the moment"},
        {PositionErrc::failed, 500, "log-failed", "will not help"},
    };
    const protocol::CursorCodec codec("0123456789abcdef0123456789abcdef");
    for (const auto& row : rows) {
        CAPTURE(row.name, row.text);
        storage::PositionError error;
        error.code = row.code;
        error.oldest.pos = 3;
        error.latest.pos = 9;
        error.lost_at_least = 2;
        error.detail = "disk I/O error";
        const auto problem = make_problem(error, codec, "t");
        CHECK(problem.status == row.status);
        const auto body = body_of(problem);
        CHECK(body.find("code")->string() == row.name);
        CHECK(body.find("detail")->string().find(row.text) != std::string::npos);
        CHECK(problem.body.find("disk") == std::string::npos);
        CHECK(header(problem, "Retry-After") == (row.status == 503 ? "2" : ""));
        const auto details = *body.find("error")->find("details");
        CHECK(error.is_loss() == (row.status == 410));
        CHECK(details.size() == (row.status == 410 ? 3U : 0U));
        if (row.status == 410) {
            const auto place = [&](const char* member) {
                return codec.decode("t", details.find(member)->string())->pos;
            };
            CHECK(place("oldest_cursor") == 3);
            CHECK(place("latest_cursor") == 9);
            CHECK(details.find("lost_at_least")->integer() == 2);
        }
    }
}

TEST_CASE("A read that failed is worth another try only where it passes", "[edge]") {
    CHECK(make_problem(storage::StoreError{StoreErrc::unavailable, "x"}).body ==
          make_unavailable().body);
    for (const auto code : {StoreErrc::refused, StoreErrc::corrupt, StoreErrc::failed}) {
        const auto problem = make_problem(storage::StoreError{code, "secret"});
        CHECK(problem.status == 500);
        CHECK(header(problem, "Retry-After").empty());
        CHECK(problem.body.find("secret") == std::string::npos);
    }
}

}  // namespace hubtrail::edge
