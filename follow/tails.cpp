#include "follow/tails.h"

#include <iterator>
#include <utility>

namespace hubtrail::follow {

Tails::Tails(transport::Loop& loop, storage::LogService& service,
             const protocol::CursorCodec& codec)
    : loop_(loop), service_(service), codec_(codec), self_(std::make_shared<Tails*>(this)) {}

Tails::~Tails() {
    *self_ = nullptr;
    for (const auto& [tenant, tail] : tails_) {
        tail->end();
    }
}

void Tails::on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    const auto found = tails_.find(batch->tenant);
    if (found != tails_.end()) {
        found->second->publish(batch);
    }
}

void Tails::on_head(const std::string& tenant, const storage::LogHead& head) {
    const auto found = tails_.find(tenant);
    if (found != tails_.end()) {
        found->second->on_head(head);
    }
}

void Tails::tick(std::int64_t now_ns) {
    for (auto entry = tails_.begin(); entry != tails_.end();) {
        entry->second->beat(now_ns);
        entry = entry->second->followers() == 0 ? tails_.erase(entry) : std::next(entry);
    }
}

std::size_t Tails::followers() const {
    std::size_t count = 0;
    for (const auto& [tenant, tail] : tails_) {
        count += tail->followers();
    }
    return count;
}

TenantTail& Tails::tail(const std::string& tenant) {
    auto& tail = tails_[tenant];
    if (!tail) {
        tail = std::make_shared<TenantTail>(*this, tenant);
    }
    return *tail;
}

// Makes no tail: who starts to follow at the place that was found reads all that came since.
void Tails::resolve(const std::string& tenant, const protocol::LogStart& start,
                    storage::StartDone done) {
    const auto watched = tails_.find(tenant);
    if (start.kind == protocol::LogStart::Kind::latest && watched != tails_.end() &&
        watched->second->head_known()) {
        const auto& tail = *watched->second;
        done(storage::StartPosition{tail.head(), tail.head_pos(), tail.head_cursor()});
        return;
    }
    auto on_loop = [&loop = loop_, self = self_, done = std::move(done)](auto found) mutable {
        loop.post(
            [self = std::move(self), done = std::move(done), found = std::move(found)]() mutable {
                if (*self != nullptr) {
                    done(std::move(found));
                }
            });
    };
    storage::resolve_start(service_, codec_, tenant, start, std::move(on_loop));
}

}  // namespace hubtrail::follow
