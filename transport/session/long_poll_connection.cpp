#include "transport/session/long_poll_connection.h"

#include <utility>

#include "transport/session/session_server.h"

namespace hubtrail::transport {
namespace {

HttpResponse make_poll_response(int status, std::string_view content_type, std::string body) {
    HttpResponse response;
    response.status = status;
    response.content_type = content_type;
    response.headers = {{"Cache-Control", "no-cache, no-store"},
                        {"Pragma", "no-cache"},
                        {"Expires", "Thu, 01 Jan 1970 00:00:00 GMT"}};
    response.body = std::move(body);
    return response;
}

HttpResponse make_data_response(std::string data) {
    return make_poll_response(200, "application/octet-stream", std::move(data));
}
HttpResponse make_timeout_response() {
    return make_poll_response(200, "text/plain", {});
}
// A content type without content: as the reference has it.
HttpResponse make_end_response() {
    auto response = make_poll_response(204, {}, {});
    response.headers.emplace_back("Content-Type", "text/plain");
    return response;
}

}  // namespace

// Slices are whole records, and clients need them whole: one that passes the limit is still taken.
IoResult PollBuffer::write(const std::string_view* slices, std::size_t count) {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count && bytes_.size() < bytes_max_; ++i) {
        bytes_.append(slices[i]);
        taken += slices[i].size();
    }
    if (taken == 0) {
        return {IoResult::Kind::would_block, 0};
    }
    owner_.on_buffered();
    return {IoResult::Kind::done, taken};
}

LongPollConnection::LongPollConnection(SessionServer& server, const EndpointOptions& options,
                                       std::string token,
                                       std::unique_ptr<ConnectionHandler> handler)
    : server_(server),
      options_(options),
      handler_(std::move(handler)),
      token_(std::move(token)),
      buffer_(*this, options.transport_buffer_bytes == 0 ? kUnsentHardMax
                                                         : options.transport_buffer_bytes),
      outbox_(server.scheduler(), buffer_, *this),
      posts_(options.application_buffer_bytes),
      self_(std::make_shared<LongPollConnection*>(this)),
      inactive_ns_(server.loop().now_ns()),
      opened_ns_(server.loop().now_ns()) {}

void LongPollConnection::open(HttpProtocol& http, const EndpointOptions& options,
                              const std::string& token,
                              std::unique_ptr<ConnectionHandler> handler) {
    auto& server = http.peer().server();
    auto made = std::make_unique<LongPollConnection>(server, options, token, std::move(handler));
    auto* const connection = made.get();
    server.own(std::move(made));
    server.add(token, *connection);
    server.counters().started(TransportKind::long_polling);
    // The first answer is empty and at once: the client learns that it may send now.
    connection->hold(http);
    connection->answer_poll(make_data_response({}));
    connection->handler_->on_open(*connection);
}

void LongPollConnection::poll(HttpProtocol& http) {
    if (reply_) {
        answer_poll(make_end_response());
    }
    hold(http);
    deliver();
}

void LongPollConnection::hold(HttpProtocol& http) {
    const auto number = ++polls_;
    ++open_polls_;
    reply_ = http.reply();
    poll_until_ns_ = server_.loop().now_ns() + options_.poll_timeout_ns;
    http.watch([self = self_, number](HttpProtocol::Outcome outcome) {
        if (*self != nullptr) {
            (*self)->on_poll_end(number, outcome);
        }
    });
}

void LongPollConnection::on_poll_end(std::uint64_t number, HttpProtocol::Outcome outcome) {
    if (number == polls_) {
        reply_ = nullptr;
    }
    if (--open_polls_ == 0) {
        inactive_ns_ = server_.loop().now_ns();
    }
    if (outcome == HttpProtocol::Outcome::stalled) {
        end(CloseReason::stalled);
    }
}

void LongPollConnection::answer_poll(HttpResponse response) {
    std::exchange(reply_, nullptr)(std::move(response));
}

// Data first; the end only when nothing is left.
void LongPollConnection::deliver() {
    if (!reply_) {
        return;
    }
    if (!buffer_.empty()) {
        answer_poll(make_data_response(buffer_.take()));
        if (outbox_.blocked()) {
            outbox_.on_writable(true);
        }
    } else if (all_written_) {
        end(CloseReason::we_closed);
    }
}

void LongPollConnection::on_second(std::int64_t now_ns) {
    if (ended_) {
        return;
    }
    if (reply_ && now_ns >= poll_until_ns_) {
        answer_poll(make_timeout_response());
    }
    if (open_polls_ == 0 && now_ns - inactive_ns_ >= options_.disconnect_timeout_ns) {
        end(hub_closed_ ? CloseReason::we_closed : CloseReason::lost, CloseReason::stalled);
        return;
    }
    if (!hub_closed_) {
        handler_->on_tick(now_ns);
    }
}

void LongPollConnection::on_buffered() {
    if (reply_ && !std::exchange(turn_end_asked_, true)) {
        server_.at_turn_end(*this);
    }
}

void LongPollConnection::on_turn_end() {
    turn_end_asked_ = false;
    if (!ended_) {
        deliver();
    }
}

bool LongPollConnection::on_drain() {
    if (ended_ || hub_closed_ || std::exchange(told_of_drain_, true)) {
        return false;
    }
    handler_->on_shutdown();
    return true;
}

void LongPollConnection::post(std::string body, const HttpReply& reply) {
    if (hub_closed_) {
        reply(make_text_response(404, kUnknownId));
        return;
    }
    posts_.add(body, reply);
    hand_over();
}

void LongPollConnection::hand_over() {
    if (std::exchange(handing_over_, true)) {
        return;
    }
    while (!paused_ && !hub_closed_ && !posts_.empty()) {
        handler_->on_bytes(posts_.take());
    }
    handing_over_ = false;
}

void LongPollConnection::send(std::string_view records, std::uint32_t counted) {
    if (!hub_closed_) {
        send_framed(outbox_, Framing::bare, records, counted);
    }
}

Loop& LongPollConnection::loop() {
    return server_.loop();
}

void LongPollConnection::resume_reading() {
    paused_ = false;
    hand_over();
}

void LongPollConnection::close() {
    if (std::exchange(hub_closed_, true)) {
        return;
    }
    posts_.end();
    outbox_.tell_when_flushed();
}

void LongPollConnection::on_flushed() {
    all_written_ = hub_closed_;
    deliver();
}

void LongPollConnection::on_congested() {
    if (!ended_) {
        handler_->on_congested();
    }
}

void LongPollConnection::on_drained() {
    if (!ended_) {
        handler_->on_drained();
    }
}

void LongPollConnection::end(CloseReason reason) {
    end(reason, reason);
}

void LongPollConnection::end(CloseReason reason, CloseReason counted_as) {
    if (std::exchange(ended_, true)) {
        return;
    }
    hub_closed_ = true;
    *self_ = nullptr;
    if (reply_) {
        answer_poll(make_end_response());
    }
    posts_.end();
    server_.remove(token_);
    server_.tokens().forget(token_);
    server_.count_end(TransportKind::long_polling, counted_as, opened_ns_);
    handler_->on_close(reason);
    server_.bury(*this);
}

}  // namespace hubtrail::transport
