#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/log_store.h"

// What may become of a tenant's head, and how its rows must agree with it, whatever stores them.
// Thread: any.
namespace hubtrail::storage {

/// The floor moves up, never down and at most behind the last event.
LogHead move_floor(const LogHead& head, std::int64_t first_pos);

/// A new epoch: nothing of the old one is readable, positions go on.
LogHead begin_epoch(const LogHead& head);

/// What is stored of a tenant, beside what its head says.
struct StoredRows {
    std::int64_t last = 0;   ///< the highest position, 0: none
    bool has_first = false;  ///< there is an event at first_pos
};

/// Nothing when they agree; else what is wrong, for the operator.
std::optional<std::string> check_rows(std::string_view tenant, const LogHead& head,
                                      const StoredRows& rows);

/// Searches the last position that was recorded before a time. `recorded_us` never decreases with
/// the position, so it halves: while probe() names a position, tell() when that was recorded.
/// Thread: any.
class TimeSearch {
public:
    /// Stored positions are `lowest` to `last`; `lowest` > `last`: there are none.
    TimeSearch(std::int64_t lowest, std::int64_t last, std::int64_t wall_us)
        : lowest_(lowest), low_(lowest), high_(last + 1), wall_us_(wall_us) {}

    std::optional<std::int64_t> probe() const {
        return low_ < high_ ? std::optional(middle()) : std::nullopt;
    }
    void tell(std::int64_t recorded_us) {
        // All before `low_` are earlier than the time, `high_` and all after it are not.
        (recorded_us < wall_us_ ? low_ : high_) = middle() + (recorded_us < wall_us_ ? 1 : 0);
    }
    /// After the last probe; 0: all of them were recorded at that time or later.
    std::int64_t found() const { return low_ == lowest_ ? 0 : low_ - 1; }

private:
    std::int64_t middle() const { return low_ + (high_ - low_) / 2; }

    std::int64_t lowest_;
    std::int64_t low_;
    std::int64_t high_;
    std::int64_t wall_us_;
};

}  // namespace hubtrail::storage
