#include "edge/errors.h"

#include <string>

namespace hubtrail::edge {
namespace {

using storage::PositionErrc;
using transport::HttpResponse;

HttpResponse make_failed() {
    return transport::make_problem(500, code_of(PositionErrc::failed),
                                   text_of(PositionErrc::failed));
}

std::string describe_loss(const storage::PositionError& error, const protocol::CursorCodec& codec,
                          std::string_view tenant) {
    return R"({"oldest_cursor":")" + codec.encode(tenant, error.oldest) + R"(","latest_cursor":")" +
           codec.encode(tenant, error.latest) + R"(","lost_at_least":)" +
           std::to_string(error.lost_at_least) + "}";
}

}  // namespace

std::string_view code_of(protocol::QueryErrc code) {
    return code == protocol::QueryErrc::bad_start ? "since-invalid" : "bad-parameter";
}

std::string_view code_of(PositionErrc code) {
    switch (code) {
        case PositionErrc::cursor_invalid:
        case PositionErrc::cursor_foreign:
            return "cursor-invalid";
        case PositionErrc::ahead:
            return "cursor-ahead";
        case PositionErrc::expired:
            return "cursor-expired";
        case PositionErrc::reset:
        case PositionErrc::restored:
            return "log-reset";
        case PositionErrc::unavailable:
            return "unavailable";
        case PositionErrc::failed:
            break;
    }
    return "log-failed";
}

std::string_view text_of(PositionErrc code) {
    switch (code) {
        case PositionErrc::cursor_invalid:
            return "the cursor is damaged or was not made by this service";
        case PositionErrc::cursor_foreign:
            return "the cursor belongs to another tenant";
        case PositionErrc::ahead:
            return "the cursor lies beyond the newest event of this log";
        case PositionErrc::expired:
            return "events after this cursor are no longer kept; restart at oldest_cursor";
        case PositionErrc::reset:
            return "the log was reset since this cursor was made; take a new one and synchronise "
                   "afresh";
        case PositionErrc::restored:
            return "the event that this cursor names is not the one in the log: the log was "
                   "restored; synchronise afresh";
        case PositionErrc::unavailable:
            return "the log cannot be used at the moment";
        case PositionErrc::failed:
            break;
    }
    return "the log cannot be read, and to try again will not help";
}

HttpResponse make_problem(const auth::Refusal& refusal) {
    if (refusal.reason == auth::Refusal::Reason::bad_token) {
        auto response = transport::make_problem(
            401, "unauthorized",
            "a valid bearer token is needed: none was given, or it is not signed by a known key, "
            "is expired, or is meant for another service");
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
        return response;
    }
    std::string text = "the token's scope must contain ";
    const char* between = "";
    for (const auto& scope : refusal.scopes) {
        text.append(between).append(scope);
        between = " or ";
    }
    return transport::make_problem(403, "forbidden", text);
}

HttpResponse make_problem(const protocol::QueryError& error) {
    std::string text(error.field);
    text.append(": expected ").append(error.expected);
    return transport::make_problem(400, code_of(error.code), text);
}

HttpResponse make_problem(const storage::PositionError& error, const protocol::CursorCodec& codec,
                          std::string_view tenant) {
    if (error.code == PositionErrc::unavailable) {
        return make_unavailable();
    }
    if (error.code == PositionErrc::failed) {
        return make_failed();
    }
    return transport::make_problem(error.is_loss() ? 410 : 400, code_of(error.code),
                                   text_of(error.code),
                                   error.is_loss() ? describe_loss(error, codec, tenant) : "");
}

HttpResponse make_problem(const storage::StoreError& error) {
    return storage::passes(error.code) ? make_unavailable() : make_failed();
}

HttpResponse make_unavailable() {
    return transport::make_retry_problem(code_of(PositionErrc::unavailable),
                                         text_of(PositionErrc::unavailable), kRetryUnavailableS);
}

}  // namespace hubtrail::edge
