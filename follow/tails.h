#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "follow/tenant_tail.h"
#include "protocol/cursor.h"
#include "protocol/log_query.h"
#include "storage/log_service.h"
#include "storage/position.h"
#include "transport/loop.h"

namespace hubtrail::follow {

/// The tails of one loop: what its followers watch, tenant by tenant. A tail lives while somebody
/// follows it. Told of commits, which may be doubled, late or missing: what a tail was not told,
/// its followers read from the log. Stops its followers when it dies. Thread: strand. `loop`,
/// `service` and `codec` must outlive it.
class Tails {
public:
    Tails(transport::Loop& loop, storage::LogService& service, const protocol::CursorCodec& codec);
    ~Tails();
    Tails(const Tails&) = delete;
    Tails& operator=(const Tails&) = delete;

    void on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch);
    /// The log was reset, its floor moved, or it is longer than a tail may know.
    void on_head(const std::string& tenant, const storage::LogHead& head);
    /// About once a second: beats, and tails that nobody follows any more are let go.
    void tick(std::int64_t now_ns);

    /// Where a reader starts: see storage::resolve_start. Comes back on this loop; at once for the
    /// head of a tenant that is followed already.
    void resolve(const std::string& tenant, const protocol::LogStart& start,
                 storage::StartDone done);

    /// Tenants that are watched, and who follows them.
    std::size_t tails() const { return tails_.size(); }
    std::size_t followers() const;

    transport::Loop& loop() { return loop_; }
    const protocol::CursorCodec& codec() const { return codec_; }

private:
    friend class Follower;
    friend class TenantTail;

    TenantTail& tail(const std::string& tenant);
    storage::LogService& service() { return service_; }
    std::uint64_t next_serial() { return ++serial_; }

    transport::Loop& loop_;
    storage::LogService& service_;
    const protocol::CursorCodec& codec_;
    /// Shared only so that answers of the store that come late find out that a tail is gone.
    std::unordered_map<std::string, std::shared_ptr<TenantTail>> tails_;
    std::uint64_t serial_ = 0;      ///< of the event published last
    std::shared_ptr<Tails*> self_;  ///< null once we are gone: for answers that come late
};

}  // namespace hubtrail::follow
