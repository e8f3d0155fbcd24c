#include "transport/session/session_server.h"

#include <ctime>
#include <utility>

#include "transport/session/http_protocol.h"

namespace hubtrail::transport {
namespace {
constexpr std::size_t kSpareCodecsMax = 16;
}

SessionServer::SessionServer(OutputScheduler& scheduler, const Router& router,
                             ConnectionTokens& tokens, const Clock& clock, Log& log,
                             SessionOptions options)
    : scheduler_(scheduler),
      router_(router),
      tokens_(tokens),
      clock_(clock),
      log_(log),
      options_(std::move(options)) {
    schedule_tick();
}

SessionServer::~SessionServer() {
    loop().cancel(timer_);
    ending_ = true;
    close_all();
    on_turn_end();
}

void SessionServer::accept(std::unique_ptr<Socket> socket) {
    auto* peer = new Peer(*this, std::move(socket));
    link(*peer, first_);
    ++count_;
    auto protocol = std::make_unique<HttpProtocol>(*peer);
    auto& http = *protocol;
    peer->start(std::move(protocol));
    if (count_ > options_.connections_max) {
        http.refuse(503, "too-many-connections", "this server is full, try again later");
    }
}

void SessionServer::shut_down() {
    for (auto* list : {first_, first_slow_}) {
        for (auto* peer = list; peer != nullptr; peer = peer->next_) {
            peer->shut_down();
        }
    }
}

void SessionServer::close_all() {
    for (auto* list : {first_, first_slow_}) {
        for (auto* peer = list; peer != nullptr; peer = peer->next_) {
            peer->abort(CloseReason::we_closed);
        }
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

std::unique_ptr<FrameDecoder> SessionServer::take_decoder() {
    if (decoders_.empty()) {
        return options_.make_decoder();
    }
    auto decoder = std::move(decoders_.back());
    decoders_.pop_back();
    return decoder;
}

void SessionServer::give_back(std::unique_ptr<FrameDecoder> decoder) {
    if (decoder && decoders_.size() < kSpareCodecsMax) {
        decoder->reset();
        decoders_.push_back(std::move(decoder));
    }
}

void SessionServer::bury(Peer& peer) {
    if (dead_.empty() && !ending_) {
        loop().at_turn_end(*this);
    }
    dead_.push_back(&peer);
}

void SessionServer::on_turn_end() {
    // Indexed: a handler that goes may close others.
    for (std::size_t i = 0; i < dead_.size(); ++i) {
        unlink(*dead_[i]);
        delete dead_[i];
        --count_;
    }
    dead_.clear();
}

void SessionServer::schedule_tick() {
    timer_ = loop().call_after(kTickNs, [this] {
        tick();
        schedule_tick();
    });
}

void SessionServer::tick() {
    const auto now = loop().now_ns();
    for (auto* peer = first_; peer != nullptr; peer = peer->next_) {
        peer->tick(now);
    }
    if (++ticks_ % kSlowTicks == 0) {
        for (auto* peer = first_slow_; peer != nullptr; peer = peer->next_) {
            peer->tick(now);
        }
    }
}

void SessionServer::slow_down(Peer& peer) {
    unlink(peer);
    peer.slow_ = true;
    link(peer, first_slow_);
}

void SessionServer::link(Peer& peer, Peer*& list) {
    peer.previous_ = nullptr;
    peer.next_ = list;
    if (list != nullptr) {
        list->previous_ = &peer;
    }
    list = &peer;
}

void SessionServer::unlink(Peer& peer) {
    auto*& list = peer.slow_ ? first_slow_ : first_;
    (peer.previous_ != nullptr ? peer.previous_->next_ : list) = peer.next_;
    if (peer.next_ != nullptr) {
        peer.next_->previous_ = peer.previous_;
    }
}

}  // namespace hubtrail::transport
