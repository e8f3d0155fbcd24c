#include "host/loop_group.h"

#include <algorithm>
#include <string>

#include <pthread.h>

namespace hubtrail::host {

LoopGroup::LoopGroup(Network& network, int loops, std::int64_t gather_ns_max) {
    const auto count = loops > 0 ? static_cast<unsigned>(loops)
                                 : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) {
        loops_.push_back(
            std::make_unique<Entry>(network.make_loop(static_cast<int>(i)), gather_ns_max));
    }
}

LoopGroup::~LoopGroup() {
    stop();
    join();
}

std::vector<transport::OutputScheduler*> LoopGroup::schedulers() {
    std::vector<transport::OutputScheduler*> all;
    for (const auto& entry : loops_) {
        all.push_back(&entry->scheduler);
    }
    return all;
}

void LoopGroup::start_threads(std::size_t first) {
    for (std::size_t i = first; i < loops_.size(); ++i) {
        threads_.emplace_back([loop = loops_[i]->loop.get()] { loop->run(); });
        pthread_setname_np(threads_.back().native_handle(), ("loop-" + std::to_string(i)).c_str());
    }
}

void LoopGroup::join() {
    for (auto& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

void LoopGroup::stop() {
    for (const auto& entry : loops_) {
        entry->loop->stop();
    }
}

}  // namespace hubtrail::host
