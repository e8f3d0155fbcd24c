#include "transport/http_message.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "protocol/json.h"

namespace hubtrail::transport {
namespace {

struct Reason {
    int status;
    std::string_view phrase;
};

// RFC 9110 15 and the registry.
constexpr auto kReasons = std::to_array<Reason>({
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
});

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> HttpRequest::query_value(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (equal_ignoring_case(key, name)) {
            return value;
        }
    }
    return std::nullopt;
}

std::vector<std::string_view> HttpRequest::query_values(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : query) {
        if (equal_ignoring_case(key, name)) {
            values.emplace_back(value);
        }
    }
    return values;
}

void extract_token(HttpRequest& request, TokenInQuery in_query) {
    const auto is_token = [](const auto& item) {
        return equal_ignoring_case(item.first, "access_token");
    };
    if (in_query == TokenInQuery::accepted) {
        for (auto& item : request.query) {
            if (!is_token(item) || item.second.empty()) {
                continue;
            }
            if (request.token.empty()) {
                request.token = std::move(item.second);
            } else if (request.token != item.second) {
                request.token_conflict = true;
            }
        }
    }
    request.query.erase(std::remove_if(request.query.begin(), request.query.end(), is_token),
                        request.query.end());
}

bool is_application_header(std::string_view name, std::string_view value) {
    constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";  // RFC 9110 5.6.2
    constexpr std::array<std::string_view, 6> kFraming = {
        "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer"};
    const auto is_token_char = [&](char c) {
        return is_letter_or_digit(c) || kTokenMarks.find(c) != kTokenMarks.npos;
    };
    const auto is_value_char = [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); };
    const auto is_this = [&](std::string_view framing) {
        return equal_ignoring_case(name, framing);
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char) &&
           std::all_of(value.begin(), value.end(), is_value_char) &&
           std::none_of(kFraming.begin(), kFraming.end(), is_this);
}

std::string_view reason_phrase(int status) {
    const auto* const reason = std::find_if(
        kReasons.begin(), kReasons.end(), [&](const Reason& row) { return row.status == status; });
    return reason != kReasons.end() ? reason->phrase : "Unknown";
}

namespace {

HttpResponse make_problem_body(int status, std::string_view code, std::string_view text,
                               std::string_view details_json, std::string_view retry_after) {
    std::string quoted_code;
    std::string quoted_text;
    protocol::append_json_string(quoted_code, code);
    protocol::append_json_string(quoted_text, text);

    HttpResponse response;
    response.status = status;
    response.content_type = "application/problem+json";
    std::string& body = response.body;
    body.reserve(256 + 2 * quoted_code.size() + 3 * quoted_text.size() + details_json.size());
    body += R"({"type":"about:blank","title":)";
    protocol::append_json_string(body, reason_phrase(status));
    body.append(R"(,"status":)").append(std::to_string(status));
    body.append(R"(,"code":)").append(quoted_code);
    body.append(R"(,"detail":)").append(quoted_text);
    body.append(R"(,"error":{"code":)").append(quoted_code);
    body.append(R"(,"message":)").append(quoted_text);
    body.append(R"(,"retry_after":)").append(retry_after);
    body.append(R"(,"details":)");
    body.append(details_json.empty() ? std::string_view("{}") : details_json);
    body.append(R"(},"message":)").append(quoted_text).append("}");
    return response;
}

}  // namespace

HttpResponse make_problem(int status, std::string_view code, std::string_view text,
                          std::string_view details_json) {
    return make_problem_body(status, code, text, details_json, "null");
}

HttpResponse make_retry_problem(std::string_view code, std::string_view text, int retry_after_s) {
    const auto seconds = std::to_string(retry_after_s);
    auto response = make_problem_body(503, code, text, {}, seconds);
    response.headers.emplace_back("Retry-After", seconds);
    return response;
}

}  // namespace hubtrail::transport
