#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>

#include "rest/tail_watch.h"

namespace hubtrail::rest {

/// The TailWatch of one loop, fed by the server with every commit.
/// Thread: strand.
class CommitWatch final : public TailWatch {
public:
    std::uint64_t wait_for_commit(const std::string& tenant, std::int64_t after_pos,
                                  std::function<void()> wake) override;
    void cancel(std::uint64_t id) override;

    /// To be called on this loop for each commit, in order; `to` is its last position. Also wakes,
    /// with the largest int64, the readers of a tenant whose log was reset.
    void on_commit(const std::string& tenant, std::int64_t to);

    std::size_t waiters() const { return waiters_.size(); }

private:
    struct Waiter {
        std::string tenant;
        std::int64_t after_pos;
        std::function<void()> wake;
    };

    std::uint64_t last_id_ = 0;
    std::unordered_map<std::uint64_t, Waiter> waiters_;
    std::unordered_map<std::string, std::set<std::uint64_t>>
        ids_by_tenant_;  // ascending: first come, first woken
};

}  // namespace hubtrail::rest
