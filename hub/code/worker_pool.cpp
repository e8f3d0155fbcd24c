#include "hub/code/worker_pool.h"

namespace hubtrail::hub {

bool WorkerPool::submit(std::function<void()> function) {
    {
        const MutexLock lock(mutex_);
        if (stopped_ || queue_.size() >= kWorkerQueueMax) {
            return false;
        }
        queue_.push_back(std::move(function));
        if (idle_ < queue_.size() && threads_.size() < threads_max_) {
            threads_.emplace_back([this] { work(); });
        }
    }
    changed_.notify_one();
    return true;
}

void WorkerPool::stop() {
    std::vector<std::thread> threads;
    std::deque<std::function<void()>> dropped;
    {
        const MutexLock lock(mutex_);
        stopped_ = true;
        threads.swap(threads_);
        dropped.swap(queue_);
    }
    changed_.notify_all();
    for (auto& thread : threads) {
        thread.join();
    }
}

void WorkerPool::work() {
    for (;;) {
        std::function<void()> function;
        {
            const MutexLock lock(mutex_);
            ++idle_;
            while (!stopped_ && queue_.empty()) {
                changed_.wait(mutex_);
            }
            --idle_;
            if (stopped_) {
                return;
            }
            function = std::move(queue_.front());
            queue_.pop_front();
        }
        function();
    }
}

}  // namespace hubtrail::hub
