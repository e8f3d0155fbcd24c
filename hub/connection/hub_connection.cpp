#include "hub/connection/hub_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "protocol/handshake.h"
#include "protocol/json_hub_protocol.h"

namespace hubtrail::hub {
namespace {

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kClosedWithError = "Connection closed with an error.";
constexpr std::string_view kHandshakeCanceled = "Handshake was canceled.";
constexpr std::string_view kHandshakeError =
    "An unexpected error occurred during connection handshake.";
constexpr std::string_view kCutOff =
    "InvalidDataException: Connection terminated while reading a message.";
constexpr std::string_view kClientTimeout =
    "OperationCanceledException: Client hasn't sent a message/ping within the configured "
    "ClientTimeoutInterval.";
constexpr std::string_view kConnectionClosed = "The underlying connection was closed.";

constexpr std::int64_t kAckIntervalNs = 1'000'000'000;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

// What the hub is told of an end that no Close message explains.
std::string_view describe(transport::CloseReason reason) {
    switch (reason) {
        case transport::CloseReason::protocol_error:
            return "The client broke the rules of its transport.";
        case transport::CloseReason::stalled:
            return "The client did not take what it was sent.";
        case transport::CloseReason::peer_closed:
        case transport::CloseReason::we_closed:
        case transport::CloseReason::lost:
            break;
    }
    return {};
}

}  // namespace

HubConnection::HubConnection(std::string id, std::unique_ptr<HubSession> session,
                             const HubOptions& options, HubScratch& scratch)
    : id_(std::move(id)), session_(std::move(session)), options_(options), scratch_(scratch) {}

HubConnection::~HubConnection() {
    if (self_) {
        *self_ = nullptr;
    }
    for (const auto& [id, upload] : uploads_) {
        upload->detach();
    }
}

void HubConnection::on_open(transport::Connection& connection) {
    connection_ = &connection;
    loop_ = &connection.loop();
    opened_ns_ = pinged_ns_ = heard_ns_ = acked_ns_ = loop_->now_ns();
}

void HubConnection::on_bytes(std::string_view bytes) {
    if (state_ == State::handshake) {
        bytes = take_handshake(bytes);
    }
    if (state_ == State::open && broken_.empty() && !bytes.empty()) {
        read_records(bytes);
        update_reading();
    }
}

// What follows the handshake's record. It is JSON whatever comes after it.
std::string_view HubConnection::take_handshake(std::string_view bytes) {
    const auto end = bytes.find(protocol::kRecordSeparator);
    const auto taken = end == std::string_view::npos ? bytes.size() : end + 1;
    const auto total = begun_handshake_.size() + taken;
    const bool whole = end != std::string_view::npos;
    const auto most = options_.receive_bytes_max;
    if (most != 0 && (total > most || (total == most && !whole))) {
        fail_handshake(kHandshakeCanceled);
        return {};
    }
    begun_handshake_.append(bytes.substr(0, taken));
    if (!whole) {
        return {};
    }
    auto record = std::exchange(begun_handshake_, {});
    record.pop_back();
    answer_handshake(record);
    return bytes.substr(taken);
}

void HubConnection::answer_handshake(std::string_view record) {
    const auto request = protocol::parse_handshake(record);
    if (!request) {
        fail_handshake(error_text(kHandshakeError, to_text(request.error())));
        return;
    }
    const protocol::HubProtocol* found = nullptr;
    for (const auto encoding : protocol::kEncodings) {
        if (equal_ignoring_case(name_of(encoding), request->protocol)) {
            found = options_.protocols.find(encoding);
        }
    }
    if (found == nullptr) {
        fail_handshake("The protocol '" + request->protocol + "' is not supported.");
        return;
    }
    const auto& chosen = *found;
    if (request->version > protocol::kHubProtocolVersionMax) {
        fail_handshake("The server does not support version " + std::to_string(request->version) +
                       " of the '" + request->protocol + "' protocol.");
        return;
    }
    const auto format =
        chosen.binary() ? transport::TransferFormat::binary : transport::TransferFormat::text;
    if (!connection_->supports(format)) {
        const std::string format_name = chosen.binary() ? "Binary" : "Text";
        fail_handshake("Cannot use the '" + std::string(chosen.name()) +
                       "' protocol on the current transport. The transport does not support '" +
                       format_name + "' transfer format.");
        return;
    }
    connection_->set_transfer_format(format);
    stateful_ = request->version >= 2 && connection_->resumable();
    if (stateful_) {
        connection_->outbox().keep_history(options_.stateful_buffer_bytes);
    } else {
        connection_->refuse_resume();
    }
    protocol_ = &chosen;
    splitter_ = chosen.make_splitter(options_.receive_bytes_max);
    state_ = State::open;
    pinged_ns_ = heard_ns_ = loop_->now_ns();
    connection_->send(protocol::kHandshakeAccepted, 0);
    session_->on_connected(*this);
}

void HubConnection::fail_handshake(std::string_view error) {
    state_ = State::closed;
    std::string out;
    protocol::append_handshake_error(out, error);
    connection_->refuse_resume();
    connection_->send(out, 0);
    connection_->close();
}

void HubConnection::send(std::string_view records, std::uint32_t counted) {
    if (open()) {
        connection_->send(records, counted);
    }
}

void HubConnection::complete_result(std::string_view id, std::string_view raw_result) {
    if (!id.empty() && open()) {
        scratch_.out.clear();
        protocol_->append_completion_result(scratch_.out, id, raw_result);
        connection_->send(scratch_.out, 1);
    }
}

void HubConnection::complete_error(std::string_view id, std::string_view error) {
    if (!id.empty() && open()) {
        scratch_.out.clear();
        protocol_->append_completion_error(scratch_.out, id, error);
        connection_->send(scratch_.out, 1);
    }
}

void HubConnection::release_slot() {
    HUBTRAIL_CHECK(slots_taken_ > 0, "a slot was given back that was not taken");
    --slots_taken_;
    heard_ns_ = loop_->now_ns();
    pump_later();
}

void HubConnection::send_item(std::string_view stream_id, std::string_view raw_item) {
    if (open() && has_stream(stream_id)) {
        scratch_.out.clear();
        protocol_->append_stream_item(scratch_.out, stream_id, raw_item);
        connection_->send(scratch_.out, 1);
    }
}

void HubConnection::end_stream(std::string_view id) {
    if (forget_stream(id) && open()) {
        scratch_.out.clear();
        protocol_->append_completion(scratch_.out, id);
        connection_->send(scratch_.out, 1);
    }
}

void HubConnection::fail_stream(std::string_view id, std::string_view error) {
    if (forget_stream(id)) {
        complete_error(id, error);
    }
}

bool HubConnection::has_stream(std::string_view id) const {
    return std::find(streams_.begin(), streams_.end(), id) != streams_.end();
}

bool HubConnection::forget_stream(std::string_view id) {
    const auto found = std::find(streams_.begin(), streams_.end(), id);
    if (found == streams_.end()) {
        return false;
    }
    streams_.erase(found);
    return true;
}

void HubConnection::end_uploads(const Uploads& uploads) {
    for (const auto& upload : uploads) {
        upload->detach();
        const auto found = uploads_.find(upload->id());
        if (found != uploads_.end() && found->second == upload) {
            uploads_.erase(found);
        }
    }
    pump_later();
}

void HubConnection::upload_drained() {
    pump_later();
}

void HubConnection::invoke(std::string id, std::string_view target, std::string_view raw_arguments,
                           std::size_t count, ClientResultDone done) {
    const bool full = asked_.size() >= kQuestionsMax;
    if (!open() || full) {
        loop_->post([done = std::move(done), full] {
            ClientResult result;
            result.kind = full ? ClientResult::Kind::error : ClientResult::Kind::disconnected;
            result.value = full ? "Too many invocations wait for this client." : "";
            done(result);
        });
        return;
    }
    scratch_.out.clear();
    protocol_->append_invocation(scratch_.out, protocol::MessageType::invocation, id, target,
                                 raw_arguments, count);
    connection_->send(scratch_.out, 1);
    asked_.insert_or_assign(std::move(id), std::move(done));
}

void HubConnection::cancel_invoke(std::string_view id) {
    const auto found = asked_.find(id);
    if (found != asked_.end()) {
        asked_.erase(found);
    }
}

void HubConnection::hold() {
    on_hold_ = true;
}

void HubConnection::unhold() {
    on_hold_ = false;
    pump_later();
}

void HubConnection::close(std::string_view error, bool allow_reconnect) {
    end(error, allow_reconnect, error);
}

void HubConnection::fail(std::string_view detail) {
    end(error_text(kClosedWithError, detail), true, detail);
}

void HubConnection::end(std::string_view error, bool allow_reconnect, std::string_view told) {
    if (state_ == State::closed) {
        return;
    }
    const bool was_open = std::exchange(state_, State::closed) == State::open;
    connection_->refuse_resume();
    if (was_open) {
        std::string out;
        protocol_->append_close(out, error, allow_reconnect);
        connection_->send(out, 0);
        finish(told);
    }
    connection_->close();
}

// The hub's own end, once, after state_ says closed.
void HubConnection::finish(std::string_view told) {
    const std::string text(told);  // the views of a message do not survive what follows
    held_.clear();
    held_first_ = held_bytes_ = 0;
    for (const auto& [id, upload] : std::exchange(uploads_, {})) {
        upload->detach();
        upload->abandon(std::string(kConnectionClosed));
    }
    ClientResult gone;
    gone.kind = ClientResult::Kind::disconnected;
    for (const auto& [id, done] : std::exchange(asked_, {})) {
        done(gone);
    }
    session_->on_disconnected(text);
}

std::string HubConnection::error_text(std::string_view base, std::string_view detail) const {
    std::string text(base);
    if (options_.detailed_errors && !detail.empty()) {
        text += ' ';
        text += detail;
    }
    return text;
}

void HubConnection::on_tick(std::int64_t now_ns) {
    if (state_ == State::handshake) {
        if (now_ns - opened_ns_ >= options_.handshake_timeout_ns) {
            fail_handshake(kHandshakeCanceled);
        }
        return;
    }
    if (state_ == State::closed) {
        return;
    }
    // The clock stands still while we do not listen.
    const bool listening = slots_taken_ == 0 && !has_held() && !connection_->outbox().congested();
    if (client_pings_ && listening && now_ns - heard_ns_ >= options_.client_timeout_ns) {
        fail(kClientTimeout);
        return;
    }
    send_ping(now_ns);
    send_ack(now_ns);
    session_->on_tick(now_ns);
}

void HubConnection::send_ping(std::int64_t now_ns) {
    if (now_ns - pinged_ns_ < options_.keep_alive_interval_ns) {
        return;
    }
    pinged_ns_ = now_ns;
    // A peer with a backlog hears from us anyway.
    if (!connection_->has_inherent_keep_alive() && connection_->outbox().unsent() == 0) {
        connection_->send(protocol_->ping(), 0);
    }
}

void HubConnection::send_ack(std::int64_t now_ns) {
    if (!stateful_ || received_.newest() == acked_ || now_ns - acked_ns_ < kAckIntervalNs) {
        return;
    }
    acked_ns_ = now_ns;
    acked_ = received_.newest();
    scratch_.out.clear();
    protocol_->append_ack(scratch_.out, acked_);
    connection_->send(scratch_.out, 0);
}

void HubConnection::on_congested() {
    if (open()) {
        session_->on_congested();
    }
    update_reading();
}

void HubConnection::on_drained() {
    if (open()) {
        session_->on_drained();
    }
    pump();
    update_reading();
}

// Whatever was not processed is sent again, and the cut record with it.
void HubConnection::on_resumed() {
    if (!stateful_ || !open()) {
        return;
    }
    splitter_ = protocol_->make_splitter(options_.receive_bytes_max);
    held_.clear();
    held_first_ = held_bytes_ = 0;
    broken_.clear();
    acked_ = 0;  // our last one may be lost
    heard_ns_ = loop_->now_ns();
    std::string record;
    protocol_->append_sequence(record, connection_->outbox().history_begin());
    transport::resend_framed(connection_->outbox(), connection_->framing(), record);
    update_reading();
}

transport::UserOutcome HubConnection::on_user(const transport::LaterRequest& later) {
    return state_ == State::closed ? transport::UserOutcome::gone : session_->on_user(later);
}

void HubConnection::on_shutdown() {
    close({}, true);
}

void HubConnection::on_close(transport::CloseReason reason) {
    const bool was_open = std::exchange(state_, State::closed) == State::open;
    if (was_open) {
        const bool by_peer =
            reason == transport::CloseReason::peer_closed || reason == transport::CloseReason::lost;
        finish(by_peer && splitter_->has_partial_record() ? kCutOff : describe(reason));
    }
    connection_ = nullptr;
}

}  // namespace hubtrail::hub
