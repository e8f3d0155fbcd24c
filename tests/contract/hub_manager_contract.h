#pragma once
// What the tests of every HubManager share: clients in two places, and sends that are waited for.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>

#include "tests/contract/hub_places.h"
#include "tests/support/catch.h"
#include "tests/support/hub_client.h"

namespace hubtrail::hub::contract {

using Names = std::vector<std::string>;

/// A hub under test and its clients. Thread: strand.
template <typename Under>
class World {
public:
    World() {
        if (under.usable()) {
            under.wait_until_connected();
        }
    }
    explicit operator bool() { return under.usable(); }

    /// Turns everything until it is so; fails the test if it does not become so.
    void until(const std::function<bool()>& condition) {
        const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        for (;;) {
            const bool ran = under.turn();
            for (const auto& peer : peers_) {
                peer->end_if_aborted();
            }
            if (condition()) {
                return;
            }
            REQUIRE(std::chrono::steady_clock::now() < last);
            if (!ran) {
                ::poll(nullptr, 0, 1);
            }
        }
    }

    HubClient& connect(std::size_t place, std::string id, std::string user = {},
                       std::string_view protocol = "json") {
        peers_.push_back(std::make_unique<HubClient>(under.manager(place), under.loop(place),
                                                     std::move(id), std::move(user), protocol));
        auto& peer = *peers_.back();
        until([&] { return peer.ready; });
        return peer;
    }

    /// Sends and waits for the end of it; returns the error.
    std::string send(std::size_t place, Recipients to, std::string_view target) {
        return wait_for([&](HubManager::Done done) {
            under.manager(place).send(&under.loop(place).loop, std::move(to),
                                      make_invocation(target), std::move(done));
        });
    }
    std::string to_all(std::size_t place, std::string_view target, Names except = {}) {
        return send(place, {Recipients::Kind::all, {}, std::move(except)}, target);
    }
    std::string to_groups(std::size_t place, Names groups, std::string_view target,
                          Names except = {}) {
        return send(place, {Recipients::Kind::groups, std::move(groups), std::move(except)},
                    target);
    }
    std::string to_users(std::size_t place, Names users, std::string_view target) {
        return send(place, {Recipients::Kind::users, std::move(users), {}}, target);
    }
    std::string to_connections(std::size_t place, Names ids, std::string_view target) {
        return send(place, {Recipients::Kind::connections, std::move(ids), {}}, target);
    }
    std::string add_to_group(std::size_t place, std::string id, std::string group) {
        return wait_for([&](HubManager::Done done) {
            under.manager(place).add_to_group(&under.loop(place).loop, std::move(id),
                                              std::move(group), std::move(done));
        });
    }
    std::string remove_from_group(std::size_t place, std::string id, std::string group) {
        return wait_for([&](HubManager::Done done) {
            under.manager(place).remove_from_group(&under.loop(place).loop, std::move(id),
                                                   std::move(group), std::move(done));
        });
    }
    /// What the peer got, once all that was sent before has arrived.
    Names got(const HubClient& peer) {
        fence();
        auto names = peer.targets();
        std::erase_if(names, [](const std::string& name) { return name.starts_with("fence"); });
        return names;
    }

    Under under;

private:
    std::string wait_for(const std::function<void(HubManager::Done)>& start) {
        std::optional<std::string> end;
        start([&end](std::string_view error) { end.emplace(error); });
        until([&] { return end.has_value(); });
        return *end;
    }
    // What one caller sends arrives in order, so a message to everybody shows that the ones before
    // it have.
    void fence() {
        ++fences_;
        for (std::size_t place = 0; place < Places::kPlaces; ++place) {
            const auto name = "fence" + std::to_string(fences_) + "." + std::to_string(place);
            CHECK(to_all(place, name).empty());
            until([&] {
                return std::all_of(peers_.begin(), peers_.end(), [&](const auto& peer) {
                    const auto names = peer->targets();
                    return peer->ended() || peer->connection.outbox().blocked() ||
                           std::find(names.begin(), names.end(), name) != names.end();
                });
            });
        }
    }

    std::vector<std::unique_ptr<HubClient>> peers_;
    int fences_ = 0;
};

}  // namespace hubtrail::hub::contract
