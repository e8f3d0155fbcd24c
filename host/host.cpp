#include "host/host.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "transport/http/http_parser.h"
#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::host {
namespace {

using transport::TransportKind;

constexpr std::int64_t kSecondNs = 1'000'000'000;

std::size_t active(const transport::ConnectionCounters& counters) {
    std::int64_t sum = 0;
    for (const auto kind : {TransportKind::web_sockets, TransportKind::server_sent_events,
                            TransportKind::long_polling}) {
        sum += counters.active(kind);
    }
    return static_cast<std::size_t>(std::max<std::int64_t>(sum, 0));
}

}  // namespace

Host::Host(Network& network, std::shared_ptr<LoopGroup> loops, const Clock& clock, Random& random,
           Log& log, HostOptions options)
    : network_(network),
      loops_(std::move(loops)),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      tokens_(random),
      drain_(options_.drain_window_ns) {}

Host::~Host() {
    take_down();
}

void Host::add_site(Site site) {
    sites_.push_back(std::move(site));
}

void Host::start() {
    descriptors_ = network_.descriptors();
    for (std::size_t i = 0; i < loops_->size(); ++i) {
        verifiers_.push_back(options_.make_verifier ? options_.make_verifier() : nullptr);
    }
    std::vector<std::pair<std::size_t, std::size_t>> ranges;  // first place and loops of each site
    for (const auto& site : sites_) {
        const auto loops = site.first_loop_only ? 1 : loops_->size();
        ranges.emplace_back(places_.size(), loops);
        for (std::size_t i = 0; i < loops; ++i) {
            build(site, i, connections_of(site, loops));
        }
    }
    counted_ = ranges.empty() ? 0 : ranges.front().second;
    // The others first: who is told that the server is ready finds all of it.
    addresses_.resize(sites_.size());
    for (std::size_t i = sites_.size(); i-- > 0;) {
        listen(sites_[i], ranges[i].first, ranges[i].second);
    }
}

std::size_t Host::connections_of(const Site& site, std::size_t loops) const {
    const auto most = descriptors_ > 2 * kReservedDescriptors ? descriptors_ - kReservedDescriptors
                                                              : descriptors_ / 2;
    return (site.connections_max > 0 ? site.connections_max : most) / loops + 1;
}

void Host::build(const Site& site, std::size_t loop, std::size_t connections_max) {
    places_.push_back(std::make_unique<Place>());
    auto& place = *places_.back();
    place.loop = loop;
    place.routes.allow_origins(site.endpoint);
    const LoopScope scope{loop, loops_->loop(loop), loops_->scheduler(loop), verifiers_[loop].get(),
                          loops_};
    for (auto* feature : site.features) {
        place.features.push_back(feature->on_loop(scope));
        place.features.back()->add_routes(place.routes);
    }
    if (const auto& conflicts = place.routes.conflicts(); !conflicts.empty()) {
        throw std::logic_error(conflicts.front());
    }
    transport::SessionOptions sessions;
    sessions.make_parser = transport::make_http_parser;
    sessions.make_decoder = transport::make_frame_decoder;
    sessions.connections_max = connections_max;
    place.sessions = std::make_unique<transport::SessionServer>(
        loops_->scheduler(loop), place.routes, tokens_, clock_, log_, std::move(sessions));
    schedule_second(place);
}

void Host::listen(const Site& site, std::size_t first_place, std::size_t loops) {
    auto opened = network_.open_listeners(site.listen, loops);
    if (!opened) {
        throw std::runtime_error(opened.error() + site.advice);
    }
    for (std::size_t i = 0; i < loops; ++i) {
        auto& place = *places_[first_place + i];
        loops_->loop(place.loop)
            .listen(opened->listeners[i], [&place](std::unique_ptr<transport::Socket> socket) {
                place.sessions->accept(std::move(socket));
            });
    }
    const auto index = static_cast<std::size_t>(&site - sites_.data());
    addresses_[index] = std::make_unique<transport::ListenAddress>(std::move(opened->address));
}

void Host::schedule_second(Place& place) {
    auto& loop = loops_->loop(place.loop);
    loop.call_after(kSecondNs, [this, &place, &loop] {
        for (const auto& feature : place.features) {
            feature->on_second(loop.now_ns());
        }
        schedule_second(place);
    });
}

std::vector<const transport::ConnectionCounters*> Host::counters() const {
    std::vector<const transport::ConnectionCounters*> all;
    for (const auto& place : places_) {
        if (place->sessions && all.size() < loops_->size()) {
            all.push_back(&place->sessions->counters());
        }
    }
    return all;
}

void Host::drain_on_signals() {
    auto& loop = loops_->loop(0);
    loop.on_terminate([this, &loop] { act(drain_.on_signal(loop.now_ns())); });
}

void Host::post_stop() {
    auto& loop = loops_->loop(0);
    loop.post([this, &loop] { act(drain_.on_stop(loop.now_ns())); });
}

// On loop 0.
void Host::act(Drain::Action action) {
    if (action == Drain::Action::none) {
        return;
    }
    if (!draining_.exchange(true)) {
        log_.info("stopping", {{"advice", "a second signal ends at once"}});
    }
    if (action == Drain::Action::send_away) {
        post_each([window = drain_.window_ns()](Place& place) { place.sessions->drain(window); });
        look_later();
    } else if (action == Drain::Action::say_goodbye) {
        for (std::size_t i = 0; i < loops_->size(); ++i) {
            loops_->loop(i).stop_listening();
        }
        post_each([](Place& place) {
            for (const auto& feature : place.features) {
                feature->on_goodbye();
            }
            place.sessions->shut_down();
        });
        look_later();
    } else {
        loops_->stop();
    }
}

void Host::look_later() {
    if (std::exchange(looking_, true)) {
        return;
    }
    auto& loop = loops_->loop(0);
    loop.call_after(kDrainLookNs, [this, &loop] {
        looking_ = false;
        act(drain_.on_look(loop.now_ns(), count()));
        if (drain_.state() != Drain::State::stopped) {
            post_each([](Place&) {});
            look_later();
        }
    });
}

Drain::Counts Host::count() const {
    Drain::Counts counts;
    for (std::size_t i = 0; i < counted_; ++i) {
        counts.connections += places_[i]->connections.load(std::memory_order_relaxed);
        counts.hub_connections += active(places_[i]->sessions->counters());
    }
    return counts;
}

// Each loop does it to its own, and then says how many are left.
void Host::post_each(const std::function<void(Place&)>& work) {
    for (const auto& place : places_) {
        loops_->loop(place->loop).post([place = place.get(), work] {
            work(*place);
            place->connections.store(place->sessions->connections(), std::memory_order_relaxed);
        });
    }
}

void Host::take_down() {
    loops_->stop();
    loops_->join();
    for (auto site = sites_.rbegin(); site != sites_.rend(); ++site) {
        for (auto feature = site->features.rbegin(); feature != site->features.rend(); ++feature) {
            (*feature)->stop();
        }
    }
    // Connections first: what they are told about it is the features'.
    for (const auto& place : places_) {
        place->sessions.reset();
    }
    for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
        while (!(*place)->features.empty()) {
            (*place)->features.pop_back();
        }
    }
    places_.clear();
    sites_.clear();
}

}  // namespace hubtrail::host
