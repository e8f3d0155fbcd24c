#include "rest/commit_watch.h"

#include <utility>
#include <vector>

namespace hubtrail::rest {

std::uint64_t CommitWatch::wait_for_commit(const std::string& tenant, std::int64_t after_pos,
                                           std::function<void()> wake) {
    const auto id = ++last_id_;
    waiters_.emplace(id, Waiter{tenant, after_pos, std::move(wake)});
    ids_by_tenant_[tenant].insert(id);
    return id;
}

void CommitWatch::cancel(std::uint64_t id) {
    const auto found = waiters_.find(id);
    if (found == waiters_.end()) {
        return;
    }
    const auto ids = ids_by_tenant_.find(found->second.tenant);
    ids->second.erase(id);
    if (ids->second.empty()) {
        ids_by_tenant_.erase(ids);
    }
    waiters_.erase(found);
}

void CommitWatch::on_commit(const std::string& tenant, std::int64_t to) {
    const auto ids = ids_by_tenant_.find(tenant);
    if (ids == ids_by_tenant_.end()) {
        return;
    }
    // A wake may register and cancel, so the ids are copied and each is looked up when its turn
    // comes.
    const std::vector<std::uint64_t> present(ids->second.begin(), ids->second.end());
    for (const auto id : present) {
        const auto found = waiters_.find(id);
        if (found == waiters_.end() || found->second.after_pos >= to) {
            continue;
        }
        const auto wake = std::move(found->second.wake);
        cancel(id);
        wake();
    }
}

}  // namespace hubtrail::rest
