#include "clients/cpp-sync/stop_signal.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace hubtrail::sync {
namespace {

constexpr std::int64_t kPollSliceMs = 60'000;

}  // namespace

StopSignal::StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    HUBTRAIL_CHECK(descriptor_ >= 0, "eventfd");
}

StopSignal::~StopSignal() {
    close(descriptor_);
}

void StopSignal::request() noexcept {
    const int saved = errno;
    requested_.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    // A full counter is as readable as a fresh one, so a failed write loses nothing.
    [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
    errno = saved;
}

Pause::Woken StopPause::wait(std::int64_t milliseconds) {
    const SystemClock clock;
    const auto deadline = steady_ms(clock) + milliseconds;
    while (!stop_.requested()) {
        const auto left = deadline - steady_ms(clock);
        if (left <= 0) {
            return Woken::by_time;
        }
        pollfd waiter{stop_.descriptor(), POLLIN, 0};
        poll(&waiter, 1, static_cast<int>(std::min(left, kPollSliceMs)));
    }
    return Woken::by_stop;
}

void StopPause::wait_after_stop(std::int64_t milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

}  // namespace hubtrail::sync
