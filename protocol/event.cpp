#include "protocol/event.h"

#include <array>
#include <charconv>

#include "base/check.h"
#include "protocol/json.h"

namespace hubtrail::protocol {
namespace {

// What every channel shows in front of the body differs between the two forms only in its quotes.
struct Quoting {
    std::string_view pos;
    std::string_view cursor;
    std::string_view recorded_at;
    std::string_view end;
};
constexpr Quoting kPlain{R"({"pos":)", R"(,"cursor":")", R"(","recorded_at":")", R"(",)"};
constexpr Quoting kEscaped{R"({\"pos\":)", R"(,\"cursor\":\")", R"(\",\"recorded_at\":\")",
                           R"(\",)"};

// The body without the `{` that the head replaces.
std::string_view append_head(std::string& out, const LogEvent& event, std::string_view cursor,
                             const Quoting& quoting) {
    HUBTRAIL_CHECK(event.body.size() > 2 && event.body.front() == '{', "a body is a JSON object");
    std::array<char, 20> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), event.pos);
    out += quoting.pos;
    out.append(digits.data(), written.ptr);
    out += quoting.cursor;
    out += cursor;
    out += quoting.recorded_at;
    append_time(out, event.recorded_us);
    out += quoting.end;
    return std::string_view{event.body}.substr(1);
}

// Of append_time().
constexpr std::size_t kTimeBytes = std::string_view("2026-05-04T08:00:01.000000Z").size();

}  // namespace

bool same_content(const NewEvent& event, std::string_view body) {
    const std::string_view own = event.body;
    if (event.default_time_at == 0 || own.size() != body.size()) {
        return own == body;
    }
    const auto behind = event.default_time_at + kTimeBytes;
    return own.substr(0, event.default_time_at) == body.substr(0, event.default_time_at) &&
           own.substr(behind) == body.substr(behind);
}

void append_event_json(std::string& out, const LogEvent& event, std::string_view cursor) {
    out += append_head(out, event, cursor, kPlain);
}

void append_event_json_escaped(std::string& out, const LogEvent& event, std::string_view cursor) {
    append_json_escaped(out, append_head(out, event, cursor, kEscaped));
}

}  // namespace hubtrail::protocol
