#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "protocol/event.h"
#include "protocol/json.h"
#include "protocol/json_guard.h"
#include "protocol/json_scanner.h"
#include "protocol/utf8.h"

namespace hubtrail::protocol {
namespace {

using Step = JsonScanner::Step;

enum class Kind { token, text, choice, integer, time, object };

// Which characters a token may hold.
using Charset = std::array<bool, 256>;

constexpr Charset make_charset(std::string_view characters) {
    Charset set{};
    for (const char c : characters) {
        set[static_cast<unsigned char>(c)] = true;
    }
    return set;
}

constexpr Charset kNameCharset = make_charset("abcdefghijklmnopqrstuvwxyz0123456789_.-");
constexpr Charset kIdCharset =
    make_charset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

struct Field {
    std::string_view name;
    Kind kind;
    std::size_t characters_max;  // of a token or a text
    const Charset* charset;      // of a token
    std::string_view expected;
};

// docs/api.md 1, in its order, which is also the order in the body.
enum Index : std::size_t {
    id,
    stream,
    type,
    change_type,
    vendor_type_id,
    resource_type,
    resource_id,
    site_id,
    user_id,
    actor,
    actor_client_id,
    actor_device_id,
    old_path,
    path,
    version_id,
    correlation_id,
    occurred_at,
    data,
    field_count,
};
static_assert(occurred_at + 1 == data);

constexpr std::string_view kTextOf128 = "a string of up to 128 characters";
constexpr std::string_view kTextOf256 = "a string of up to 256 characters";
constexpr std::string_view kTextOf4096 = "a string of up to 4096 characters";

constexpr std::array<Field, field_count> kFields{{
    {"id", Kind::token, 128, &kIdCharset, "a string of 1 to 128 characters of A-Z a-z 0-9 . _ : -"},
    {"stream", Kind::token, 64, &kNameCharset, "a string of 1 to 64 characters of a-z 0-9 _ . -"},
    {"type", Kind::token, 128, &kNameCharset, "a string of 1 to 128 characters of a-z 0-9 _ . -"},
    {"change_type", Kind::choice, 0, nullptr,
     "one of created, updated, deleted, moved, renamed, or null"},
    {"vendor_type_id", Kind::integer, 0, nullptr, "an integer of 64 bits or null"},
    {"resource_type", Kind::text, 256, nullptr, kTextOf256},
    {"resource_id", Kind::text, 256, nullptr, kTextOf256},
    {"site_id", Kind::text, 128, nullptr, kTextOf128},
    {"user_id", Kind::text, 128, nullptr, kTextOf128},
    {"actor", Kind::text, 256, nullptr, kTextOf256},
    {"actor_client_id", Kind::text, 256, nullptr, kTextOf256},
    {"actor_device_id", Kind::text, 256, nullptr, kTextOf256},
    {"old_path", Kind::text, 4096, nullptr, kTextOf4096},
    {"path", Kind::text, 4096, nullptr, kTextOf4096},
    {"version_id", Kind::text, 256, nullptr, kTextOf256},
    {"correlation_id", Kind::text, 256, nullptr, kTextOf256},
    {"occurred_at", Kind::time, 0, nullptr,
     "a time of RFC 3339 with Z or an offset, years 1970 to 9999"},
    {"data", Kind::object, 0, nullptr,
     "a JSON object of at most 65536 bytes and depth 32, without duplicate members, U+0000, lone "
     "surrogates and "
     "numbers beyond a double"},
}};
static_assert(kEventDataBytesMax == 65536 && kEventDataDepthMax == 32,
              "the sentence above says so");

constexpr std::array<std::string_view, 5> kChangeTypes{"created", "updated", "deleted", "moved",
                                                       "renamed"};
constexpr std::string_view kExpectedEvents = "an event object or an array of 1 to 1000 of them";
static_assert(kEventsPerRequestMax == 1000, "the sentence above says so");
constexpr std::string_view kExpectedText = "a string without U+0000 and lone surrogates";
constexpr std::string_view kExpectedKnown =
    "one of id, stream, type, change_type, vendor_type_id, resource_type, resource_id, site_id, "
    "user_id, actor, actor_client_id, actor_device_id, old_path, path, version_id, "
    "correlation_id, occurred_at, data";

constexpr std::size_t kFieldNameShownMax = 64;

// What is there, by its first byte.
std::string describe(char first) {
    constexpr std::string_view kFirst = "{[\"tfn";
    constexpr std::array<const char*, 7> kKinds{"object",  "array", "string", "boolean",
                                                "boolean", "null",  "number"};
    return kKinds[std::min(kFirst.find(first), kFirst.size())];
}

class EventParser {
public:
    EventParser(std::string_view json, const EventContext& context, IdMaker& ids)
        : in_(json),
          ids_(ids),
          now_us_(context.now_us),
          guard_(JsonLimits{json.size(), kEventDataDepthMax, json.size()}) {
        body_ = R"({"tenant_id":)";
        append_json_string(body_, context.tenant);
        head_bytes_ = body_.size();
        service_account_ = R"(,"service_account":)";
        if (context.service_account.empty()) {
            service_account_ += "null";
        } else {
            append_json_string(service_account_, context.service_account);
        }
    }

    bool read(std::vector<NewEvent>& events);
    EventError take_error();

private:
    struct Value {
        bool given = false;
        bool null = false;
        bool escaped = false;   // text was decoded and must be escaped again
        std::string_view text;  // of a string; the raw JSON of data
        std::int64_t integer = 0;
        bool spaced = false;  // data holds white space between its tokens
        std::string decoded;
    };

    bool read_array(std::vector<NewEvent>& events);
    bool read_event(std::vector<NewEvent>& events);
    bool read_fields();
    bool find_field(const JsonString& name, std::size_t& index);
    bool read_value(std::size_t index);
    bool read_text(std::size_t index);
    bool check_text(std::size_t index);
    bool read_integer(std::size_t index);
    bool read_data(std::size_t index);
    NewEvent make_event();
    void append_value(std::size_t index);
    bool fail(std::string_view field, std::string_view expected, std::string found);
    bool fail_kind(std::size_t index);

    JsonScanner in_;
    IdMaker& ids_;
    std::int64_t now_us_;
    JsonGuard guard_;
    std::string body_;  // begins with the head that all events share
    std::size_t head_bytes_ = 0;
    std::string service_account_;
    std::array<Value, field_count> values_;
    std::string decoded_name_;
    std::size_t event_index_ = 0;
    std::optional<EventError> error_;
};

bool EventParser::fail(std::string_view field, std::string_view expected, std::string found) {
    if (!error_) {
        error_ = EventError{event_index_, cut_text(field, kFieldNameShownMax),
                            std::string(expected), std::move(found), false};
    }
    return false;
}

EventError EventParser::take_error() {
    if (error_) {
        return std::move(*error_);
    }
    return EventError{event_index_, "",
                      "JSON (RFC 8259), broken at byte " + std::to_string(in_.offset()),
                      in_.problem(), true};
}

// The wrong kind of value: broken JSON is told first.
bool EventParser::fail_kind(std::size_t index) {
    const char first = in_.peek();
    return in_.skip_value(JsonScanner::kDepthMax - 2) &&
           fail(kFields[index].name, kFields[index].expected, describe(first));
}

bool EventParser::read(std::vector<NewEvent>& events) {
    const char first = in_.peek();
    if (first == '[') {
        return read_array(events) && in_.finish();
    }
    if (first == '{') {
        return read_event(events) && in_.finish();
    }
    return in_.skip_value(JsonScanner::kDepthMax) && in_.finish() &&
           fail("", kExpectedEvents, describe(first));
}

bool EventParser::read_array(std::vector<NewEvent>& events) {
    in_.take('[');
    auto step = in_.first_element();
    for (; step == Step::item; step = in_.next_element()) {
        event_index_ = events.size();
        if (events.size() == kEventsPerRequestMax) {
            return fail("", kExpectedEvents, "more than " + std::to_string(kEventsPerRequestMax));
        }
        const char first = in_.peek();
        if (first != '{') {
            return in_.skip_value(JsonScanner::kDepthMax - 1) &&
                   fail("", "an event object", describe(first));
        }
        if (!read_event(events)) {
            return false;
        }
    }
    return step == Step::end && (!events.empty() || fail("", kExpectedEvents, "empty array"));
}

bool EventParser::read_event(std::vector<NewEvent>& events) {
    for (auto& value : values_) {
        value.given = false;
    }
    if (!read_fields()) {
        return false;
    }
    for (const auto required : {Index::stream, Index::type}) {
        if (!values_[required].given) {
            return fail(kFields[required].name, kFields[required].expected, "nothing");
        }
    }
    events.push_back(make_event());
    return true;
}

bool EventParser::read_fields() {
    in_.take('{');
    JsonString name;
    auto step = in_.first_member(name);
    for (; step == Step::item; step = in_.next_member(name)) {
        std::size_t index = 0;
        if (!find_field(name, index)) {
            return false;
        }
        if (values_[index].given) {
            return fail(kFields[index].name, "each field once", "duplicate field");
        }
        values_[index].given = true;
        values_[index].null = false;
        if (!read_value(index)) {
            return false;
        }
    }
    return step == Step::end;
}

bool EventParser::find_field(const JsonString& name, std::size_t& index) {
    auto text = name.raw;
    if (name.escaped) {
        decoded_name_.clear();
        append_decoded(decoded_name_, name);
        text = decoded_name_;
    }
    for (index = 0; index < field_count; ++index) {
        if (kFields[index].name == text) {
            return true;
        }
    }
    return fail(text, kExpectedKnown, "unknown field");
}

bool EventParser::read_value(std::size_t index) {
    const char first = in_.peek();
    switch (kFields[index].kind) {
        case Kind::object:
            return first == '{' ? read_data(index) : fail_kind(index);
        case Kind::integer:
        case Kind::choice:
            if (first == 'n') {
                values_[index].null = true;
                return in_.read_literal();
            }
            if (kFields[index].kind == Kind::integer) {
                return read_integer(index);
            }
            break;
        case Kind::token:
        case Kind::text:
        case Kind::time:
            break;
    }
    return first == '"' ? read_text(index) : fail_kind(index);
}

bool EventParser::read_text(std::size_t index) {
    auto& value = values_[index];
    JsonString string;
    if (!in_.read_string(string)) {
        return false;
    }
    if (string.has_nul || string.lone_surrogate) {
        return fail(kFields[index].name, kExpectedText,
                    string.has_nul ? "string with U+0000" : "string with a lone surrogate");
    }
    value.escaped = string.escaped;
    value.text = string.raw;
    if (string.escaped) {
        value.decoded.clear();
        append_decoded(value.decoded, string);
        value.text = value.decoded;
    }
    return check_text(index);
}

bool EventParser::check_text(std::size_t index) {
    const auto& field = kFields[index];
    auto& value = values_[index];
    switch (field.kind) {
        case Kind::token: {
            if (value.text.empty() || count_characters(value.text) > field.characters_max) {
                return fail(field.name, field.expected, describe_text(value.text));
            }
            const auto* const end = value.text.end();
            const auto* const wrong = std::find_if_not(value.text.begin(), end, [&field](char c) {
                return (*field.charset)[static_cast<unsigned char>(c)];
            });
            return wrong == end || fail(field.name, field.expected,
                                        "another character at place " +
                                            std::to_string(wrong - value.text.begin() + 1));
        }
        case Kind::text:
            // As many bytes as characters are allowed are never too many characters.
            return value.text.size() <= field.characters_max ||
                   count_characters(value.text) <= field.characters_max ||
                   fail(field.name, field.expected, describe_text(value.text));
        case Kind::choice:
            return std::find(kChangeTypes.begin(), kChangeTypes.end(), value.text) !=
                       kChangeTypes.end() ||
                   fail(field.name, field.expected, "another string");
        case Kind::time: {
            const auto time = parse_time(value.text);
            if (!time) {
                return fail(field.name, field.expected, "a string that is not " + time.error());
            }
            value.integer = *time;
            return true;
        }
        case Kind::integer:
        case Kind::object:
            break;
    }
    return true;
}

bool EventParser::read_integer(std::size_t index) {
    const char first = in_.peek();
    if (first != '-' && (first < '0' || first > '9')) {
        return fail_kind(index);
    }
    JsonNumber number;
    if (!in_.read_number(number)) {
        return false;
    }
    if (to_int64(number, values_[index].integer)) {
        return true;
    }
    return fail(kFields[index].name, kFields[index].expected,
                number.integer ? "a larger number" : "number with a fraction or an exponent");
}

bool EventParser::read_data(std::size_t index) {
    auto& value = values_[index];
    in_.peek();
    const char* const from = in_.position();
    const auto space_before = in_.space_bytes();
    const auto refuse = [this, index](std::string found) {
        return fail(kFields[index].name, kFields[index].expected, std::move(found));
    };
    if (!guard_.take_value(in_)) {
        if (guard_.error()) {
            return refuse(guard_.error()->what);
        }
        return in_.too_deep() ? refuse("a deeper object") : false;
    }
    value.text = {from, static_cast<std::size_t>(in_.position() - from)};
    const auto space = in_.space_bytes() - space_before;
    value.spaced = space > 0;
    const auto bytes = value.text.size() - space;
    return bytes <= kEventDataBytesMax || refuse("object of " + std::to_string(bytes) + " bytes");
}

void EventParser::append_value(std::size_t index) {
    const auto& value = values_[index];
    body_ += ",\"";
    body_ += kFields[index].name;
    body_ += "\":";
    if (value.null) {
        body_ += "null";
        return;
    }
    switch (kFields[index].kind) {
        case Kind::integer: {
            std::array<char, 20> digits;
            const auto end =
                std::to_chars(digits.data(), digits.data() + digits.size(), value.integer);
            body_.append(digits.data(), end.ptr);
            return;
        }
        case Kind::time:
            body_.push_back('"');
            append_time(body_, value.integer);
            body_.push_back('"');
            return;
        case Kind::object:
            if (value.spaced) {
                append_compact(body_, value.text);
            } else {
                body_ += value.text;
            }
            return;
        case Kind::token:
        case Kind::text:
        case Kind::choice:
            break;
    }
    body_.push_back('"');
    if (value.escaped) {
        append_json_escaped(body_, value.text);
    } else {
        body_ += value.text;
    }
    body_.push_back('"');
}

NewEvent EventParser::make_event() {
    auto& made_id = values_[Index::id];
    if (!made_id.given) {
        made_id.decoded = ids_.make_id();
        made_id.text = made_id.decoded;
        made_id.given = true;
        made_id.null = false;
        made_id.escaped = true;
    }
    auto& time = values_[Index::occurred_at];
    const bool default_time = !time.given;
    if (default_time) {
        time.integer = now_us_;
        time.given = true;
        time.null = false;
    }
    body_.resize(head_bytes_);
    for (std::size_t index = 0; index < Index::occurred_at; ++index) {
        if (values_[index].given) {
            append_value(index);
        }
    }
    const auto time_at = body_.size() + std::string_view(R"(,"occurred_at":")").size();
    append_value(Index::occurred_at);
    body_ += service_account_;
    if (values_[Index::data].given) {
        append_value(Index::data);
    }
    body_.push_back('}');

    const auto text = [this](std::size_t index) {
        return values_[index].given ? std::string(values_[index].text) : std::string();
    };
    NewEvent event{text(Index::id),      text(Index::stream),  text(Index::type),
                   text(Index::site_id), text(Index::user_id), body_};
    event.path = text(Index::path);
    event.old_path = text(Index::old_path);
    event.actor_client_id = text(Index::actor_client_id);
    event.actor_device_id = text(Index::actor_device_id);
    event.default_time_at = default_time ? time_at : 0;
    return event;
}

}  // namespace

Result<std::vector<NewEvent>, EventError> parse_events(std::string_view json,
                                                       const EventContext& context, IdMaker& ids) {
    EventParser parser(json, context, ids);
    std::vector<NewEvent> events;
    if (!parser.read(events)) {
        return Failure{parser.take_error()};
    }
    return events;
}

}  // namespace hubtrail::protocol
