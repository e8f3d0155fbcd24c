#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "host/host.h"
#include "host/log/log_features.h"
#include "hub/code/hub.h"
#include "hub/code/methods.h"
#include "hub/host/code_hubs.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_log_service.h"
#include "tests/support/fake_log_store.h"
#include "tests/support/simulated_network.h"
#include "tests/unit/transport_session/client_bytes.h"

namespace hubtrail::host {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline const std::string kHandshake = "{\"protocol\":\"json\",\"version\":1}\x1e";

/// Believes every token. Thread: strand.
class Believer final : public auth::TokenVerifier {
public:
    Result<std::shared_ptr<const auth::Principal>, auth::TokenError> verify(
        std::string_view token) override {
        auto user = std::make_shared<auth::Principal>();
        user->tenant = "t";
        user->subject = token;
        user->scopes = {"events.read", "events.write"};
        user->sites["*"] = auth::SiteRole::admin;
        return std::shared_ptr<const auth::Principal>(std::move(user));
    }
};

struct AddHub : hub::Hub {
    int add(int a, int b) { return a + b; }
    static void methods(hub::Methods<AddHub>& hub) { hub.add("Add", &AddHub::add); }
};

inline hub::LogHubConfig changes_hub(std::string path) {
    hub::LogHubConfig config;
    config.path = std::move(path);
    config.scopes = {"events.read"};
    config.site_required = false;
    return config;
}

/// A whole server on two loops, with a log in memory, hubs of it and of code, REST and health.
struct Simulation {
    Simulation() {
        service.on_commit = [this](const auto& batch) { events.on_commit(batch); };
        auto& definition = code.define(typeid(AddHub), "AddHub");
        definition.create = [] { return std::make_unique<AddHub>(); };
        hub::Methods<AddHub> methods(definition);
        AddHub::methods(methods);
        code.add_route(definition, "/add");
        site.listen = "simulated";
        site.features = {&events, &rest, &health, &changes, &code};
    }

    // What the health check refers to is the host's, so the host ends first.
    ~Simulation() { host.take_down(); }
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    void start() {
        code.seal();
        host.add_site(site);
        host.start();
        host.drain_on_signals();
    }
    /// Until clients, loops and log have nothing to do.
    void settle() {
        do {
            network.settle();
        } while (service.run() > 0);
    }
    void advance(std::int64_t ns) {
        network.advance(ns);
        settle();
    }
    std::string say(transport::Wire& wire, std::string_view bytes) {
        wire.incoming.append(bytes);
        settle();
        return std::exchange(wire.sent, {});
    }
    void signal() {
        network.loops[0]->terminate();
        settle();
    }
    // Loops take turns here, so that one hears of another a look later.
    void look_again(int times) {
        for (int i = 0; i < times; ++i) {
            advance(kDrainLookNs);
        }
    }
    std::shared_ptr<transport::Wire> watcher(std::size_t loop) {
        auto wire = network.connect(loop);
        CHECK_THAT(say(*wire, transport::upgrade_request("/changes?access_token=a")),
                   Catch::Matchers::Contains(" 101 "));
        CHECK_THAT(say(*wire, transport::text_frame(kHandshake)),
                   Catch::Matchers::Contains("{}\x1e"));
        return wire;
    }

    FakeClock clock;
    SeededRandom random{9};
    std::unique_ptr<Log> log = make_null_log();
    SimulatedNetwork network;
    std::shared_ptr<LoopGroup> loops = std::make_shared<LoopGroup>(network, 2);
    storage::FakeLogStore store;
    storage::FakeLogService service{store, clock};
    protocol::CursorCodec codec{std::string(32, 'k')};
    LogFeature events{{service, codec, clock, random, *log}};
    RestFeature rest{events};
    LogHubFeature changes{events, changes_hub("/changes"), "the hub of changes"};
    hub::CodeHubs code{*loops, clock, random, *log, {}};
    Site site;
    Host host{network, loops, clock,
              random,  *log,  {5 * kSecond, [] { return std::make_unique<Believer>(); }}};
    HealthFeature health{service, host.draining()};
};

}  // namespace hubtrail::host
