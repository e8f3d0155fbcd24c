#pragma once
// What the targets of both hub protocols have in common.
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "protocol/hub_protocol.h"

namespace hubtrail::protocol {

/// Copies one value through the reader and the writer. False: the reader refused it.
inline bool copy_value(const HubProtocol& from, std::string_view raw, ValueWriter& to) {
    using Kind = ValueReader::Kind;
    using Step = ValueReader::Step;
    const auto reader = from.make_reader(raw);
    const auto kind = reader->peek();
    if (kind == Kind::array || kind == Kind::object) {
        std::vector<std::string> names;
        std::vector<std::string_view> values;
        std::string name;
        const auto next = [&] {
            return kind == Kind::array ? reader->next_element() : reader->next_member(name);
        };
        if (!(kind == Kind::array ? reader->begin_array() : reader->begin_object())) {
            return false;
        }
        auto step = next();
        for (; step == Step::item; step = next()) {
            names.push_back(name);
            if (!reader->read_raw(values.emplace_back())) {
                return false;
            }
        }
        if (step == Step::error) {
            HUBTRAIL_CHECK(reader->problem() != nullptr, "a mistake has a reason");
            return false;
        }
        kind == Kind::array ? to.begin_array(values.size()) : to.begin_object(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (kind == Kind::object) {
                to.key(names[i]);
            }
            if (!copy_value(from, values[i], to)) {
                return false;
            }
        }
        kind == Kind::array ? to.end_array() : to.end_object();
        return true;
    }
    bool truth = false;
    std::int64_t whole = 0;
    std::uint64_t natural = 0;
    double number = 0;
    std::string text;
    Timestamp time;
    switch (kind) {
        case Kind::null:
            HUBTRAIL_CHECK(reader->take_null(), "a null is taken");
            to.null();
            return true;
        case Kind::boolean:
            return reader->read_boolean(truth) && (to.boolean(truth), true);
        case Kind::integer:
            if (reader->read_integer(whole)) {
                return to.integer(whole), true;
            }
            HUBTRAIL_CHECK(reader->problem() != nullptr, "a mistake has a reason");
            reader->reset(raw);
            if (reader->read_unsigned(natural)) {
                return to.unsigned_integer(natural), true;
            }
            return false;
        case Kind::number:
            return reader->read_number(number) && (to.number(number), true);
        case Kind::string:
            return reader->read_string(text) && (to.string(text), true);
        case Kind::binary:
            return reader->read_binary(text) && (to.binary(text), true);
        case Kind::timestamp:
            return reader->read_timestamp(time) && (to.timestamp(time), true);
        default:
            return false;
    }
}

/// The value of a good message: what the reader and writer make of it is stable, and good in both
/// encodings.
inline void check_value(const HubProtocol& protocol, std::string_view raw) {
    const auto copy = [](const HubProtocol& from, std::string_view value, const HubProtocol& to) {
        std::string out;
        HUBTRAIL_CHECK(copy_value(from, value, *to.make_writer(out)), "what we wrote is read");
        return out;
    };
    std::string first;
    if (!copy_value(protocol, raw, *protocol.make_writer(first))) {
        return;
    }
    // -0.0 settles only in the second copy: JSON's `-0` is an integer.
    const auto second = copy(protocol, first, protocol);
    HUBTRAIL_CHECK(copy(protocol, second, protocol) == second, "a copy of a copy is the same");
    const HubProtocol& other = protocol.binary() ? json_hub_protocol() : messagepack_hub_protocol();
    const auto foreign = copy(other, copy(protocol, second, other), other);
    HUBTRAIL_CHECK(copy(other, foreign, other) == foreign, "and in the other encoding");
}

/// Everything that a message says, by its type.
inline std::string describe(const HubMessage& message) {
    std::string text = std::to_string(static_cast<int>(message.type)) + '|' + message.invocation_id;
    switch (message.type) {
        case MessageType::invocation:
        case MessageType::stream_invocation:
            text += '|' + message.target;
            for (const auto argument : message.arguments) {
                text.append("|").append(argument);
            }
            for (const auto& id : message.stream_ids) {
                text += "|s" + id;
            }
            return text;
        case MessageType::stream_item:
        case MessageType::completion:
            text.append("|").append(message.value);
            return text + (message.has_error ? "e" : "-") + message.error;
        case MessageType::cancel_invocation:
            return text;
        case MessageType::close:
            return (message.allow_reconnect ? "r" : "-") + message.error;
        case MessageType::ack:
        case MessageType::sequence:
            return "n" + std::to_string(message.sequence_id);
        default:
            return {};
    }
}

inline void append_message(const HubProtocol& protocol, const HubMessage& message,
                           std::string& out) {
    const auto& id = message.invocation_id;
    std::string arguments;
    switch (message.type) {
        case MessageType::invocation:
        case MessageType::stream_invocation: {
            const auto writer = protocol.make_writer(arguments);
            for (const auto argument : message.arguments) {
                writer->raw(argument);
            }
            return protocol.append_invocation(out, message.type, id, message.target, arguments,
                                              writer->count(), message.stream_ids);
        }
        case MessageType::stream_item:
            return protocol.append_stream_item(out, id, message.value);
        case MessageType::completion:
            return message.has_error ? protocol.append_completion_error(out, id, message.error)
                   : message.value.empty()
                       ? protocol.append_completion(out, id)
                       : protocol.append_completion_result(out, id, message.value);
        case MessageType::cancel_invocation:
            return protocol.append_cancel(out, id);
        case MessageType::close:
            return protocol.append_close(out, message.error, message.allow_reconnect);
        case MessageType::ack:
            return protocol.append_ack(out, message.sequence_id);
        case MessageType::sequence:
            return protocol.append_sequence(out, message.sequence_id);
        default:
            out += protocol.ping();
    }
}

/// A message that was parsed can be written, and reads back as the same one.
inline void check_message(const HubProtocol& protocol, const HubMessage& message) {
    std::string out;
    append_message(protocol, message, out);
    const auto splitter = protocol.make_splitter(0);
    splitter->feed(out);
    const auto record = splitter->next();
    HUBTRAIL_CHECK(record && *record, "what we wrote is one record");
    HubMessage again;
    HUBTRAIL_CHECK(protocol.parse(**record, again), "what we wrote is a message");
    HUBTRAIL_CHECK(describe(message) == describe(again), "and the same one");
    for (const auto argument : message.arguments) {
        check_value(protocol, argument);
    }
    if (!message.value.empty()) {
        check_value(protocol, message.value);
    }
}

/// Splits and parses the bytes in pieces of `step`, 0: all at once. The answer tells all that was
/// seen.
inline std::string run_stream(const HubProtocol& protocol, std::string_view bytes, std::size_t step,
                              std::size_t record_bytes_max) {
    const auto splitter = protocol.make_splitter(record_bytes_max);
    std::string seen;
    HubMessage message;
    while (!bytes.empty()) {
        // A copy that dies at once: no view may outlive it.
        const std::string piece(bytes.substr(0, step == 0 ? bytes.size() : step));
        bytes.remove_prefix(piece.size());
        splitter->feed(piece);
        for (;;) {
            const auto record = splitter->next();
            if (!record) {
                return seen + "!" + record.error().detail;
            }
            if (!*record) {
                break;
            }
            HUBTRAIL_CHECK((*record)->size() <= record_bytes_max, "the limit holds");
            if (const auto parsed = protocol.parse(**record, message); !parsed) {
                HUBTRAIL_CHECK(!parsed.error().detail.empty(), "an error says why");
                seen += "?" + parsed.error().detail;
                continue;
            }
            seen += describe(message) + '\n';
            if (step == 0) {
                check_message(protocol, message);
            }
        }
    }
    return seen + (splitter->has_partial_record() ? "+" : ".");
}

inline void check_stream(const HubProtocol& protocol, const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kRecordBytesMax = 1000;
    if (size == 0) {
        return;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = run_stream(protocol, bytes, 0, kRecordBytesMax);
    HUBTRAIL_CHECK(run_stream(protocol, bytes, 1, kRecordBytesMax) == whole, "byte by byte");
    HUBTRAIL_CHECK(run_stream(protocol, bytes, 2U + data[0], kRecordBytesMax) == whole,
                   "in pieces");
}

}  // namespace hubtrail::protocol
