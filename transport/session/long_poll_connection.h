#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "transport/connection.h"
#include "transport/endpoint_options.h"
#include "transport/framing.h"
#include "transport/outbox.h"
#include "transport/session/http_protocol.h"
#include "transport/session/post_queue.h"
#include "transport/session/token_connection.h"

namespace hubtrail::transport {

class LongPollConnection;

/// What waits for the next poll, in the place of a socket: takes whole records until it holds
/// `bytes_max`. Thread: strand.
class PollBuffer final : public Socket {
public:
    PollBuffer(LongPollConnection& owner, std::size_t bytes_max)
        : owner_(owner), bytes_max_(bytes_max) {}

    bool empty() const { return bytes_.empty(); }
    std::string take() { return std::exchange(bytes_, {}); }

    [[nodiscard]] bool start(SocketEvents&) override { return true; }
    IoResult read(char*, std::size_t) override { return {IoResult::Kind::would_block, 0}; }
    IoResult write(const std::string_view* slices, std::size_t count) override;
    void want(bool, bool) override {}
    void shutdown_send() override {}
    std::string peer_address() const override { return {}; }
    std::string local_address() const override { return {}; }
    void detach() override {}
    void attach(Loop&) override {}

private:
    LongPollConnection& owner_;
    const std::size_t bytes_max_;
    std::string bytes_;
};

/// Long polling as a hub's Connection (TransportProtocols.md): each GET is answered with what
/// waits, as soon as something does; POSTs bring what the client sends. Thread:
/// strand.
class LongPollConnection final : public StandingConnection, public Connection, public OutboxOwner {
public:
    LongPollConnection(SessionServer& server, const EndpointOptions& options, std::string token,
                       std::unique_ptr<ConnectionHandler> handler);

    /// Opens a connection of the request's server and answers the first poll.
    static void open(HttpProtocol& http, const EndpointOptions& options, const std::string& token,
                     std::unique_ptr<ConnectionHandler> handler);

    ConnectionHandler& handler() override { return *handler_; }
    void post(std::string body, const HttpReply& reply) override;
    void poll(HttpProtocol& http) override;
    void terminate() override { end(CloseReason::peer_closed); }
    bool has_peer() const override { return false; }
    void on_second(std::int64_t now_ns) override;
    void on_turn_end() override;
    bool on_drain() override;
    void close_now() override { end(CloseReason::we_closed); }

    void send(std::string_view records, std::uint32_t counted) override;
    Framing framing() const override { return Framing::bare; }
    Outbox& outbox() override { return outbox_; }
    Loop& loop() override;
    TransportKind transport() const override { return TransportKind::long_polling; }
    bool supports(TransferFormat) const override { return true; }
    void set_transfer_format(TransferFormat) override {}
    bool has_inherent_keep_alive() const override { return true; }
    void pause_reading() override { paused_ = true; }
    void resume_reading() override;
    void close() override;
    void abort(CloseReason reason) override { end(reason); }
    bool resumable() const override { return false; }
    void refuse_resume() override {}

    void on_blocked() override {}
    void on_congested() override;
    void on_drained() override;
    void on_flushed() override;
    void on_write_failed() override {}
    /// From the buffer: the poll is answered when the turn ends, with all that this turn brings.
    void on_buffered();

private:
    void hold(HttpProtocol& http);
    void on_poll_end(std::uint64_t number, HttpProtocol::Outcome outcome);
    void answer_poll(HttpResponse response);
    void deliver();
    void hand_over();
    void end(CloseReason reason);
    void end(CloseReason reason, CloseReason counted_as);

    SessionServer& server_;
    const EndpointOptions& options_;
    std::unique_ptr<ConnectionHandler> handler_;
    const std::string token_;
    PollBuffer buffer_;
    Outbox outbox_;
    PostQueue posts_;
    std::shared_ptr<LongPollConnection*>
        self_;                      ///< holds null when it has ended, for polls that end later
    HttpReply reply_;               ///< of the poll that is held; null: none is
    std::uint64_t polls_ = 0;       ///< number of the newest
    std::uint32_t open_polls_ = 0;  ///< whose answers are not out yet
    std::int64_t poll_until_ns_ = 0;
    std::int64_t inactive_ns_ = 0;  ///< since when no poll is open
    const std::int64_t opened_ns_;
    bool paused_ = false;
    bool handing_over_ = false;
    bool told_of_drain_ = false;
    bool turn_end_asked_ = false;
    bool hub_closed_ = false;   ///< no more bytes for the handler, none from it
    bool all_written_ = false;  ///< after hub_closed_: the rest is in the buffer
    bool ended_ = false;
};

}  // namespace hubtrail::transport
