#include "transport/session/session_server.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace hubtrail::transport {
namespace {
constexpr std::size_t kSpareCodecsMax = 16;
constexpr std::int64_t kDrainStepNs = 100'000'000;

EndStatus end_status(CloseReason reason, bool draining) {
    if (reason == CloseReason::stalled) {
        return EndStatus::timeout;
    }
    return reason == CloseReason::we_closed && draining ? EndStatus::app_shutdown
                                                        : EndStatus::normal_closure;
}
}  // namespace

SessionServer::SessionServer(OutputScheduler& scheduler, const RouteTable& routes,
                             ConnectionTokens& tokens, const Clock& clock, Log& log,
                             SessionOptions options)
    : scheduler_(scheduler),
      routes_(routes),
      tokens_(tokens),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      hub_requests_(*this) {
    schedule_tick();
}

SessionServer::~SessionServer() {
    loop().cancel(timer_);
    loop().cancel(drain_timer_);
    ending_ = true;
    close_all();
    on_turn_end();
}

Peer& SessionServer::take_in(std::unique_ptr<Socket> socket) {
    ++count_;
    return peers_.add(std::make_unique<Peer>(*this, std::move(socket)));
}

void SessionServer::accept(std::unique_ptr<Socket> socket) {
    auto& peer = take_in(std::move(socket));
    auto protocol = std::make_unique<HttpProtocol>(peer);
    auto& http = *protocol;
    peer.start(std::move(protocol));
    if (count_ > options_.connections_max) {
        http.refuse(503, "too-many-connections", "this server is full, try again later");
    }
}

void SessionServer::adopt(MovedConnection moved) {
    moved.socket->attach(loop());
    auto& peer = take_in(std::move(moved.socket));
    auto protocol = std::make_unique<HttpProtocol>(peer);
    auto& http = *protocol;
    peer.start(std::move(protocol));
    if (peer.closed()) {
        return;
    }
    if (shut_down_) {
        peer.shut_down();
    }
    http.go_on(std::move(moved));
}

void SessionServer::drain(std::int64_t window_ns) {
    if (std::exchange(draining_, true)) {
        return;
    }
    drain_begun_ns_ = loop().now_ns();
    drain_window_ns_ = window_ns;
    drain_total_ = static_cast<std::size_t>(std::count_if(
        named_.begin(), named_.end(), [](const auto& entry) { return !entry.second->has_peer(); }));
    for (auto* peer = slow_peers_.first(); peer != nullptr; peer = peer->next()) {
        ++drain_total_;
    }
    go_on_draining();
}

// As many as the time that has passed is of the window; the last at its end.
void SessionServer::go_on_draining() {
    const auto passed = loop().now_ns() - drain_begun_ns_;
    const bool all = passed >= drain_window_ns_;
    const auto due = all ? drain_total_
                         : static_cast<std::size_t>(static_cast<double>(drain_total_) *
                                                    static_cast<double>(passed) /
                                                    static_cast<double>(drain_window_ns_));
    for (auto* peer = slow_peers_.first(); peer != nullptr && (all || drain_told_ < due);
         peer = peer->next()) {
        if (!peer->shutdown_told_) {
            ++drain_told_;
            peer->shut_down();
        }
    }
    ticking_.clear();
    for (const auto& [token, connection] : named_) {
        ticking_.push_back(connection);
    }
    for (auto* connection : ticking_) {
        if ((all || drain_told_ < due) && connection->on_drain()) {
            ++drain_told_;
        }
    }
    if (!all) {
        drain_timer_ = loop().call_after(kDrainStepNs, [this] { go_on_draining(); });
    }
}

void SessionServer::shut_down() {
    draining_ = true;
    shut_down_ = true;
    loop().cancel(drain_timer_);
    drain_window_ns_ = 0;
    go_on_draining();
    for (auto* peer = peers_.first(); peer != nullptr; peer = peer->next()) {
        peer->shut_down();
    }
}

void SessionServer::close_all() {
    for (auto* list : {&peers_, &slow_peers_}) {
        for (auto* peer = list->first(); peer != nullptr; peer = peer->next()) {
            peer->abort(CloseReason::we_closed);
        }
    }
    while (!named_.empty()) {
        auto& [token, connection] = *named_.begin();
        connection->close_now();
    }
}

const std::string& SessionServer::http_date() {
    const auto now_s = clock_.wall_us() / 1'000'000;
    if (now_s != http_date_s_) {
        http_date_s_ = now_s;
        const std::time_t time = now_s;
        std::tm parts{};
        gmtime_r(&time, &parts);
        std::array<char, 40> text{};
        const auto size =
            std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        http_date_.assign(text.data(), size);
    }
    return http_date_;
}

std::unique_ptr<RequestParser> SessionServer::take_parser() {
    if (parsers_.empty()) {
        return options_.make_parser();
    }
    auto parser = std::move(parsers_.back());
    parsers_.pop_back();
    return parser;
}

void SessionServer::give_back(std::unique_ptr<RequestParser> parser) {
    // One that holds part of a request belongs to its peer and goes with it.
    if (parser && !parser->started() && parsers_.size() < kSpareCodecsMax) {
        parsers_.push_back(std::move(parser));
    }
}

std::unique_ptr<FrameDecoder> SessionServer::take_decoder(const FrameDecoderLimits& limits) {
    const auto spare =
        std::find_if(decoders_.rbegin(), decoders_.rend(),
                     [&](const auto& candidate) { return candidate.first == limits; });
    if (spare == decoders_.rend()) {
        return options_.make_decoder(limits);
    }
    std::swap(*spare, decoders_.back());
    auto decoder = std::move(decoders_.back().second);
    decoders_.pop_back();
    return decoder;
}

void SessionServer::give_back(std::unique_ptr<FrameDecoder> decoder,
                              const FrameDecoderLimits& limits) {
    if (decoder && decoders_.size() < kSpareCodecsMax) {
        decoder->reset();
        decoders_.emplace_back(limits, std::move(decoder));
    }
}

void SessionServer::count_end(TransportKind kind, CloseReason reason, std::int64_t opened_ns) {
    counters_.ended(kind, end_status(reason, draining_), loop().now_ns() - opened_ns);
}

void SessionServer::add(const std::string& token, TokenConnection& connection) {
    named_[token] = &connection;
}

void SessionServer::remove(const std::string& token) {
    named_.erase(token);
}

TokenConnection* SessionServer::find(std::string_view token) const {
    const auto found = named_.find(std::string(token));
    return found == named_.end() ? nullptr : found->second;
}

void SessionServer::at_turn_end(StandingConnection& connection) {
    turn_ending_.push_back(&connection);
    request_turn_end();
}

void SessionServer::bury(StandingConnection& connection) {
    dead_standing_.push_back(&connection);
    request_turn_end();
}

void SessionServer::bury(Peer& peer) {
    dead_.push_back(&peer);
    request_turn_end();
}

void SessionServer::request_turn_end() {
    if (!ending_ && !std::exchange(turn_end_requested_, true)) {
        loop().at_turn_end(*this);
    }
}

// Indexed: what ends may end others. The living first, since a connection may be both here and
// dead.
void SessionServer::on_turn_end() {
    turn_end_requested_ = false;
    for (std::size_t i = 0; i < turn_ending_.size(); ++i) {
        turn_ending_[i]->on_turn_end();
    }
    turn_ending_.clear();
    for (std::size_t i = 0; i < dead_.size(); ++i) {
        list_of(*dead_[i]).take(*dead_[i]).reset();
        --count_;
    }
    dead_.clear();
    // A carrier's end may be that of its connection.
    for (std::size_t i = 0; i < dead_standing_.size(); ++i) {
        standing_.take(*dead_standing_[i]).reset();
    }
    dead_standing_.clear();
}

void SessionServer::schedule_tick() {
    timer_ = loop().call_after(kTickNs, [this] {
        tick();
        schedule_tick();
    });
}

void SessionServer::tick() {
    const auto now = loop().now_ns();
    for (auto* peer = peers_.first(); peer != nullptr; peer = peer->next()) {
        peer->tick(now);
    }
    if (++ticks_ % kSlowTicks == 0) {
        for (auto* peer = slow_peers_.first(); peer != nullptr; peer = peer->next()) {
            peer->tick(now);
        }
        tick_named(now);
    }
}

// A connection that ends meanwhile lives until the turn does.
void SessionServer::tick_named(std::int64_t now_ns) {
    ticking_.clear();
    for (const auto& [token, connection] : named_) {
        ticking_.push_back(connection);
    }
    for (auto* connection : ticking_) {
        connection->on_second(now_ns);
    }
}

OwnedList<Peer>& SessionServer::list_of(const Peer& peer) {
    return peer.slow_ ? slow_peers_ : peers_;
}

void SessionServer::slow_down(Peer& peer) {
    auto owned = list_of(peer).take(peer);
    peer.slow_ = true;
    list_of(peer).add(std::move(owned));
}

}  // namespace hubtrail::transport
