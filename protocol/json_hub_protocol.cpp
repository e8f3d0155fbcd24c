#include "protocol/json_hub_protocol.h"

#include <array>

#include "protocol/hub_protocol.h"
#include "protocol/json.h"
#include "protocol/json_fields.h"
#include "protocol/json_values.h"
#include "protocol/record_splitter.h"

namespace hubtrail::protocol {
namespace {

using Step = JsonScanner::Step;

// The record is depth 1, the array of arguments depth 2.
constexpr std::size_t kValueDepthMax = JsonScanner::kDepthMax - 1;
constexpr std::size_t kArgumentDepthMax = JsonScanner::kDepthMax - 2;

enum class Property : unsigned {
    type,
    invocation_id,
    target,
    arguments,
    stream_ids,
    item,
    result,
    error,
    headers,
    allow_reconnect,
    sequence_id,
    other,
};

struct NamedProperty {
    std::string_view name;
    Property property;
};

constexpr std::array<NamedProperty, 11> kProperties{{
    {"type", Property::type},
    {"target", Property::target},
    {"arguments", Property::arguments},
    {"invocationId", Property::invocation_id},
    {"result", Property::result},
    {"item", Property::item},
    {"error", Property::error},
    {"streamIds", Property::stream_ids},
    {"headers", Property::headers},
    {"allowReconnect", Property::allow_reconnect},
    {"sequenceId", Property::sequence_id},
}};

Property find_property(std::string_view name) {
    for (const auto& known : kProperties) {
        if (known.name == name) {
            return known.property;
        }
    }
    return Property::other;
}

class MessageReader {
public:
    MessageReader(std::string_view record, HubMessage& message) : in_(record), message_(message) {}

    bool read() {
        return in_.open_object() && read_properties() && in_.scanner().finish() && complete();
    }
    ProtocolError error() const { return in_.error(); }

private:
    bool read_properties();
    bool read_property(Property property, std::string_view name);
    bool read_arguments();
    bool read_stream_ids();
    bool refuse_stream_id(char first);
    bool read_headers();
    bool complete();
    bool require(bool present, std::string_view name);
    bool has(Property property) const { return (seen_ & bit(property)) != 0; }
    static unsigned bit(Property property) { return 1U << static_cast<unsigned>(property); }

    JsonFieldReader in_;
    HubMessage& message_;
    unsigned seen_ = 0;
    std::int64_t type_ = 0;
    std::string_view item_;
    std::string_view result_;
};

bool MessageReader::read_properties() {
    std::string_view name;
    auto step = in_.first_property(name);
    for (; step == Step::item; step = in_.next_property(name)) {
        const auto property = find_property(name);
        if (property == Property::other) {
            if (!in_.scanner().skip_value(kValueDepthMax)) {
                return false;
            }
            continue;
        }
        if (has(property)) {
            return in_.fail("Duplicate property '" + std::string(name) + "'.");
        }
        seen_ |= bit(property);
        if (!read_property(property, name)) {
            return false;
        }
    }
    return step == Step::end;
}

bool MessageReader::read_property(Property property, std::string_view name) {
    auto& scanner = in_.scanner();
    switch (property) {
        case Property::type:
            return in_.read_int32(name, type_);
        case Property::invocation_id:
            return in_.read_text(name, message_.invocation_id);
        case Property::target:
            return in_.read_text(name, message_.target);
        case Property::error:
            message_.has_error = true;
            return in_.read_text(name, message_.error);
        case Property::allow_reconnect:
            return in_.read_boolean(name, message_.allow_reconnect);
        case Property::sequence_id:
            return in_.read_int64(name, message_.sequence_id);
        case Property::item:
            return scanner.skip_value(kValueDepthMax, item_);
        case Property::result:
            return scanner.skip_value(kValueDepthMax, result_);
        case Property::arguments:
            return read_arguments();
        case Property::stream_ids:
            return read_stream_ids();
        case Property::headers:
            return read_headers();
        case Property::other:
            break;
    }
    return scanner.skip_value(kValueDepthMax);
}

bool MessageReader::read_arguments() {
    auto& scanner = in_.scanner();
    if (!scanner.take('[')) {
        return scanner.skip_value(kValueDepthMax) &&
               in_.fail("Expected 'arguments' to be of type Array.");
    }
    auto step = scanner.first_element();
    for (; step == Step::item; step = scanner.next_element()) {
        std::string_view raw;
        if (!scanner.skip_value(kArgumentDepthMax, raw)) {
            return false;
        }
        message_.arguments.push_back(raw);
    }
    return step == Step::end;
}

bool MessageReader::read_stream_ids() {
    auto& scanner = in_.scanner();
    if (!scanner.take('[')) {
        return scanner.skip_value(kValueDepthMax) &&
               in_.fail("Expected 'streamIds' to be of type Array.");
    }
    auto step = scanner.first_element();
    for (; step == Step::item; step = scanner.next_element()) {
        const char first = scanner.peek();
        if (first != '"') {
            return scanner.skip_value(kArgumentDepthMax) && refuse_stream_id(first);
        }
        if (!in_.read_text("streamIds", message_.stream_ids.emplace_back())) {
            return false;
        }
    }
    return step == Step::end;
}

bool MessageReader::refuse_stream_id(char first) {
    if (first == 'n') {
        return in_.fail("Null value for 'streamIds' is not valid.");
    }
    const std::string_view type = first == '{'   ? "StartObject"
                                  : first == '[' ? "StartArray"
                                  : first == 't' ? "True"
                                  : first == 'f' ? "False"
                                                 : "Number";
    return in_.fail("Cannot get the value of a token type '" + std::string(type) + "' as a string.",
                    "InvalidOperationException");
}

bool MessageReader::read_headers() {
    auto& scanner = in_.scanner();
    scanner.peek();  // over white space
    const char* const begin = scanner.position();
    if (!scanner.take('{')) {
        return scanner.skip_value(kValueDepthMax) &&
               in_.fail("Expected 'headers' to be of type StartObject.");
    }
    std::string_view name;
    auto step = in_.first_property(name);
    const bool any = step == Step::item;
    for (; step == Step::item; step = in_.next_property(name)) {
        if (scanner.peek() != '"') {
            return scanner.skip_value(kArgumentDepthMax) &&
                   in_.fail("Expected header '" + std::string(name) + "' to be of type String.");
        }
        JsonString value;
        if (!scanner.read_string(value) || !in_.check(value)) {
            return false;
        }
    }
    if (any) {
        message_.headers = {begin, static_cast<std::size_t>(scanner.position() - begin)};
    }
    return step == Step::end;
}

bool MessageReader::require(bool present, std::string_view name) {
    return present || in_.fail("Missing required property '" + std::string(name) + "'.");
}

bool MessageReader::complete() {
    constexpr auto kTypeMax = static_cast<std::int64_t>(MessageType::sequence);
    if (!require(has(Property::type), "type")) {
        return false;
    }
    message_.type =
        type_ >= 0 && type_ <= kTypeMax ? static_cast<MessageType>(type_) : MessageType::unknown;
    const bool has_id = !message_.invocation_id.empty();
    switch (message_.type) {
        case MessageType::invocation:
            return require(has(Property::target), "target") &&
                   require(has(Property::arguments), "arguments");
        case MessageType::stream_invocation:
            return require(has(Property::target), "target") && require(has_id, "invocationId") &&
                   require(has(Property::arguments), "arguments");
        case MessageType::stream_item:
            message_.value = item_;
            return require(has_id, "invocationId") && require(has(Property::item), "item");
        case MessageType::completion:
            message_.value = result_;
            if (!require(has_id, "invocationId")) {
                return false;
            }
            return !(message_.has_error && has(Property::result)) ||
                   in_.fail("The 'error' and 'result' properties are mutually exclusive.");
        case MessageType::cancel_invocation:
            return require(has_id, "invocationId");
        case MessageType::ack:
        case MessageType::sequence:
            return require(has(Property::sequence_id), "sequenceId");
        case MessageType::unknown:
        case MessageType::ping:
        case MessageType::close:
            break;
    }
    return true;
}

void append_id(std::string& out, std::string_view head, std::string_view id) {
    out += head;
    append_json_string(out, id);
}

}  // namespace

Result<void, ProtocolError> parse_json_message(std::string_view record, HubMessage& message) {
    message.clear();
    MessageReader reader(record, message);
    if (!reader.read()) {
        return Failure{reader.error()};
    }
    return {};
}

void append_json_invocation(std::string& out, std::string_view target,
                            std::string_view raw_arguments) {
    out += R"({"type":1,"target":)";
    append_json_string(out, target);
    out += R"(,"arguments":[)";
    out += raw_arguments;
    out += "]}\x1e";
}

void append_json_client_result_request(std::string& out, std::string_view id,
                                       std::string_view target, std::string_view raw_arguments) {
    append_id(out, R"({"type":1,"invocationId":)", id);
    out += R"(,"target":)";
    append_json_string(out, target);
    out += R"(,"arguments":[)";
    out += raw_arguments;
    out += "]}\x1e";
}

void append_json_stream_item(std::string& out, std::string_view id, std::string_view raw_item) {
    append_id(out, R"({"type":2,"invocationId":)", id);
    out += R"(,"item":)";
    out += raw_item;
    out += "}\x1e";
}

void append_json_completion(std::string& out, std::string_view id) {
    append_id(out, R"({"type":3,"invocationId":)", id);
    out += "}\x1e";
}

void append_json_completion_result(std::string& out, std::string_view id,
                                   std::string_view raw_result) {
    append_id(out, R"({"type":3,"invocationId":)", id);
    out += R"(,"result":)";
    out += raw_result;
    out += "}\x1e";
}

void append_json_completion_error(std::string& out, std::string_view id, std::string_view error) {
    append_id(out, R"({"type":3,"invocationId":)", id);
    out += R"(,"error":)";
    append_json_string(out, error);
    out += "}\x1e";
}

void append_json_close(std::string& out, std::string_view error, bool allow_reconnect) {
    out += R"({"type":7)";
    if (!error.empty()) {
        out += R"(,"error":)";
        append_json_string(out, error);
    }
    if (allow_reconnect) {
        out += R"(,"allowReconnect":true)";
    }
    out += "}\x1e";
}

namespace {

void append_sequence_id(std::string& out, MessageType type, std::int64_t sequence_id) {
    out += R"({"type":)";
    out += std::to_string(static_cast<int>(type));
    out += R"(,"sequenceId":)";
    out += std::to_string(sequence_id);
    out += "}\x1e";
}

class JsonHubProtocol final : public HubProtocol {
public:
    constexpr explicit JsonHubProtocol(NamingRule naming) : naming_(naming) {}

    Encoding encoding() const override { return Encoding::json; }

    std::unique_ptr<MessageSplitter> make_splitter(std::size_t record_bytes_max) const override {
        return std::make_unique<RecordSplitter>(record_bytes_max);
    }
    Result<void, ProtocolError> parse(std::string_view record, HubMessage& message) const override {
        return parse_json_message(record, message);
    }
    std::unique_ptr<ValueWriter> make_writer(std::string& out) const override {
        return make_json_value_writer(out, naming_);
    }
    std::unique_ptr<ValueReader> make_reader(std::string_view raw) const override {
        return make_json_value_reader(raw);
    }

    void append_invocation(std::string& out, MessageType type, std::string_view id,
                           std::string_view target, std::string_view raw_arguments,
                           std::size_t /*count*/,
                           const std::vector<std::string>& stream_ids) const override {
        out += type == MessageType::stream_invocation ? R"({"type":4)" : R"({"type":1)";
        if (!id.empty()) {
            append_id(out, R"(,"invocationId":)", id);
        }
        out += R"(,"target":)";
        append_json_string(out, target);
        out += R"(,"arguments":[)";
        out += raw_arguments;
        out.push_back(']');
        const char* separator = R"(,"streamIds":[)";
        for (const auto& stream_id : stream_ids) {
            append_id(out, separator, stream_id);
            separator = ",";
        }
        out += stream_ids.empty() ? "}\x1e" : "]}\x1e";
    }
    void append_stream_item(std::string& out, std::string_view id,
                            std::string_view raw_item) const override {
        append_json_stream_item(out, id, raw_item);
    }
    void append_completion(std::string& out, std::string_view id) const override {
        append_json_completion(out, id);
    }
    void append_completion_result(std::string& out, std::string_view id,
                                  std::string_view raw_result) const override {
        append_json_completion_result(out, id, raw_result);
    }
    void append_completion_error(std::string& out, std::string_view id,
                                 std::string_view error) const override {
        append_json_completion_error(out, id, error);
    }
    void append_cancel(std::string& out, std::string_view id) const override {
        append_id(out, R"({"type":5,"invocationId":)", id);
        out += "}\x1e";
    }
    void append_close(std::string& out, std::string_view error,
                      bool allow_reconnect) const override {
        append_json_close(out, error, allow_reconnect);
    }
    void append_ack(std::string& out, std::int64_t sequence_id) const override {
        append_sequence_id(out, MessageType::ack, sequence_id);
    }
    void append_sequence(std::string& out, std::int64_t sequence_id) const override {
        append_sequence_id(out, MessageType::sequence, sequence_id);
    }
    std::string_view ping() const override { return kJsonPing; }
    std::string_view null_value() const override { return "null"; }

private:
    NamingRule naming_;
};

}  // namespace

const HubProtocol& json_hub_protocol(NamingRule naming) {
    static const JsonHubProtocol camel_case(NamingRule::camel_case);
    static const JsonHubProtocol unchanged(NamingRule::unchanged);
    return naming == NamingRule::camel_case ? camel_case : unchanged;
}

}  // namespace hubtrail::protocol
