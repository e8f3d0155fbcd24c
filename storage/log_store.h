#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/event.h"
#include "protocol/event_filter.h"

namespace hubtrail::storage {

enum class StoreErrc {
    unavailable,  ///< busy, disk full, connection lost: nothing was written, try again
    refused,      ///< the request itself is over a limit of the store: never the same one again
    corrupt,      ///< rows contradict the head or each other: stop and tell the operator
    failed,       ///< anything else; `detail` has the database's words
};

/// Whether the same call may well succeed a little later. An error that does not pass has to reach
/// whoever asked: to try again by itself would go on for ever.
constexpr bool passes(StoreErrc code) {
    return code == StoreErrc::unavailable;
}

struct StoreError {
    StoreErrc code;
    std::string detail;
};

/// One request to append: all its events or none.
struct AppendRequest {
    std::string tenant;
    std::vector<protocol::NewEvent> events;
    std::string idempotency_key;      ///< empty: none
    std::string request_fingerprint;  ///< with a key: a digest of the request body
    std::string writer = {};          ///< with a key: whose it is; others have keys of their own
};

struct AppendedEvent {
    std::string id;
    std::int64_t pos = 0;
    std::uint32_t epoch = 1;
    std::uint32_t fingerprint = 0;
    std::int64_t recorded_us = 0;
    bool duplicate = false;  ///< it was there already: pos is the first one's, nothing was written

    bool operator==(const AppendedEvent&) const = default;
};

struct AppendResult {
    bool key_reused =
        false;  ///< the idempotency key was used with another fingerprint; nothing was written
    bool replayed = false;              ///< the stored result of the same key and fingerprint
    std::vector<AppendedEvent> events;  ///< one per event, in order; none when it was refused
    /// The index of an event whose id names another one of its site and user already: nothing was
    /// written.
    std::optional<std::size_t> taken = {};
};

/// The state of a tenant's log. A tenant without events: epoch 1, first_pos 1, last_pos 0.
struct LogHead {
    std::uint32_t epoch = 1;
    std::int64_t first_pos = 1;  ///< lowest readable; last_pos + 1 when there is none
    std::int64_t last_pos = 0;

    bool operator==(const LogHead&) const = default;
};

/// Values over all lists of one filter; a read with more fails with StoreErrc::refused.
inline constexpr std::size_t kFilterValuesMax = 4096;

using protocol::EventFilter;  // matches() is its meaning; every store agrees with it
using protocol::matches;

struct ReadRequest {
    std::string tenant;
    std::int64_t after_pos = 0;  ///< exclusive
    std::size_t events_max = 1000;
    std::size_t bytes_max =
        std::size_t{1024} * 1024;   ///< of bodies; at least one event is returned
    std::int64_t scan_max = 20000;  ///< positions looked at, at least one
    EventFilter filter;
};

/// A page: the events that match among positions after_pos+1 .. to. Every position up to `to` was
/// looked at, so a reader continues at `to` whether or not anything matched. A position before the
/// floor starts at the floor; one past the head gives `to` = last_pos: compare with `head` before
/// trusting a page.
struct Page {
    LogHead head;  ///< of the same snapshot
    std::int64_t to = 0;
    std::uint32_t to_fingerprint = 0;  ///< of the event at `to`; 0 when to < first_pos
    std::int64_t to_recorded_us = 0;
    std::vector<protocol::LogEvent>
        events;  ///< ascending; only pos, fingerprint, recorded_us, body are set
};

/// The reading side of one tenant-partitioned, append-only log. Every implementation passes
/// tests/contract/log_store_contract. After an error the next call starts afresh.
///
/// Thread: db. Each thread has its own LogReader; they run while the writer writes.
class LogReader {
public:
    virtual ~LogReader() = default;
    virtual Result<LogHead, StoreError> head(std::string_view tenant) = 0;
    virtual Result<Page, StoreError> read(const ReadRequest& request) = 0;
    /// The event at a position; nothing when it is outside first_pos..last_pos.
    virtual Result<std::optional<protocol::LogEvent>, StoreError> at(std::string_view tenant,
                                                                     std::int64_t pos) = 0;
    /// The newest event with this id that `visible` shows, all fields set; below the floor too, as
    /// long as it is stored.
    virtual Result<std::optional<protocol::LogEvent>, StoreError> find(
        std::string_view tenant, std::string_view id, const EventFilter& visible) = 0;
    /// The last stored position recorded before the time, be it below the floor; 0 when there is
    /// none.
    virtual Result<std::int64_t, StoreError> last_before(std::string_view tenant,
                                                         std::int64_t wall_us) = 0;
};

/// The writing side. After an error the next call starts afresh: nothing of the failed one is left.
///
/// Thread: db. One writer thread per store.
class LogWriter {
public:
    virtual ~LogWriter() = default;

    /// Commits all requests in one transaction and returns after it is durable. The result has one
    /// entry per request. An id names one event of a site and user (adr/0024-whose-id.md): what
    /// comes again with the same content, from before or within the batch, is a duplicate; with
    /// another it refuses its request, and the others of the batch are written. Positions are
    /// dense: deduplication comes before numbering. An id stays known after a reset, as long as its
    /// event is stored. `recorded_us` is `now_us` or, after the clock stepped back, the
    /// tenant's last one. On failure nothing was written.
    virtual Result<std::vector<AppendResult>, StoreError> append(
        std::span<const AppendRequest> requests, std::int64_t now_us) = 0;

    /// Moves the floor up, never down and at most to last_pos + 1: positions below are no longer
    /// readable. The head after it.
    virtual Result<LogHead, StoreError> set_floor(std::string_view tenant,
                                                  std::int64_t first_pos) = 0;

    /// Starts a new epoch: everything written so far is unreadable, positions go on. The head after
    /// it.
    virtual Result<LogHead, StoreError> reset(std::string_view tenant) = 0;

    /// Forgets idempotency keys recorded before the time.
    virtual Result<void, StoreError> forget_keys(std::int64_t before_us) = 0;
};

/// Opens readers and the one writer of a store. Outlives them.
///
/// Thread: any. Opening is thread-safe where a store's own comment does not say otherwise.
class LogStore {
public:
    virtual ~LogStore() = default;
    virtual Result<std::unique_ptr<LogReader>, StoreError> open_reader() = 0;
    virtual Result<std::unique_ptr<LogWriter>, StoreError> open_writer() = 0;
};

}  // namespace hubtrail::storage
