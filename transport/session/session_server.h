#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "transport/frame_decoder.h"
#include "transport/loop.h"
#include "transport/outbox.h"
#include "transport/request_parser.h"
#include "transport/session/connection_tokens.h"
#include "transport/session/peer.h"
#include "transport/session/router.h"
#include "transport/socket.h"

namespace hubtrail::transport {

inline constexpr std::int64_t kTickNs = 250'000'000;  ///< how exact the deadlines of requests are
inline constexpr int kSlowTicks = 4;                  ///< a second: how exact those of hubs are

/// What a session server needs from the adapters, and how much it may hold.
struct SessionOptions {
    std::function<std::unique_ptr<RequestParser>()> make_parser;
    std::function<std::unique_ptr<FrameDecoder>()> make_decoder;
    std::size_t connections_max = 100'000;  ///< of this loop; beyond: 503 and close
};

/// The connections of one loop: accepts, ticks and buries them, and lends them what they share.
/// Thread: strand; one per loop. `scheduler`, `router`, `tokens`, `clock` and `log` must outlive it.
class SessionServer final : public TurnEnd {
public:
    SessionServer(OutputScheduler& scheduler, const Router& router, ConnectionTokens& tokens,
                  const Clock& clock, Log& log, SessionOptions options);
    ~SessionServer() override;

    void accept(std::unique_ptr<Socket> socket);
    /// Tells every peer to come back later, and closes; new ones are refused by not listening.
    void shut_down();
    /// Ends every connection now.
    void close_all();
    std::size_t connections() const { return count_; }

    // For peers and their protocols.
    Loop& loop() { return scheduler_.loop(); }
    OutputScheduler& scheduler() { return scheduler_; }
    const Router& router() const { return router_; }
    ConnectionTokens& tokens() { return tokens_; }
    Log& log() { return log_; }
    std::array<char, 64 * 1024>& read_buffer() { return read_buffer_; }
    /// `Date` value (RFC 9110 5.6.7), made once a second.
    const std::string& http_date();
    std::unique_ptr<RequestParser> take_parser();
    void give_back(std::unique_ptr<RequestParser> parser);
    std::unique_ptr<FrameDecoder> take_decoder();
    void give_back(std::unique_ptr<FrameDecoder> decoder);
    /// The peer has no deadlines below a second any more.
    void slow_down(Peer& peer);
    /// Deletes the peer when the turn ends.
    void bury(Peer& peer);

    void on_turn_end() override;

private:
    void schedule_tick();
    void tick();
    void link(Peer& peer, Peer*& list);
    void unlink(Peer& peer);

    OutputScheduler& scheduler_;
    const Router& router_;
    ConnectionTokens& tokens_;
    const Clock& clock_;
    Log& log_;
    SessionOptions options_;
    Peer* first_ = nullptr;       ///< speaking HTTP: their deadlines are looked at every tick
    Peer* first_slow_ = nullptr;  ///< speaking WebSocket: looked at every kSlowTicks-th tick
    int ticks_ = 0;
    std::size_t count_ = 0;
    bool ending_ = false;  ///< in the destructor: there is no later turn end
    std::vector<Peer*> dead_;
    std::vector<std::unique_ptr<RequestParser>> parsers_;
    std::vector<std::unique_ptr<FrameDecoder>> decoders_;
    std::string http_date_;
    std::int64_t http_date_s_ = 0;
    std::uint64_t timer_ = 0;
    std::array<char, 64 * 1024> read_buffer_{};
};

}  // namespace hubtrail::transport
