#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "auth/token_verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "host/drain.h"
#include "host/feature.h"
#include "host/loop_group.h"
#include "host/network.h"
#include "transport/endpoint_options.h"
#include "transport/session/session_server.h"

namespace hubtrail::host {

/// Descriptors kept for files, databases, listeners and what the program opens itself.
inline constexpr std::uint64_t kReservedDescriptors = 512;
inline constexpr std::int64_t kDrainLookNs = 20'000'000;  ///< how often a drain looks who is left

/// An address and what is served there. Features must outlive the host.
struct Site {
    std::string listen;
    std::string advice;  ///< behind the error when it cannot listen there
    std::vector<Feature*> features = {};
    std::size_t connections_max = 0;  ///< of all loops; 0: what the limit of descriptors allows
    bool first_loop_only = false;
    /// Pages of which other origins may use what is no hub.
    transport::EndpointOptions endpoint = {};
};

struct HostOptions {
    std::int64_t drain_window_ns =
        5'000'000'000;  ///< over which a terminated server sends its clients away
    /// Called once for each loop; null, or what it returns: everybody is a stranger.
    std::function<std::unique_ptr<auth::TokenVerifier>()> make_verifier = nullptr;
};

/// One server: sites, each with its features on its loops, and how all of it comes up and goes
/// down. The first site is the one that a drain waits for. Thread: main; counters from any.
class Host {
public:
    Host(Network& network, std::shared_ptr<LoopGroup> loops, const Clock& clock, Random& random,
         Log& log, HostOptions options);
    /// Stops and takes down.
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// Before start().
    void add_site(Site site);

    /// Builds every feature on its loops, then listens. Throws std::logic_error for what was put
    /// together wrongly, two owners of one path included, and std::runtime_error for what the
    /// machine refuses.
    void start();
    /// The real address of a site, in order of adding. After start().
    const transport::ListenAddress& address(std::size_t site) const { return *addresses_.at(site); }

    /// From here on SIGINT and SIGTERM drain the server.
    void drain_on_signals();
    /// Says goodbye to everybody without a window, and ends the loops. Any thread, while they run.
    void post_stop();
    /// Set from the first signal or stop on. Any thread.
    const std::atomic<bool>& draining() const { return draining_; }
    /// Of the first site, one for each loop. After its features were built.
    std::vector<const transport::ConnectionCounters*> counters() const;

    /// Ends threads, connections and features. Nothing runs after it.
    void take_down();

private:
    /// One site on one loop.
    struct Place {
        std::vector<std::unique_ptr<LoopFeature>> features;
        transport::RouteTable routes;
        std::unique_ptr<transport::SessionServer> sessions;
        std::size_t loop = 0;
        std::atomic<std::size_t> connections{0};
    };

    std::size_t connections_of(const Site& site, std::size_t loops) const;
    void build(const Site& site, std::size_t loop, std::size_t connections_max);
    void listen(const Site& site, std::size_t first_place, std::size_t loops);
    void schedule_second(Place& place);
    void act(Drain::Action action);
    void look_later();
    Drain::Counts count() const;
    void post_each(const std::function<void(Place&)>& work);

    Network& network_;
    std::shared_ptr<LoopGroup> loops_;  ///< owned with threads that post to them
    const Clock& clock_;
    Log& log_;
    HostOptions options_;
    transport::ConnectionTokens tokens_;
    std::vector<Site> sites_;
    std::vector<std::unique_ptr<auth::TokenVerifier>> verifiers_;  ///< one for each loop
    std::vector<std::unique_ptr<Place>> places_;                   ///< site by site
    std::vector<std::unique_ptr<transport::ListenAddress>> addresses_;
    std::size_t counted_ = 0;  ///< places of the first site
    std::uint64_t descriptors_ = 0;
    std::atomic<bool> draining_{false};
    // On loop 0.
    Drain drain_;
    bool looking_ = false;
};

}  // namespace hubtrail::host
