#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace hubtrail::rest {

/// Tells a reader that stands at the head of a log that there is more to read.
/// Thread: strand. One per loop.
class TailWatch {
public:
    virtual ~TailWatch() = default;

    /// Calls `wake` once, on this loop, when this loop is told of a commit of the tenant beyond
    /// `after_pos`; never within this call. Commits told before are not remembered: register first,
    /// then read. Returns an id for cancel(), never 0.
    virtual std::uint64_t wait_for_commit(const std::string& tenant, std::int64_t after_pos,
                                          std::function<void()> wake) = 0;

    /// Forgets a waiter: its `wake` is not called any more. An id that was woken or cancelled is
    /// ignored.
    virtual void cancel(std::uint64_t id) = 0;
};

}  // namespace hubtrail::rest
