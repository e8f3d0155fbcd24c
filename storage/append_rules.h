#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "storage/idempotent_result.h"
#include "storage/log_store.h"

// How the events of one append() get their places, whatever stores them. Thread: any.
namespace hubtrail::storage {

/// 31 bits and not 0, which stands for "no event".
std::uint32_t make_fingerprint(std::uint32_t random_bits);

/// Where an event stands, without the event.
struct EventPlace {
    std::int64_t pos = 0;
    std::uint32_t fingerprint = 0;
    std::int64_t recorded_us = 0;

    bool operator==(const EventPlace&) const = default;
};

/// Numbers one tenant's new events within one append(): deduplication comes before numbering, so
/// positions stay dense. For each event: earlier(), else next() and, when the store took it as new,
/// take(). What stood there before is judged by know(). An id names one event of a site and user,
/// who may write there may read there: no answer tells of what its writer may not see
/// (adr/0024-whose-id.md). Events must outlive it. Thread: any.
class Numbering {
public:
    /// `last_us`: when the tenant's last event was recorded. Time never goes back within a tenant.
    Numbering(const LogHead& head, std::int64_t last_us, std::int64_t now_us);

    /// What this append() took before under the event's name, and where; null: nothing.
    struct Taken {
        const protocol::NewEvent* event;
        EventPlace place;
    };
    const Taken* earlier(const protocol::NewEvent& event) const;
    /// The place that the next new event takes.
    EventPlace next(std::uint32_t fingerprint) const;
    AppendedEvent take(const protocol::NewEvent& event, const EventPlace& place);
    /// The answer for an event under whose name `body` stands at `place`: a duplicate. Nothing:
    /// they differ, and its request is refused.
    std::optional<AppendedEvent> know(const protocol::NewEvent& event, const EventPlace& place,
                                      std::string_view body) const;

    /// For a request that is refused after some of its events were taken.
    struct Mark {
        std::int64_t last_pos;
        std::int64_t last_us;
        bool changed;
    };
    Mark mark() const { return {head_.last_pos, last_us_, changed_}; }
    void rewind(const Mark& mark);

    /// As it has become; to be stored when it has `changed`.
    const LogHead& head() const { return head_; }
    std::int64_t last_us() const { return last_us_; }
    bool changed() const { return changed_; }

private:
    LogHead head_;
    std::int64_t last_us_;
    std::int64_t at_us_;
    bool changed_ = false;
    std::unordered_multimap<std::string_view, Taken> taken_;  ///< by id
};

/// What is kept of the first request with an idempotency key.
struct StoredRequest {
    std::string fingerprint;
    std::string results;  ///< encode_results()
};

/// The answer to a request whose key was used before: the stored results, or that the key was used
/// for something else. Nothing when what is stored cannot be read: the log is corrupt.
std::optional<AppendResult> answer_again(const AppendRequest& request, const StoredRequest& stored);

}  // namespace hubtrail::storage
