#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/network.h"
#include "tests/support/fake_loop.h"
#include "tests/support/wire.h"

namespace hubtrail::host {

/// A loop of a simulated process: turns when the test says so. Thread: strand.
class SimulatedLoop final : public transport::NetLoop {
public:
    explicit SimulatedLoop(int index) : index_(index) {}

    void post(transport::Task task) override { fake.post(std::move(task)); }
    std::uint64_t call_after(std::int64_t delay_ns, transport::Task task) override {
        return fake.call_after(delay_ns, std::move(task));
    }
    void cancel(std::uint64_t timer_id) override { fake.cancel(timer_id); }
    std::int64_t now_ns() const override { return fake.now_ns(); }
    transport::LoopWork work() const override { return fake.work(); }
    void at_turn_end(transport::TurnEnd& hook) override { fake.at_turn_end(hook); }
    int index() const override { return index_; }

    void listen(int listener, transport::AcceptHandler on_accept) override {
        acceptors[listener] = std::move(on_accept);
    }
    void stop_listening() override { acceptors.clear(); }
    void run() override {}
    void stop() override {
        stopped = true;
        fake.stop();
    }
    void on_terminate(std::function<void()> function) override { terminate = std::move(function); }

    transport::FakeLoop fake;
    std::map<int, transport::AcceptHandler> acceptors;  ///< by listener
    std::function<void()> terminate;                    ///< a signal
    bool stopped = false;

private:
    int index_;
};

/// A machine with as many loops as are asked for, in the test's own thread and time. A listener's
/// number is its port times 100 and its loop's number. Thread: strand. Must outlive its loops' use.
class SimulatedNetwork final : public Network {
public:
    std::unique_ptr<transport::NetLoop> make_loop(int index) override {
        auto made = std::make_unique<SimulatedLoop>(index);
        loops.push_back(made.get());
        return made;
    }
    Result<Listeners, std::string> open_listeners(const std::string& address,
                                                  std::size_t count) override {
        if (address == taken) {
            return Failure{std::string(address + " is taken")};
        }
        Listeners made{{"simulated", ++last_port_}, {}};
        for (std::size_t i = 0; i < count; ++i) {
            made.listeners.push_back(last_port_ * 100 + static_cast<int>(i));
        }
        return made;
    }
    std::uint64_t descriptors() override { return 10'000; }

    /// Turns of all loops until nothing happens any more, whatever clients and server have to say.
    void settle() {
        bool moved = true;
        for (int round = 0; moved && round < 10'000; ++round) {
            moved = false;
            for (auto* loop : loops) {
                moved = loop->fake.run() > 0 || moved;
            }
            for (const auto& wire : wires) {
                moved = wire->poke() || moved;
            }
        }
    }
    void advance(std::int64_t ns) {
        settle();
        for (auto* loop : loops) {
            loop->fake.advance(ns);
        }
        settle();
    }
    /// A client of the loop's listener; null when nobody listens.
    std::shared_ptr<transport::Wire> connect(std::size_t loop, std::uint16_t port = 1) {
        const auto found = loops[loop]->acceptors.find(port * 100 + static_cast<int>(loop));
        if (found == loops[loop]->acceptors.end()) {
            return nullptr;
        }
        wires.push_back(std::make_shared<transport::Wire>());
        found->second(std::make_unique<transport::WireSocket>(wires.back()));
        settle();
        return wires.back();
    }
    /// Sends, and returns what came since the last call.
    std::string talk(transport::Wire& wire, std::string_view bytes) {
        wire.incoming.append(bytes);
        settle();
        return std::exchange(wire.sent, {});
    }
    bool stopped() const {
        return std::all_of(loops.begin(), loops.end(),
                           [](const auto* loop) { return loop->stopped; });
    }

    std::vector<SimulatedLoop*> loops;
    std::vector<std::shared_ptr<transport::Wire>> wires;  ///< owned with the tests' clients
    std::string taken;                                    ///< nobody can listen here

private:
    std::uint16_t last_port_ = 0;
};

}  // namespace hubtrail::host
