#include "hub/hub_connection.h"

#include <algorithm>
#include <utility>

#include "protocol/handshake.h"
#include "protocol/json_hub_protocol.h"

namespace hubtrail::hub {
namespace {

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kBindFailed = "Failed to invoke '";
constexpr std::string_view kServerError = "' due to an error on the server.";
constexpr std::string_view kClosedWithError = "Connection closed with an error.";
constexpr std::string_view kUnexpectedError = "An unexpected error occurred invoking '";
constexpr std::string_view kHandshakeCanceled = "Handshake was canceled.";
constexpr std::string_view kHandshakeError = "An unexpected error occurred during connection handshake.";
constexpr std::string_view kClientTimeout =
    "OperationCanceledException: Client hasn't sent a message/ping within the configured ClientTimeoutInterval.";

void lower_ascii(std::string_view text, std::string& out) {
    out.assign(text);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
}

}  // namespace

HubConnection::HubConnection(std::string id, std::unique_ptr<HubSession> session,
                             const HubOptions& options, HubScratch& scratch)
    : id_(std::move(id)),
      session_(std::move(session)),
      options_(options),
      scratch_(scratch),
      splitter_(options.receive_bytes_max) {}

HubConnection::~HubConnection() = default;

void HubConnection::on_open(transport::Connection& connection) {
    connection_ = &connection;
    opened_ns_ = pinged_ns_ = heard_ns_ = connection.loop().now_ns();
}

void HubConnection::on_bytes(std::string_view bytes) {
    if (state_ == State::closed) {
        return;
    }
    heard_ns_ = connection_->loop().now_ns();
    in_records_ = true;
    splitter_.feed(bytes);
    while (state_ != State::closed) {
        auto record = splitter_.next();
        if (!record) {
            if (state_ == State::handshake) {
                fail_handshake(kHandshakeCanceled);
            } else {
                protocol_failure(record.error());
            }
            break;
        }
        if (!record->has_value()) {
            break;
        }
        if (state_ == State::handshake) {
            on_handshake(**record);
        } else if (!held_.empty() || !on_record(**record)) {
            held_.append(**record);
            held_.push_back(protocol::kRecordSeparator);
        }
    }
    in_records_ = false;
    if (!held_.empty() && state_ == State::open) {
        connection_->pause_reading();
    }
}

void HubConnection::on_handshake(std::string_view record) {
    const auto request = protocol::parse_handshake(record);
    if (!request) {
        fail_handshake(error_text(kHandshakeError, request.error().detail));
        return;
    }
    if (request->protocol != "json") {
        fail_handshake("The protocol '" + request->protocol + "' is not supported.");
        return;
    }
    if (request->version > protocol::kHubProtocolVersionMax) {
        fail_handshake("The server does not support version " + std::to_string(request->version) +
                       " of the 'json' protocol.");
        return;
    }
    state_ = State::open;
    pinged_ns_ = connection_->loop().now_ns();
    connection_->send(protocol::kHandshakeAccepted);
    session_->on_connected(*this);
}

void HubConnection::fail_handshake(std::string_view error) {
    state_ = State::closed;
    std::string out;
    protocol::append_handshake_error(out, error);
    connection_->send(out);
    connection_->close();
}

// False: the record has to wait for the running invocation.
bool HubConnection::on_record(std::string_view record) {
    auto& message = scratch_.message;
    const auto parsed = protocol::parse_json_message(record, message);
    if (!parsed) {
        protocol_failure(parsed.error());
        return true;
    }
    switch (message.type) {
        case protocol::MessageType::invocation:
            if (async_running_) {
                return false;
            }
            dispatch(false);
            break;
        case protocol::MessageType::stream_invocation:
            dispatch(true);
            break;
        case protocol::MessageType::cancel_invocation:
            cancel_stream(std::string(message.invocation_id));
            break;
        case protocol::MessageType::ping:
            client_pings_ = true;
            break;
        case protocol::MessageType::close:
            close({}, false);
            break;
        case protocol::MessageType::stream_item:
        case protocol::MessageType::completion:
        case protocol::MessageType::ack:
        case protocol::MessageType::sequence:
        case protocol::MessageType::unknown:
            break;  // of ids that nobody waits for, or unknown: skipped (docs/protocol/hub.md)
    }
    return true;
}

// Order of checks as in the reference: lookup, arguments, mode, stream id.
void HubConnection::dispatch(bool streaming) {
    const auto& message = scratch_.message;
    lower_ascii(message.target, scratch_.lower_name);
    const auto* method = session_->find_method(scratch_.lower_name);
    if (method == nullptr) {
        reject(kServerError, "HubException: Method does not exist.", true);
        return;
    }
    const auto given = message.arguments.size();
    if (given < method->arguments_min || given > method->arguments_max) {
        reject(kServerError,
               "InvalidDataException: Invocation provides " + std::to_string(given) +
                   " argument(s) but target expects " + std::to_string(method->arguments_max) + ".",
               false);
        return;
    }
    const bool is_stream = method->kind == MethodKind::stream;
    if (is_stream != streaming) {
        complete_error(message.invocation_id,
                       std::string("The client attempted to invoke the ") +
                           (is_stream ? "streaming '" : "non-streaming '") + message.target +
                           (streaming ? "' method with a streaming invocation."
                                      : "' method with a non-streaming invocation."));
        return;
    }
    if (!message.stream_ids.empty()) {
        complete_error(message.invocation_id,
                       std::string(kUnexpectedError) + message.target +
                           "' on the server. HubException: Client sent " +
                           std::to_string(message.stream_ids.size()) +
                           " stream(s), Hub method expects 0.");
        return;
    }
    if (is_stream && !start_stream(message.invocation_id)) {
        return;
    }
    async_running_ = async_running_ || method->kind == MethodKind::async;
    method->call(*session_, HubCall{*this, message});
}

// False: answered with the reason.
bool HubConnection::start_stream(const std::string& id) {
    if (std::find(streams_.begin(), streams_.end(), id) != streams_.end()) {
        complete_error(id, "Invocation ID '" + id + "' is already in use.");
        return false;
    }
    if (streams_.size() >= options_.streams_max) {
        complete_error(id, "This connection has " + std::to_string(options_.streams_max) +
                               " running streams, the most it may have.");
        return false;
    }
    streams_.push_back(id);
    return true;
}

void HubConnection::reject(std::string_view base, std::string_view detail, bool always_detailed) {
    std::string text(kBindFailed);
    text += scratch_.message.target;
    text += base;
    if (always_detailed || options_.detailed_errors) {
        text += ' ';
        text += detail;
    }
    complete_error(scratch_.message.invocation_id, text);
}

void HubConnection::complete_result(std::string_view id, std::string_view raw_result) {
    if (id.empty() || state_ == State::closed) {
        return;
    }
    scratch_.out.clear();
    protocol::append_json_completion_result(scratch_.out, id, raw_result);
    connection_->send(scratch_.out);
}

void HubConnection::complete_error(std::string_view id, std::string_view error) {
    if (id.empty() || state_ == State::closed) {
        return;
    }
    scratch_.out.clear();
    protocol::append_json_completion_error(scratch_.out, id, error);
    connection_->send(scratch_.out);
}

void HubConnection::finish_async(std::string_view id, std::string_view raw_result) {
    complete_result(id, raw_result);
    resume();
}

void HubConnection::fail_async(std::string_view id, std::string_view error) {
    complete_error(id, error);
    resume();
}

void HubConnection::resume() {
    async_running_ = false;
    if (state_ != State::open) {
        return;
    }
    heard_ns_ = connection_->loop().now_ns();
    if (in_records_ || held_.empty()) {
        return;
    }
    // Not through the splitter: it may hold the beginning of the record that comes after these.
    const auto records = std::exchange(held_, {});
    std::string_view rest = records;
    in_records_ = true;
    while (!rest.empty() && state_ == State::open) {
        const auto end = rest.find(protocol::kRecordSeparator);
        if (!on_record(rest.substr(0, end))) {
            held_.assign(rest);
            break;
        }
        rest.remove_prefix(end + 1);
    }
    in_records_ = false;
    read_on();
}

// Reading goes on when nothing stands against it.
void HubConnection::read_on() {
    heard_ns_ = connection_->loop().now_ns();
    if (state_ != State::open || (held_.empty() && !connection_->outbox().congested())) {
        connection_->resume_reading();
    }
}

void HubConnection::end_stream(std::string_view id) {
    if (forget_stream(id) && state_ != State::closed) {
        scratch_.out.clear();
        protocol::append_json_completion(scratch_.out, id);
        connection_->send(scratch_.out);
    }
}

void HubConnection::fail_stream(std::string_view id, std::string_view error) {
    if (forget_stream(id)) {
        complete_error(id, error);
    }
}

void HubConnection::cancel_stream(const std::string& id) {
    if (std::find(streams_.begin(), streams_.end(), id) != streams_.end()) {
        session_->on_cancel(id);
        end_stream(id);
    }
}

bool HubConnection::forget_stream(std::string_view id) {
    const auto found = std::find(streams_.begin(), streams_.end(), id);
    if (found == streams_.end()) {
        return false;
    }
    streams_.erase(found);
    return true;
}

void HubConnection::close(std::string_view error, bool allow_reconnect) {
    if (state_ == State::closed) {
        return;
    }
    const bool was_open = state_ == State::open;
    state_ = State::closed;
    if (was_open) {
        std::string out;
        protocol::append_json_close(out, error, allow_reconnect);
        connection_->send(out);
        session_->on_disconnected();
    }
    connection_->close();
}

void HubConnection::protocol_failure(const protocol::ProtocolError& error) {
    close(error_text(kClosedWithError, "InvalidDataException: " + error.detail), true);
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
    // The clock stands still while we do not read.
    const bool reading = !async_running_ && !connection_->outbox().congested();
    if (client_pings_ && reading && now_ns - heard_ns_ >= options_.client_timeout_ns) {
        close(error_text(kClosedWithError, kClientTimeout), true);
        return;
    }
    if (now_ns - pinged_ns_ >= options_.keep_alive_interval_ns) {
        pinged_ns_ = now_ns;
        // A peer with a backlog hears from us anyway.
        if (connection_->outbox().unsent() == 0) {
            connection_->send(protocol::kJsonPing);
        }
    }
    session_->on_tick(now_ns);
}

void HubConnection::on_congested() {
    // Whoever does not read its answers asks no more questions meanwhile.
    connection_->pause_reading();
    if (state_ == State::open) {
        session_->on_congested();
    }
}

void HubConnection::on_drained() {
    if (state_ == State::open) {
        session_->on_drained();
    }
    read_on();
}

void HubConnection::on_shutdown() { close({}, true); }

void HubConnection::on_close(transport::CloseReason) {
    if (state_ == State::open) {
        state_ = State::closed;
        session_->on_disconnected();
    }
    state_ = State::closed;
}

}  // namespace hubtrail::hub
