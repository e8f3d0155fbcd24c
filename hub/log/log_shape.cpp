#include "hub/log/log_shape.h"

#include <utility>

#include "base/check.h"
#include "protocol/json_bridge.h"
#include "storage/position.h"

namespace hubtrail::hub {
namespace {

void append_member(protocol::ValueWriter& out, std::string_view name, std::string_view text) {
    out.key(name);
    out.string(text);
}

void append_member(protocol::ValueWriter& out, std::string_view name, std::int64_t number) {
    out.key(name);
    out.integer(number);
}

}  // namespace

void LogEncoder::turn_to(const protocol::LogEvent& event, std::uint32_t tenant_hash,
                         std::uint32_t epoch, std::uint64_t serial) {
    event_ = &event;
    if (std::exchange(serial_, serial) == serial && serial != 0) {
        return;
    }
    tenant_hash_ = tenant_hash;
    epoch_ = epoch;
    cursor_.clear();
    json_.clear();
    for (const auto& encoding : encodings_) {
        encoding->item.clear();
        encoding->message.clear();
    }
}

std::string_view LogEncoder::cursor() {
    if (cursor_.empty()) {
        codec_.append(cursor_, tenant_hash_, storage::event_cursor(epoch_, *event_));
    }
    return cursor_;
}

std::string_view LogEncoder::head_text(std::uint32_t tenant_hash, const protocol::Cursor& head) {
    if (head_text_.empty() || head_hash_ != tenant_hash || !(head_ == head)) {
        head_ = head;
        head_hash_ = tenant_hash;
        head_text_.clear();
        codec_.append(head_text_, tenant_hash, head);
    }
    return head_text_;
}

std::string_view LogEncoder::json() {
    if (json_.empty()) {
        protocol::append_event_json(json_, *event_, cursor());
    }
    return json_;
}

LogEncoder::Encoding& LogEncoder::encoding(const protocol::HubProtocol& protocol) {
    for (const auto& encoding : encodings_) {
        if (&encoding->protocol == &protocol) {
            return *encoding;
        }
    }
    return *encodings_.emplace_back(std::make_unique<Encoding>(protocol));
}

protocol::ValueWriter& LogEncoder::begin(Encoding& encoding) {
    encoding.raw.clear();
    encoding.writer->reset();
    return *encoding.writer;
}

void LogEncoder::append_item(std::string& items, const protocol::HubProtocol& protocol) {
    if (protocol.encoding() == protocol::Encoding::json) {
        if (!items.empty()) {
            items += ',';
        }
        items += json();
        return;
    }
    auto& made = encoding(protocol);
    if (made.item.empty()) {
        const bool good = protocol::write_json(begin(made), json());
        HUBTRAIL_CHECK(good, "the event of a log is JSON");
        made.item.swap(made.raw);
    }
    items += made.item;
}

std::string_view LogEncoder::message(const LogShape& shape) {
    auto& made = encoding(*shape.protocol);
    if (!made.message.empty() && made.message_method == shape.name) {
        return made.message;
    }
    auto& writer = begin(made);
    if (shape.protocol->encoding() == protocol::Encoding::messagepack) {
        writer.string(json());
    } else {
        // Escaped while it is made: a second pass over the event would cost more than the rest of
        // the record.
        made.raw += '"';
        protocol::append_event_json_escaped(made.raw, *event_, cursor());
        made.raw += '"';
    }
    made.message.clear();
    made.message_method = shape.name;
    shape.protocol->append_invocation(made.message, protocol::MessageType::invocation, {},
                                      shape.name, made.raw, 1);
    return made.message;
}

void LogEncoder::append_batch(std::string& out, const LogShape& shape, std::uint32_t tenant_hash,
                              std::int64_t from, const protocol::Cursor& to, std::string_view items,
                              std::size_t count) {
    auto& made = encoding(*shape.protocol);
    auto& writer = begin(made);
    writer.begin_object(6);
    append_member(writer, "k", "batch");
    append_member(writer, "epoch", to.epoch);
    append_member(writer, "from", from);
    append_member(writer, "to", to.pos);
    append_member(writer, "cursor", head_text(tenant_hash, to));
    writer.key("items");
    writer.begin_array(count);
    if (count > 0) {
        writer.raw(items);
    }
    writer.end_array();
    writer.end_object();
    shape.protocol->append_stream_item(out, shape.name, made.raw);
}

void LogEncoder::append_cursor_item(std::string& out, const LogShape& shape, std::string_view kind,
                                    std::string_view cursor) {
    auto& made = encoding(*shape.protocol);
    auto& writer = begin(made);
    writer.begin_object(2);
    append_member(writer, "k", kind);
    append_member(writer, "cursor", cursor);
    writer.end_object();
    shape.protocol->append_stream_item(out, shape.name, made.raw);
}

void LogEncoder::append_live(std::string& out, const LogShape& shape, std::uint32_t tenant_hash,
                             const protocol::Cursor& head) {
    append_cursor_item(out, shape, "live", head_text(tenant_hash, head));
}

void LogEncoder::append_heartbeat(std::string& out, const LogShape& shape,
                                  std::uint32_t tenant_hash, const protocol::Cursor& head) {
    append_cursor_item(out, shape, "hb", head_text(tenant_hash, head));
}

void append_reset(std::string& out, const protocol::HubProtocol& protocol,
                  std::string_view stream_id, std::string_view reason, std::string_view oldest,
                  std::string_view latest, std::int64_t lost_at_least) {
    std::string raw;
    const auto writer = protocol.make_writer(raw);
    writer->begin_object(5);
    append_member(*writer, "k", "reset");
    append_member(*writer, "reason", reason);
    append_member(*writer, "oldest", oldest);
    append_member(*writer, "latest", latest);
    append_member(*writer, "lost_at_least", lost_at_least);
    writer->end_object();
    protocol.append_stream_item(out, stream_id, raw);
}

}  // namespace hubtrail::hub
