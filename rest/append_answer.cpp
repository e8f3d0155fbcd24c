#include "rest/append_answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "protocol/json.h"
#include "rest/answers.h"
#include "storage/position.h"

namespace hubtrail::rest {
namespace {

// Of one result without its id: punctuation, position and cursor.
constexpr std::size_t kResultBytes = 64 + 20 + protocol::kCursorCharsMax;

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 20> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), written.ptr);
}

std::string make_results(const protocol::CursorCodec& codec, std::string_view tenant,
                         const std::vector<storage::AppendedEvent>& events) {
    const auto tenant_hash = protocol::CursorCodec::hash_tenant(tenant);
    std::size_t bytes = 16;
    for (const auto& event : events) {
        bytes += event.id.size() + kResultBytes;
    }
    std::string out;
    out.reserve(bytes);
    out += R"({"results":[)";
    protocol::LogEvent place;  // what a cursor is made of
    for (const auto& event : events) {
        place.pos = event.pos;
        place.fingerprint = event.fingerprint;
        place.recorded_us = event.recorded_us;
        out += R"({"id":")";
        out += event.id;  // its characters need no escape (docs/api.md 1)
        out += R"(","pos":)";
        append_number(out, event.pos);
        out += R"(,"cursor":")";
        codec.append(out, tenant_hash, storage::event_cursor(event.epoch, place));
        out += event.duplicate ? R"(","duplicate":true},)" : R"(","duplicate":false},)";
    }
    if (!events.empty()) {
        out.pop_back();
    }
    out += "]}";
    return out;
}

}  // namespace

transport::HttpResponse make_append_answer(const protocol::CursorCodec& codec,
                                           std::string_view tenant,
                                           const storage::AppendResult& result) {
    if (result.key_reused) {
        return transport::make_problem(
            422, "idempotency-key-reused",
            "this Idempotency-Key came before with another request body");
    }
    if (result.taken) {
        const auto index = std::to_string(*result.taken);
        return transport::make_problem(
            409, "event-id-reused",
            "event " + index + ": another event of its site and user has this id",
            R"({"index":)" + index + R"(,"field":"id"})");
    }
    const bool nothing_new =
        result.replayed || std::all_of(result.events.begin(), result.events.end(),
                                       [](const auto& event) { return event.duplicate; });
    return make_json(nothing_new ? 200 : 201, make_results(codec, tenant, result.events));
}

transport::HttpResponse make_event_problem(const protocol::EventError& error) {
    const auto index = std::to_string(error.index);
    std::string text = "event " + index;
    if (!error.field.empty()) {
        text.append(", field '").append(error.field).append("'");
    }
    text.append(": expected ").append(error.expected).append(", found ").append(error.found);

    std::string details = R"({"index":)" + index + R"(,"field":)";
    protocol::append_json_string(details, error.field);
    details += R"(,"expected":)";
    protocol::append_json_string(details, error.expected);
    details += R"(,"found":)";
    protocol::append_json_string(details, error.found);
    details += "}";
    return transport::make_problem(error.not_json ? 400 : 422,
                                   error.not_json ? "bad-json" : "bad-event", text, details);
}

}  // namespace hubtrail::rest
