#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "storage/log_store.h"

namespace hubtrail::storage {

/// A log in memory that passes tests/contract/log_store_contract, with switches for what a disk can
/// do. Readers and writers keep a reference to it. Opening again finds the same log.
///
/// Thread: any. All state is guarded by mutex_.
class FakeLogStore final : public LogStore {
public:
    Result<std::unique_ptr<LogReader>, StoreError> open_reader() override;
    Result<std::unique_ptr<LogWriter>, StoreError> open_writer() override;

    /// The next `count` appends write nothing and fail with the code.
    void fail_appends(int count, StoreErrc code = StoreErrc::unavailable);
    /// The next `count` reading calls fail with the code.
    void fail_reads(int count, StoreErrc code = StoreErrc::unavailable);

    /// From now on an append waits inside the writer, as on a slow disk, until release_appends().
    void hold_appends();
    void release_appends();
    /// Returns when an append waits.
    void wait_until_append_held();

    /// The same for reading calls.
    void hold_reads();
    void release_reads();
    void wait_until_reads_held(int count);

    /// How many requests each append that succeeded had.
    std::vector<std::size_t> commit_sizes() const;

private:
    friend class FakeLogReader;
    friend class FakeLogWriter;

    struct Tenant {
        LogHead head;
        std::vector<protocol::LogEvent> events;  // position 1 first
        /// By id, site and user.
        std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> position_of;
    };
    struct KeyedResult {
        std::string fingerprint;
        std::vector<AppendedEvent> events;
        std::int64_t at_us = 0;
    };
    struct Gate {
        bool closed = false;
        int waiting = 0;
        int failures = 0;
        StoreErrc code = StoreErrc::unavailable;
    };

    // Waits while the gate is closed; then the failure to give, if one is due.
    std::optional<StoreError> pass(Gate& gate) HUBTRAIL_REQUIRES(mutex_);
    AppendResult append_one(const AppendRequest& request, std::int64_t now_us)
        HUBTRAIL_REQUIRES(mutex_);
    std::optional<AppendedEvent> append_event(Tenant& tenant, const protocol::NewEvent& event,
                                              std::int64_t now_us) HUBTRAIL_REQUIRES(mutex_);
    Page read_page(const ReadRequest& request) const HUBTRAIL_REQUIRES(mutex_);

    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, Tenant, std::less<>> tenants_ HUBTRAIL_GUARDED_BY(mutex_);
    /// By tenant, writer and key.
    std::map<std::tuple<std::string, std::string, std::string>, KeyedResult> keys_
        HUBTRAIL_GUARDED_BY(mutex_);
    std::vector<std::size_t> commit_sizes_ HUBTRAIL_GUARDED_BY(mutex_);
    Gate appends_ HUBTRAIL_GUARDED_BY(mutex_);
    Gate reads_ HUBTRAIL_GUARDED_BY(mutex_);
    std::uint32_t next_fingerprint_ HUBTRAIL_GUARDED_BY(mutex_) = 1000;
};

}  // namespace hubtrail::storage
