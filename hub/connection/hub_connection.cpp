#include "hub/connection/hub_connection.h"

#include <utility>

#include "protocol/handshake.h"

namespace hubtrail::hub {
namespace {

using protocol::MessageType;

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kClosedWithError = "Connection closed with an error.";
constexpr std::string_view kCutOff =
    "InvalidDataException: Connection terminated while reading a message.";
constexpr std::string_view kClientTimeout =
    "OperationCanceledException: Client hasn't sent a message/ping within the configured "
    "ClientTimeoutInterval.";
constexpr std::string_view kBadSequence =
    "InvalidOperationException: Sequence ID greater than amount of messages we've received.";

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

// Of stateful reconnect.
bool is_counted(MessageType type) {
    return type >= MessageType::invocation && type <= MessageType::cancel_invocation;
}

}  // namespace

HubConnection::HubConnection(std::string id, std::unique_ptr<HubSession> session,
                             const HubOptions& options, HubScratch& scratch)
    : id_(std::move(id)),
      session_(std::move(session)),
      options_(options),
      handshake_(std::make_unique<HandshakeInput>(options)),
      output_(scratch),
      input_(*this, options, output_),
      calls_(*this),
      uploads_(input_, options) {}

HubConnection::~HubConnection() = default;

void HubConnection::on_open(transport::Connection& connection) {
    output_.connect(connection);
    liveness_.begin(output_.loop().now_ns());
}

void HubConnection::on_bytes(std::string_view bytes) {
    if (handshake_) {
        const auto answer = handshake_->take(bytes, transport());
        if (!answer) {
            return;
        }
        if (answer->protocol == nullptr) {
            refuse(answer->error);
            return;
        }
        accept(*answer);
    }
    if (open() && !bytes.empty()) {
        input_.feed(bytes);
    }
}

void HubConnection::accept(const HandshakeAnswer& answer) {
    auto& connection = transport();
    const auto now = output_.loop().now_ns();
    connection.set_transfer_format(answer.protocol->binary() ? transport::TransferFormat::binary
                                                             : transport::TransferFormat::text);
    if (answer.knows_resume && connection.resumable()) {
        stateful_ = std::make_unique<ReceiveCounter>(now);
        connection.outbox().keep_history(options_.stateful_buffer_bytes);
    } else {
        connection.refuse_resume();
    }
    handshake_.reset();
    output_.start(*answer.protocol);
    input_.start(stateful_ ? RecordInput::ReadAhead::yes : RecordInput::ReadAhead::no);
    liveness_.begin(now);
    connection.send(protocol::kHandshakeAccepted, 0);
    session_->on_connected(*this);
}

void HubConnection::refuse(std::string_view error) {
    std::string out;
    protocol::append_handshake_error(out, error);
    handshake_.reset();
    transport().refuse_resume();
    transport().send(out, 0);
    transport().close();
}

// False: the record has to wait, and everything behind it.
bool HubConnection::on_record(std::string_view record) {
    auto& message = scratch().message;
    const auto parsed = protocol().parse(record, message);
    if (!parsed) {
        fail(to_text(parsed.error()));
        return true;
    }
    if (!is_counted(message.type)) {
        return process();
    }
    if (stateful_ && stateful_->is_repeat()) {
        stateful_->count();
        return true;
    }
    // What asks for more output waits until the peer has taken what there is.
    if (transport().outbox().congested() || !process()) {
        return false;
    }
    if (stateful_) {
        stateful_->count();
    }
    return true;
}

// Acks make room for what a running method sends: behind a message that waits for that method they
// must not wait.
bool HubConnection::on_record_behind(std::string_view record) {
    auto& message = scratch().message;
    if (!stateful_ || !protocol().parse(record, message) || message.type != MessageType::ack) {
        return false;
    }
    transport().outbox().acknowledge(message.sequence_id);
    return true;
}

void HubConnection::on_listened() {
    liveness_.heard(output_.loop().now_ns());
}

bool HubConnection::process() {
    const auto& message = scratch().message;
    switch (message.type) {
        case MessageType::invocation:
            return calls_.dispatch(Calls::Kind::invocation);
        case MessageType::stream_invocation:
            return calls_.dispatch(Calls::Kind::stream_invocation);
        case MessageType::cancel_invocation:
            cancel();
            break;
        case MessageType::stream_item:
            return uploads_.take_item(message);
        case MessageType::completion:
            take_completion();
            break;
        case MessageType::ping:
            liveness_.saw_ping();
            break;
        case MessageType::close:
            end({}, false,
                message.error.empty() ? std::string() : "HubException: " + message.error);
            break;
        case MessageType::ack:
            if (stateful_) {
                transport().outbox().acknowledge(message.sequence_id);
            }
            break;
        case MessageType::sequence:
            if (stateful_ && !stateful_->restart(message.sequence_id)) {
                fail(kBadSequence);
            }
            break;
        case MessageType::unknown:
            break;
    }
    return true;
}

// Whether an id is known, of a stream or of a running method, is for the session to say.
void HubConnection::cancel() {
    const auto id = scratch().message.invocation_id;
    if (!session_->on_cancel(id)) {
        end_stream(id);
    }
}

// Uploads first, then our own questions, then those of other connections, as in the reference.
void HubConnection::take_completion() {
    const auto& message = scratch().message;
    if (uploads_.take_completion(message) || results_.take(message)) {
        return;
    }
    if (session_->on_foreign_result(message.invocation_id)) {
        fail("InvalidOperationException: Connection ID '" + id_ +
             "' is not valid for invocation ID '" + message.invocation_id + "'.");
    }
}

void HubConnection::release_slot() {
    calls_.release_slot();
    on_listened();
    input_.pump_later();
}

void HubConnection::send_item(std::string_view stream_id, std::string_view raw_item) {
    if (calls_.has_stream(stream_id)) {
        output_.item(stream_id, raw_item);
    }
}

void HubConnection::end_stream(std::string_view id) {
    if (calls_.forget_stream(id)) {
        output_.end_of_stream(id);
    }
}

void HubConnection::fail_stream(std::string_view id, std::string_view error) {
    if (calls_.forget_stream(id)) {
        output_.error(id, error);
    }
}

void HubConnection::invoke(std::string id, std::string_view target, std::string_view raw_arguments,
                           std::size_t count, ClientResultDone done) {
    if (!open() || results_.full()) {
        ClientResults::refuse(output_.loop(), results_.full(), std::move(done));
        return;
    }
    output_.invocation(id, target, raw_arguments, count);
    results_.wait(std::move(id), std::move(done));
}

void HubConnection::close(std::string_view error, bool allow_reconnect) {
    end(error, allow_reconnect, error);
}

void HubConnection::fail(std::string_view detail) {
    end(error_text(kClosedWithError, detail), true, detail);
}

void HubConnection::end(std::string_view error, bool allow_reconnect, std::string_view told) {
    if (closed()) {
        return;
    }
    auto& connection = transport();
    handshake_.reset();
    connection.refuse_resume();
    if (open()) {
        output_.close(error, allow_reconnect);
        finish(told);
    }
    connection.close();
}

// The hub's own end, once, when nothing is sent any more.
void HubConnection::finish(std::string_view told) {
    const std::string text(told);  // the views of a message do not survive what follows
    input_.stop();
    uploads_.abandon();
    results_.abandon();
    session_->on_disconnected(text);
}

void HubConnection::on_tick(std::int64_t now_ns) {
    if (handshake_) {
        if (liveness_.handshake_late(now_ns, options_)) {
            refuse(kHandshakeCanceled);
        }
        return;
    }
    if (!open()) {
        return;
    }
    const auto& outbox = transport().outbox();
    // The clock stands still while we do not listen.
    const bool listening = !calls_.slot_taken() && !input_.waiting() && !outbox.congested();
    if (listening && liveness_.silent(now_ns, options_)) {
        fail(kClientTimeout);
        return;
    }
    // A peer with a backlog hears from us anyway.
    if (liveness_.ping_due(now_ns, options_) && !transport().has_inherent_keep_alive() &&
        outbox.unsent() == 0) {
        output_.ping();
    }
    if (const auto acked = stateful_ ? stateful_->ack_due(now_ns) : std::nullopt) {
        output_.ack(*acked);
    }
    session_->on_tick(now_ns);
}

void HubConnection::on_congested() {
    if (open()) {
        session_->on_congested();
    }
    input_.update_reading();
}

void HubConnection::on_drained() {
    if (open()) {
        session_->on_drained();
    }
    input_.pump();
    input_.update_reading();
}

// Whatever was not processed is sent again.
void HubConnection::on_resumed() {
    if (!stateful_ || !open()) {
        return;
    }
    input_.restart();
    stateful_->forget_ack();
    on_listened();
    output_.sequence();
    input_.update_reading();
}

transport::UserOutcome HubConnection::on_user(const transport::LaterRequest& later) {
    return closed() ? transport::UserOutcome::gone : session_->on_user(later);
}

void HubConnection::on_shutdown() {
    close({}, true);
}

void HubConnection::on_close(transport::CloseReason reason) {
    handshake_.reset();
    if (open()) {
        const bool by_peer =
            reason == transport::CloseReason::peer_closed || reason == transport::CloseReason::lost;
        output_.stop();
        finish(by_peer && input_.amid_record() ? kCutOff : describe(reason));
    }
    output_.disconnect();
}

}  // namespace hubtrail::hub
