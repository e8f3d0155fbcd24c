#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "host/network.h"
#include "transport/net_loop.h"
#include "transport/outbox.h"

namespace hubtrail::host {

/// The loops of a process, each with its scheduler, and their threads. Thread: main; loops are
/// posted to from any.
class LoopGroup {
public:
    /// `loops` 0: one per core. `gather_ns_max`: see transport/gathering.h; 0: never.
    LoopGroup(Network& network, int loops, std::int64_t gather_ns_max = 0);
    /// Ends the threads; what was posted and has not run is dropped.
    ~LoopGroup();
    LoopGroup(const LoopGroup&) = delete;
    LoopGroup& operator=(const LoopGroup&) = delete;

    std::size_t size() const { return loops_.size(); }
    transport::NetLoop& loop(std::size_t index) { return *loops_[index]->loop; }
    transport::OutputScheduler& scheduler(std::size_t index) { return loops_[index]->scheduler; }
    std::vector<transport::OutputScheduler*> schedulers();

    /// Gives threads to the loops from number `first` on; the others are the caller's to run.
    void start_threads(std::size_t first);
    bool started() const { return !threads_.empty(); }
    /// Returns when the threads have ended.
    void join();
    /// Makes every loop end soon. Any thread.
    void stop();

private:
    struct Entry {
        Entry(std::unique_ptr<transport::NetLoop> made, std::int64_t gather_ns_max)
            : loop(std::move(made)), scheduler(*loop, gather_ns_max) {}
        std::unique_ptr<transport::NetLoop> loop;
        transport::OutputScheduler scheduler;
    };
    std::vector<std::unique_ptr<Entry>> loops_;
    std::vector<std::thread> threads_;
};

}  // namespace hubtrail::host
