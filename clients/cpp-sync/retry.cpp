#include "clients/cpp-sync/retry.h"

#include <algorithm>

#include "base/ascii.h"
#include "protocol/json_slices.h"

namespace hubtrail::sync {
namespace {

constexpr std::size_t kProblemTextBytesMax = 2000;

/// What a peer wrote goes to a terminal: no control characters, no endless text.
std::string printable(std::string_view text) {
    std::string out(text.substr(0, kProblemTextBytesMax));
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    return out;
}

std::optional<std::string_view> find_details(std::string_view problem) {
    if (const auto error = protocol::find_member(problem, "error")) {
        if (const auto details = protocol::find_member(*error, "details")) {
            return details;
        }
    }
    return protocol::find_member(problem, "details");
}

}  // namespace

std::int64_t Backoff::next_ms() {
    const auto step = step_ms_;
    step_ms_ = std::min(step_ms_ * 2, kBackoffLastMs);
    const auto low = std::max(step / 2, kBackoffFirstMs);
    const auto span = static_cast<std::uint64_t>(step - low + 1);
    return low + static_cast<std::int64_t>(random_.below(span));
}

bool is_worth_retrying(int status) {
    return status == 408 || status == 429 || (status >= 500 && status <= 599);
}

std::optional<std::int64_t> retry_after_ms(const HttpReply& reply) {
    const auto header = reply.find_header("Retry-After");
    const auto seconds = header ? to_integer<std::int64_t>(*header) : std::nullopt;
    if (!seconds || *seconds < 0) {
        return std::nullopt;
    }
    return std::min(*seconds, kRetryAfterMaxMs / 1000) * 1000;
}

std::optional<std::string> find_problem_detail(const HttpReply& reply, std::string_view name) {
    const auto details = find_details(reply.body);
    const auto value = details ? protocol::find_member(*details, name) : std::nullopt;
    if (!value || *value == "null") {
        return std::nullopt;
    }
    if (auto text = protocol::string_value(*value)) {
        return printable(*text);
    }
    return printable(*value);
}

std::string problem_code(const HttpReply& reply) {
    return printable(protocol::find_string(reply.body, "code").value_or(""));
}

std::string describe_problem(const HttpReply& reply) {
    std::string out = "status " + std::to_string(reply.status);
    if (reply.status >= 300 && reply.status <= 399) {
        return out + " (a redirect, which is never followed: is the URL right?)";
    }
    if (const auto code = problem_code(reply); !code.empty()) {
        out += " " + code;
    }
    auto text = protocol::find_string(reply.body, "detail");
    if (!text) {
        text = protocol::find_string(reply.body, "message");
    }
    if (text && !text->empty()) {
        out += ": " + printable(*text);
    } else if (reply.status == 404) {
        out += ": nothing there; is the URL that of a Hubtrail server?";
    }
    std::string where;
    for (const char* name : {"index", "field", "expected"}) {
        if (const auto value = find_problem_detail(reply, name)) {
            where += (where.empty() ? " (" : ", ") + std::string(name) + " " + *value;
        }
    }
    return where.empty() ? out : out + where + ")";
}

}  // namespace hubtrail::sync
