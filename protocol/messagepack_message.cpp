#include "protocol/messagepack_message.h"

#include <limits>
#include <string>
#include <utility>

#include "protocol/messagepack_scanner.h"

namespace hubtrail::protocol {
namespace {

using Kind = MessagePackToken::Kind;

// The record is depth 1, the array of arguments depth 2.
constexpr std::size_t kValueDepthMax = MessagePackScanner::kMessagePackDepthMax - 1;
constexpr std::size_t kArgumentDepthMax = MessagePackScanner::kMessagePackDepthMax - 2;

constexpr std::int64_t kErrorResult = 1;
constexpr std::int64_t kVoidResult = 2;
constexpr std::int64_t kValueResult = 3;

/// Reads the items of a record's array one after another, with the reference's error texts.
class MessageReader {
public:
    MessageReader(std::string_view record, HubMessage& message) : in_(record), message_(message) {}

    bool read();
    ProtocolError error() const {
        return {
            in_.problem() != nullptr ? ProtocolErrc::bad_messagepack : ProtocolErrc::bad_message,
            detail_};
    }

private:
    bool read_message(std::size_t item_count);
    bool read_invocation(std::string_view message_name, std::size_t item_count);
    bool read_stream_item();
    bool read_completion();
    bool read_close(std::size_t item_count);
    bool read_headers();
    bool read_header_text(std::size_t index, std::string_view part, std::string_view what);
    bool read_required_id(std::string_view message_name);
    bool read_arguments();
    bool read_stream_ids();
    bool finish(std::size_t item_count);

    // Each takes the next token; `field` only serves the error's text.
    bool read_count(Kind kind, std::string_view head, std::string_view field, std::size_t& count);
    bool read_nullable_text(std::string_view field, std::string_view& text);
    bool read_integer(std::string_view field, std::string_view type_name, std::int64_t min,
                      std::int64_t max, std::int64_t& value);
    bool read_int32(std::string_view field, std::int64_t& value);
    bool read_sequence_id();

    bool fail(std::string_view head, std::string_view field, std::string_view tail);
    bool fail_empty(std::string_view what, std::string_view message_name = {});

    MessagePackScanner in_;
    HubMessage& message_;
    MessagePackToken token_;
    std::size_t items_read_ = 1;  // of the record's array; the type is always read
    std::string detail_;
};

bool MessageReader::fail(std::string_view head, std::string_view field, std::string_view tail) {
    if (detail_.empty()) {
        detail_.append(head).append(field).append(tail);
    }
    return false;
}

bool MessageReader::fail_empty(std::string_view what, std::string_view message_name) {
    std::string text(what);
    if (!message_name.empty()) {
        text.append(" ").append(message_name).append(" message");
    }
    return fail("Null or empty ", text, ".");
}

bool MessageReader::read_count(Kind kind, std::string_view head, std::string_view field,
                               std::size_t& count) {
    if (!in_.next(token_) || token_.kind != kind) {
        return fail(head, field, "' failed.");
    }
    count = token_.count;
    return true;
}

// Nil reads as an empty text; token_ tells which it was.
bool MessageReader::read_nullable_text(std::string_view field, std::string_view& text) {
    if (!in_.next(token_) || (token_.kind != Kind::string && token_.kind != Kind::nil)) {
        return fail("Reading '", field, "' as String failed.");
    }
    text = token_.kind == Kind::string ? token_.bytes : std::string_view{};
    return true;
}

bool MessageReader::read_integer(std::string_view field, std::string_view type_name,
                                 std::int64_t min, std::int64_t max, std::int64_t& value) {
    if (in_.next(token_)) {
        value = static_cast<std::int64_t>(token_.integer);
        if ((token_.kind == Kind::negative_integer && value >= min) ||
            (token_.kind == Kind::unsigned_integer &&
             token_.integer <= static_cast<std::uint64_t>(max))) {
            return true;
        }
    }
    std::string tail("' as ");
    tail.append(type_name).append(" failed.");
    return fail("Reading '", field, tail);
}

bool MessageReader::read_int32(std::string_view field, std::int64_t& value) {
    using Limits = std::numeric_limits<std::int32_t>;
    return read_integer(field, "Int32", Limits::min(), Limits::max(), value);
}

bool MessageReader::read_sequence_id() {
    using Limits = std::numeric_limits<std::int64_t>;
    items_read_ = 2;
    return read_integer("sequenceId", "Int64", Limits::min(), Limits::max(), message_.sequence_id);
}

bool MessageReader::read() {
    constexpr auto kTypeMax = static_cast<std::int64_t>(MessageType::sequence);
    std::size_t item_count = 0;
    std::int64_t type = 0;
    if (!read_count(Kind::array, "Reading array length for '", "message", item_count) ||
        !read_int32("messageType", type)) {
        return false;
    }
    message_.type =
        type >= 0 && type <= kTypeMax ? static_cast<MessageType>(type) : MessageType::unknown;
    return read_message(item_count) && finish(item_count);
}

bool MessageReader::read_message(std::size_t item_count) {
    switch (message_.type) {
        case MessageType::invocation:
            return read_invocation("Invocation", item_count);
        case MessageType::stream_invocation:
            return read_invocation("StreamInvocation", item_count);
        case MessageType::stream_item:
            return read_stream_item();
        case MessageType::completion:
            return read_completion();
        case MessageType::cancel_invocation:
            items_read_ = 3;
            return read_headers() && read_required_id("CancelInvocation");
        case MessageType::close:
            return read_close(item_count);
        case MessageType::ack:
        case MessageType::sequence:
            return read_sequence_id();
        case MessageType::ping:
        case MessageType::unknown:
            break;
    }
    return true;
}

bool MessageReader::read_invocation(std::string_view message_name, std::size_t item_count) {
    std::string_view id;
    std::string_view target;
    if (!read_headers() || !read_nullable_text("invocationId", id)) {
        return false;
    }
    if (id.empty() && message_.type == MessageType::stream_invocation) {
        return fail_empty("invocation ID for", message_name);
    }
    message_.invocation_id.assign(id);
    if (!read_nullable_text("target", target)) {
        return false;
    }
    if (target.empty()) {
        return fail_empty("target for", message_name);
    }
    message_.target.assign(target);
    items_read_ = 5;
    if (!read_arguments()) {
        return false;
    }
    // Older clients, and newer ones without streams, leave the sixth item out.
    if (item_count <= items_read_) {
        return true;
    }
    items_read_ = 6;
    return read_stream_ids();
}

bool MessageReader::read_stream_item() {
    items_read_ = 4;
    return read_headers() && read_required_id("StreamItem") &&
           (in_.skip_value(kValueDepthMax, message_.value) ||
            fail("Reading '", "item", "' failed."));
}

bool MessageReader::read_completion() {
    std::int64_t kind = 0;
    if (!read_headers() || !read_required_id("Completion") || !read_int32("resultKind", kind)) {
        return false;
    }
    items_read_ = 5;
    switch (kind) {
        case kErrorResult: {
            std::string_view error;
            if (!read_nullable_text("error", error)) {
                return false;
            }
            message_.has_error = token_.kind == Kind::string;
            message_.error.assign(error);
            return true;
        }
        case kVoidResult:
            items_read_ = 4;
            return true;
        case kValueResult:
            return in_.skip_value(kValueDepthMax, message_.value) ||
                   fail("Reading '", "argument", "' failed.");
        default:
            return fail("Invalid invocation result kind.", {}, {});
    }
}

bool MessageReader::read_close(std::size_t item_count) {
    std::string_view error;
    if (!read_nullable_text("error", error)) {
        return false;
    }
    message_.has_error = token_.kind == Kind::string;
    message_.error.assign(error);
    items_read_ = 2;
    if (item_count <= items_read_) {
        return true;
    }
    items_read_ = 3;
    if (!in_.next(token_) || token_.kind != Kind::boolean) {
        return fail("Reading '", "allowReconnect", "' as Boolean failed.");
    }
    message_.allow_reconnect = token_.boolean;
    return true;
}

bool MessageReader::read_header_text(std::size_t index, std::string_view part,
                                     std::string_view what) {
    if (!in_.next(token_) || (token_.kind != Kind::string && token_.kind != Kind::nil)) {
        std::string field = "headers[" + std::to_string(index) + "].";
        field += part;
        return fail("Reading '", field, "' as String failed.");
    }
    return (token_.kind == Kind::string && !token_.bytes.empty()) || fail_empty(what);
}

bool MessageReader::read_headers() {
    const char* const begin = in_.position();
    std::size_t count = 0;
    if (!read_count(Kind::map, "Reading map length for '", "headers", count)) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (!read_header_text(i, "Key", "key in header") ||
            !read_header_text(i, "Value", "value in header")) {
            return false;
        }
    }
    if (count != 0) {
        message_.headers = {begin, static_cast<std::size_t>(in_.position() - begin)};
    }
    return true;
}

bool MessageReader::read_required_id(std::string_view message_name) {
    std::string_view id;
    if (!read_nullable_text("invocationId", id)) {
        return false;
    }
    if (id.empty()) {
        return fail_empty("invocation ID for", message_name);
    }
    message_.invocation_id.assign(id);
    return true;
}

bool MessageReader::read_arguments() {
    std::size_t count = 0;
    if (!read_count(Kind::array, "Reading array length for '", "arguments", count)) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        std::string_view raw;
        if (!in_.skip_value(kArgumentDepthMax, raw)) {
            return fail("Reading '", "argument", "' failed.");
        }
        message_.arguments.push_back(raw);
    }
    return true;
}

bool MessageReader::read_stream_ids() {
    std::size_t count = 0;
    if (!read_count(Kind::array, "Reading array length for '", "streamIds", count)) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        std::string_view id;
        if (!read_nullable_text("streamIds", id)) {
            return false;
        }
        if (id.empty()) {
            return fail_empty("value in streamIds received");
        }
        message_.stream_ids.emplace_back(id);
    }
    return true;
}

// Items that a later version may add are skipped; a record is one value and nothing after it.
bool MessageReader::finish(std::size_t item_count) {
    for (auto item = items_read_; item < item_count; ++item) {
        if (!in_.skip_value(kValueDepthMax)) {
            return fail("Reading '", "message", "' failed.");
        }
    }
    if (item_count >= items_read_ && in_.at_end()) {
        return true;
    }
    return fail("The message is not one array of its length.", {}, {});
}

}  // namespace

Result<void, ProtocolError> parse_messagepack_message(std::string_view record,
                                                      HubMessage& message) {
    message.clear();
    MessageReader reader(record, message);
    if (!reader.read()) {
        return Failure{reader.error()};
    }
    return {};
}

}  // namespace hubtrail::protocol
