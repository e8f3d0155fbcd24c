#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/log_service.h"
#include "storage/log_store.h"

namespace hubtrail::storage {

/// A log service without threads: each call waits, in order, until the test runs it; callbacks come
/// from within run_one(). Each append is a commit of its own, told to on_commit before its
/// callback. `store` and `clock` must outlive it. Thread: strand.
class FakeLogService final : public LogService {
public:
    FakeLogService(LogStore& store, const Clock& clock);

    bool append(AppendRequest request, AppendDone done) override;
    void read(ReadRequest request, ReadDone done) override;
    void head(std::string tenant, HeadDone done) override;
    void at(std::string tenant, std::int64_t pos, EventDone done) override;
    void find(std::string tenant, std::string id, EventFilter visible, EventDone done) override;
    void last_before(std::string tenant, std::int64_t wall_us, PositionDone done) override;
    void set_floor(std::string tenant, std::int64_t first_pos,
                   std::function<void(Result<void, StoreError>)> done) override;
    void reset(std::string tenant, std::function<void(Result<void, StoreError>)> done) override;
    bool healthy() const override { return healthy_; }

    CommitListener on_commit;  ///< may be set at any time
    HeadListener on_head;

    // The same past everything that waits, as another process or loop would: done, listeners told,
    // on return.
    Result<AppendResult, StoreError> append_now(AppendRequest request);
    Result<LogHead, StoreError> set_floor_now(const std::string& tenant, std::int64_t first_pos);
    Result<LogHead, StoreError> reset_now(const std::string& tenant);

    /// False when nothing waits.
    bool run_one();
    /// Runs what waits and what that adds. How many.
    std::size_t run();
    std::size_t waiting() const { return calls_.size(); }
    /// Reads that were run or wait, resolve_start's included.
    std::size_t reads() const { return reads_; }

    enum class Appends { taken, refused };
    void set_appends(Appends appends) { appends_ = appends; }
    void set_healthy(bool healthy) { healthy_ = healthy; }

    /// What append() took last; for tests that look at the request itself.
    const AppendRequest& last_append() const { return last_append_; }
    const ReadRequest& last_read() const { return last_read_; }

private:
    void call(std::function<void()> work) { calls_.push_back(std::move(work)); }
    Result<LogHead, StoreError> tell_head(const std::string& tenant,
                                          Result<LogHead, StoreError> head);

    const Clock& clock_;
    std::unique_ptr<LogReader> reader_;
    std::unique_ptr<LogWriter> writer_;
    std::deque<std::function<void()>> calls_;
    Appends appends_ = Appends::taken;
    bool healthy_ = true;
    std::size_t reads_ = 0;
    AppendRequest last_append_;
    ReadRequest last_read_;
};

}  // namespace hubtrail::storage
