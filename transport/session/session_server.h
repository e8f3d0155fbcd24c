#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "transport/frame_decoder.h"
#include "transport/loop.h"
#include "transport/outbox.h"
#include "transport/request_parser.h"
#include "transport/session/connection_counters.h"
#include "transport/session/connection_tokens.h"
#include "transport/session/http_protocol.h"
#include "transport/session/hub_requests.h"
#include "transport/session/owned_list.h"
#include "transport/session/peer.h"
#include "transport/session/route_table.h"
#include "transport/session/token_connection.h"
#include "transport/socket.h"

namespace hubtrail::transport {

inline constexpr std::int64_t kTickNs = 250'000'000;  ///< how exact the deadlines of requests are
inline constexpr int kSlowTicks = 4;                  ///< a second: how exact those of hubs are
inline constexpr std::int64_t kDrainWindowNs =
    5'000'000'000;  ///< over which drain() sends hub connections away

/// What a session server needs from the adapters, and how much it may hold.
struct SessionOptions {
    std::function<std::unique_ptr<RequestParser>()> make_parser;
    std::function<std::unique_ptr<FrameDecoder>(const FrameDecoderLimits&)> make_decoder;
    /// Of this loop; beyond: 503, and TCP connections are closed. Of TCP connections, and of hub
    /// connections that can do without one for a while.
    std::size_t connections_max = 100'000;
};

/// The connections of one loop: accepts, owns, ticks and buries them, and lends them what they
/// share. Thread: strand; one per loop. `scheduler`, `routes`, `tokens`, `clock` and `log` must
/// outlive it, and it every use of the tokens on a running loop.
class SessionServer final : public TurnEnd {
public:
    SessionServer(OutputScheduler& scheduler, const RouteTable& routes, ConnectionTokens& tokens,
                  const Clock& clock, Log& log, SessionOptions options);
    ~SessionServer() override;

    void accept(std::unique_ptr<Socket> socket);
    /// A connection that another loop accepted, with a request for one of ours.
    void adopt(MovedConnection moved);

    /// No new hub connections from here on (503); those that are there are told to go, evenly over
    /// the window. Everything else is served as before.
    void drain(std::int64_t window_ns = kDrainWindowNs);
    bool draining() const { return draining_; }
    /// Tells every peer to come back later, and closes; new ones are refused by not listening.
    void shut_down();
    /// Ends every connection now.
    void close_all();
    /// TCP connections.
    std::size_t connections() const { return count_; }
    /// Any thread.
    const ConnectionCounters& counters() const { return counters_; }

    // For peers and their protocols.
    Loop& loop() { return scheduler_.loop(); }
    OutputScheduler& scheduler() { return scheduler_; }
    const RouteTable& routes() const { return routes_; }
    ConnectionTokens& tokens() { return tokens_; }
    const Clock& clock() const { return clock_; }
    Log& log() { return log_; }
    HubRequests& hub_requests() { return hub_requests_; }
    ConnectionCounters& counters() { return counters_; }
    void count_end(TransportKind kind, CloseReason reason, std::int64_t opened_ns);
    std::array<char, 64 * 1024>& read_buffer() { return read_buffer_; }
    /// `Date` value (RFC 9110 5.6.7), made once a second.
    const std::string& http_date();
    std::unique_ptr<RequestParser> take_parser();
    void give_back(std::unique_ptr<RequestParser> parser);
    std::unique_ptr<FrameDecoder> take_decoder(const FrameDecoderLimits& limits);
    /// `limits`: those that it was taken for.
    void give_back(std::unique_ptr<FrameDecoder> decoder, const FrameDecoderLimits& limits);
    /// The peer has no deadlines below a second any more.
    void slow_down(Peer& peer);
    /// The peer goes when the turn ends.
    void bury(Peer& peer);

    // Hub connections that requests name. They are ticked every second, and told of drains, until
    // removed.
    void add(const std::string& token, TokenConnection& connection);
    void remove(const std::string& token);
    TokenConnection* find(std::string_view token) const;
    bool full() const { return named_.size() >= options_.connections_max; }
    StandingConnection& own(std::unique_ptr<StandingConnection> connection) {
        return standing_.add(std::move(connection));
    }
    /// Calls the connection's on_turn_end() once.
    void at_turn_end(StandingConnection& connection);
    /// It goes when the turn ends. Once, of one that is owned.
    void bury(StandingConnection& connection);

    void on_turn_end() override;

private:
    void schedule_tick();
    void tick();
    void tick_named(std::int64_t now_ns);
    void go_on_draining();
    void request_turn_end();
    OwnedList<Peer>& list_of(const Peer& peer);
    Peer& take_in(std::unique_ptr<Socket> socket);

    OutputScheduler& scheduler_;
    const RouteTable& routes_;
    ConnectionTokens& tokens_;
    const Clock& clock_;
    Log& log_;
    SessionOptions options_;
    OwnedList<Peer> peers_;       ///< speaking HTTP: their deadlines are looked at every tick
    OwnedList<Peer> slow_peers_;  ///< speaking WebSocket: looked at every kSlowTicks-th tick
    OwnedList<StandingConnection> standing_;
    int ticks_ = 0;
    std::size_t count_ = 0;
    bool ending_ = false;  ///< in the destructor: there is no later turn end
    bool draining_ = false;
    bool shut_down_ = false;
    bool turn_end_requested_ = false;
    std::int64_t drain_begun_ns_ = 0;
    std::int64_t drain_window_ns_ = 0;
    std::uint64_t drain_timer_ = 0;
    std::size_t drain_total_ = 0;  ///< hub connections to tell, and how many were
    std::size_t drain_told_ = 0;
    HubRequests hub_requests_;
    ConnectionCounters counters_;
    std::unordered_map<std::string, TokenConnection*> named_;
    std::vector<TokenConnection*> ticking_;  ///< while they are ticked
    std::vector<StandingConnection*> turn_ending_;
    std::vector<StandingConnection*> dead_standing_;
    std::vector<Peer*> dead_;
    std::vector<std::unique_ptr<RequestParser>> parsers_;
    std::vector<std::pair<FrameDecoderLimits, std::unique_ptr<FrameDecoder>>> decoders_;
    std::string http_date_;
    std::int64_t http_date_s_ = 0;
    std::uint64_t timer_ = 0;
    std::array<char, 64 * 1024> read_buffer_{};
};

}  // namespace hubtrail::transport
