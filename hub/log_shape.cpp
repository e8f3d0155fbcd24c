#include "hub/log_shape.h"

#include "protocol/json.h"
#include "protocol/json_hub_protocol.h"
#include "storage/position.h"

namespace hubtrail::hub {
namespace {

void append_item_head(std::string& out, std::string_view stream_id, std::string_view kind) {
    out += R"({"type":2,"invocationId":)";
    protocol::append_json_string(out, stream_id);
    out += R"(,"item":{"k":")";
    out += kind;
    out += '"';
}

void append_item_end(std::string& out) {
    out += "}}";
    out.push_back(protocol::kRecordSeparator);
}

void append_cursor_item(std::string& out, std::string_view stream_id, std::string_view kind,
                        std::string_view cursor) {
    append_item_head(out, stream_id, kind);
    out += ",\"cursor\":\"";
    out += cursor;
    out += '"';
    append_item_end(out);
}

}  // namespace

void EncodedEvent::reset(const protocol::LogEvent& event) {
    event_ = &event;
    cursor_.clear();
    json_.clear();
    message_.clear();
}

std::string_view EncodedEvent::cursor() {
    if (cursor_.empty()) {
        codec_.append(cursor_, tenant_hash_, storage::event_cursor(epoch_, *event_));
    }
    return cursor_;
}

std::string_view EncodedEvent::json() {
    if (json_.empty()) {
        protocol::append_event_json(json_, *event_, cursor());
    }
    return json_;
}

std::string_view EncodedEvent::message(std::string_view method) {
    if (message_.empty() || message_method_ != method) {
        message_method_ = method;
        message_ = R"({"type":1,"target":)";
        protocol::append_json_string(message_, method);
        message_ += R"(,"arguments":[")";
        protocol::append_event_json_escaped(message_, *event_, cursor());
        message_ += "\"]}";
        message_.push_back(protocol::kRecordSeparator);
    }
    return message_;
}

void append_batch_begin(std::string& out, std::string_view stream_id, std::uint32_t epoch,
                        std::int64_t from, std::int64_t to, std::string_view cursor) {
    append_item_head(out, stream_id, "batch");
    out += ",\"epoch\":";
    out += std::to_string(epoch);
    out += ",\"from\":";
    out += std::to_string(from);
    out += ",\"to\":";
    out += std::to_string(to);
    out += ",\"cursor\":\"";
    out += cursor;
    out += "\",\"items\":[";
}

void append_batch_end(std::string& out) {
    out.push_back(']');
    append_item_end(out);
}

void append_live(std::string& out, std::string_view stream_id, std::string_view cursor) {
    append_cursor_item(out, stream_id, "live", cursor);
}

void append_heartbeat(std::string& out, std::string_view stream_id, std::string_view cursor) {
    append_cursor_item(out, stream_id, "hb", cursor);
}

void append_reset(std::string& out, std::string_view stream_id, std::string_view reason,
                  std::string_view oldest, std::string_view latest, std::int64_t lost_at_least) {
    append_item_head(out, stream_id, "reset");
    out += ",\"reason\":\"";
    out += reason;
    out += "\",\"oldest\":\"";
    out += oldest;
    out += "\",\"latest\":\"";
    out += latest;
    out += "\",\"lost_at_least\":";
    out += std::to_string(lost_at_least);
    append_item_end(out);
}

}  // namespace hubtrail::hub
