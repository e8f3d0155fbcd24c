#include "transport/http_message.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::transport {
namespace {

using Items = std::vector<std::pair<std::string, std::string>>;

HttpRequest request_with(Items query, std::string token = {}) {
    HttpRequest request;
    request.query = std::move(query);
    request.token = std::move(token);
    return request;
}

}  // namespace

TEST_CASE("Headers and query items are found by name", "[http]") {
    HttpRequest request;
    request.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
    request.query = {{"Site_Id", "x"}, {"stream", ""}, {"site_id", "y"}};
    CHECK(request.header("a") == std::string_view("1"));
    CHECK(request.header("b") == std::string_view("2"));
    CHECK(!request.header("c").has_value());
    CHECK(request.query_value("site_id") == std::string_view("x"));
    CHECK(request.query_value("SITE_ID") == std::string_view("x"));
    CHECK(request.query_value("stream") == std::string_view(""));
    CHECK(!request.query_value("site").has_value());
    CHECK(request.query_values("site_id") == std::vector<std::string_view>{"x", "y"});
    CHECK(request.query_values("none").empty());
}

TEST_CASE("A token in the query counts on hub paths only and is removed everywhere", "[http]") {
    struct Row {
        Items query;
        std::string header_token;
        TokenInQuery in_query;
        std::string token;
        bool conflict;
        Items left;
    };
    const auto hub = TokenInQuery::accepted;
    const auto rest = TokenInQuery::refused;
    const std::vector<Row> rows{
        {{{"a", "b"}}, "", hub, "", false, {{"a", "b"}}},
        {{{"access_token", "q"}}, "", hub, "q", false, {}},
        {{{"ACCESS_Token", "q"}, {"a", "b"}}, "", hub, "q", false, {{"a", "b"}}},
        {{{"access_token", "q"}}, "", rest, "", false, {}},
        {{{"access_token", "q"}}, "h", rest, "h", false, {}},
        {{{"access_token", "q"}}, "h", hub, "h", true, {}},
        {{{"access_token", "h"}}, "h", hub, "h", false, {}},
        {{{"access_token", ""}}, "h", hub, "h", false, {}},
        {{{"access_token", ""}}, "", hub, "", false, {}},
        {{{"access_token", "q"}, {"access_token", "r"}}, "", hub, "q", true, {}},
        {{{"access_token", "q"}, {"a", "b"}, {"access_token", "q"}},
         "",
         hub,
         "q",
         false,
         {{"a", "b"}}},
        {{{"access_tokens", "q"}}, "", hub, "", false, {{"access_tokens", "q"}}},
    };
    for (const auto& row : rows) {
        auto request = request_with(row.query, row.header_token);
        extract_token(request, row.in_query);
        CHECK(request.token == row.token);
        CHECK(request.token_conflict == row.conflict);
        CHECK(request.query == row.left);
    }
}

TEST_CASE("A problem carries the fields of both shapes", "[http]") {
    const auto plain = make_problem(400, "cursor-invalid", "say \"what\"\n");
    CHECK(plain.status == 400);
    CHECK(plain.content_type == "application/problem+json");
    CHECK(
        plain.body ==
        R"({"type":"about:blank","title":"Bad Request","status":400,"code":"cursor-invalid",)"
        R"("detail":"say \"what\"\n","error":{"code":"cursor-invalid","message":"say \"what\"\n",)"
        R"("retry_after":null,"details":{}},"message":"say \"what\"\n"})");
    const auto detailed = make_problem(422, "bad-event", "t", R"({"index":3})");
    CHECK(detailed.body.find(R"("details":{"index":3}})") != std::string::npos);
    CHECK(detailed.body.find(R"("status":422,)") != std::string::npos);
}

TEST_CASE("Every status that the server sends has its reason", "[http]") {
    for (const int status : {101, 200, 201, 400, 401, 403, 404, 405, 408, 410, 413,
                             414, 415, 417, 422, 426, 429, 431, 500, 501, 503, 505}) {
        CAPTURE(status);
        CHECK(reason_phrase(status) != "Unknown");
    }
    CHECK(reason_phrase(404) == "Not Found");
    CHECK(reason_phrase(299) == "Unknown");
}

}  // namespace hubtrail::transport
