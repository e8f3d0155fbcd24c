#include "tests/support/fake_loop.h"

#include <algorithm>

namespace hubtrail::transport {

void FakeLoop::post(Task task) {
    {
        const MutexLock lock(mutex_);
        if (stopped_) {
            return;
        }
        posted_.push_back(std::move(task));
    }
    changed_.notify_all();
}

std::uint64_t FakeLoop::call_after(std::int64_t delay_ns, Task task) {
    const auto id = ++last_timer_id_;
    const auto due_ns = now_ns_ + std::max<std::int64_t>(delay_ns, 0);
    timers_.emplace(std::pair(due_ns, id), std::move(task));
    due_by_id_.emplace(id, due_ns);
    return id;
}

void FakeLoop::cancel(std::uint64_t timer_id) {
    const auto found = due_by_id_.find(timer_id);
    if (found != due_by_id_.end()) {
        timers_.erase(std::pair(found->second, timer_id));
        due_by_id_.erase(found);
    }
}

std::size_t FakeLoop::run_turn() {
    std::vector<Task> tasks;
    {
        const MutexLock lock(mutex_);
        tasks.swap(posted_);
    }
    for (auto& task : tasks) {
        task();
        task = nullptr;  // what it owns goes before the next task runs, as on a real loop
    }
    end_turn();
    return tasks.size();
}

std::size_t FakeLoop::run() {
    std::size_t ran = 0;
    while (posted() > 0 || !hooks_.empty()) {
        ran += run_turn();
    }
    return ran;
}

void FakeLoop::advance(std::int64_t delay_ns) {
    const auto until_ns = now_ns_ + delay_ns;
    run();
    while (!timers_.empty() && timers_.begin()->first.first <= until_ns) {
        const auto first = timers_.begin();
        now_ns_ = std::max(now_ns_, first->first.first);
        const Task task = std::move(first->second);
        due_by_id_.erase(first->first.second);
        timers_.erase(first);
        task();
        end_turn();
        run();
    }
    now_ns_ = std::max(now_ns_, until_ns);
}

void FakeLoop::wait_until_posted() {
    const MutexLock lock(mutex_);
    while (posted_.empty()) {
        changed_.wait(mutex_);
    }
}

void FakeLoop::stop() {
    const MutexLock lock(mutex_);
    stopped_ = true;
    posted_.clear();
}

std::size_t FakeLoop::posted() const {
    const MutexLock lock(mutex_);
    return posted_.size();
}

void FakeLoop::end_turn() {
    // A hook may ask again: then it is the next turn's.
    std::vector<TurnEnd*> hooks;
    hooks.swap(hooks_);
    for (auto* hook : hooks) {
        hook->on_turn_end();
    }
}

}  // namespace hubtrail::transport
