#include "hub/connection/record_output.h"

#include <string>

namespace hubtrail::hub {

using protocol::HubProtocol;

void RecordOutput::connect(transport::Connection& connection) {
    connection_ = &connection;
    loop_ = &connection.loop();
}

void RecordOutput::start(const HubProtocol& protocol) {
    protocol_ = &protocol;
    open_ = true;
}

template <typename Append>
void RecordOutput::write(std::uint32_t counted, Append&& append) {
    if (open_) {
        scratch_.out.clear();
        append(scratch_.out);
        connection_->send(scratch_.out, counted);
    }
}

void RecordOutput::send(std::string_view records, std::uint32_t counted) {
    if (open_) {
        connection_->send(records, counted);
    }
}

void RecordOutput::result(std::string_view id, std::string_view raw_result) {
    if (!id.empty()) {
        write(1, [&](auto& out) { protocol_->append_completion_result(out, id, raw_result); });
    }
}

void RecordOutput::error(std::string_view id, std::string_view text) {
    if (!id.empty()) {
        write(1, [&](auto& out) { protocol_->append_completion_error(out, id, text); });
    }
}

void RecordOutput::item(std::string_view stream_id, std::string_view raw_item) {
    write(1, [&](auto& out) { protocol_->append_stream_item(out, stream_id, raw_item); });
}

void RecordOutput::end_of_stream(std::string_view id) {
    write(1, [&](auto& out) { protocol_->append_completion(out, id); });
}

void RecordOutput::invocation(std::string_view id, std::string_view target,
                              std::string_view raw_arguments, std::size_t count) {
    write(1, [&](auto& out) {
        protocol_->append_invocation(out, protocol::MessageType::invocation, id, target,
                                     raw_arguments, count);
    });
}

void RecordOutput::ping() {
    send(protocol_->ping(), 0);
}

void RecordOutput::ack(std::int64_t sequence_id) {
    write(0, [&](auto& out) { protocol_->append_ack(out, sequence_id); });
}

void RecordOutput::sequence() {
    std::string record;
    protocol_->append_sequence(record, connection_->outbox().history_begin());
    transport::resend_framed(connection_->outbox(), connection_->framing(), record);
}

// Not through the shared text: `error` may be in it.
void RecordOutput::close(std::string_view error, bool allow_reconnect) {
    std::string record;
    protocol_->append_close(record, error, allow_reconnect);
    send(record, 0);
    open_ = false;
}

}  // namespace hubtrail::hub
