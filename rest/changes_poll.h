#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/event_filter.h"
#include "rest/api_context.h"
#include "rest/poll_room.h"
#include "rest/sync_query.h"
#include "storage/position.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr std::size_t kPageBodyBytesMax = 4 * 1024 * 1024;  ///< of the bodies of one answer
inline constexpr std::int64_t kPageScanMax = 20'000;  ///< positions looked at by one read
inline constexpr int kRestartsMax =
    3;  ///< when the log's floor or epoch moves between look-up and read

/// One GET /api/v1/sync/changes: finds its start, reads a page, and with `wait` stays at the head
/// until a commit or its deadline brings another read. The callbacks that it hands out own it; it
/// lives until its answer.
///
/// It watches for commits before each read, so a commit is either in the page or wakes it.
/// Thread: strand. `context` and `room` must outlive it.
class ChangesPoll final : public WaitingPoll, public std::enable_shared_from_this<ChangesPoll> {
public:
    ChangesPoll(const ApiContext& context, PollRoom& room, std::string tenant, SyncQuery query,
                protocol::EventFilter filter, transport::HttpReply reply);

    /// Once.
    void start() { resolve(); }

    bool begin_turn() override;
    void finish() override;

private:
    enum class State { resolving, reading, queued, waiting, answered };

    void resolve();
    void on_start(const Result<storage::StartPosition, storage::PositionError>& start);
    void read();
    void on_page(Result<storage::Page, storage::StoreError> page);
    bool moved(const storage::Page& page) const;
    void restart();
    void wait();
    void watch();
    void on_commit();
    void on_deadline();
    void queue();
    std::int64_t deadline_ns() const;
    void answer_page();
    void answer(transport::HttpResponse response);

    const ApiContext& context_;
    PollRoom& room_;
    const std::string tenant_;
    SyncQuery query_;
    const protocol::EventFilter filter_;
    transport::HttpReply reply_;

    State state_ = State::resolving;
    std::uint32_t epoch_ = 1;
    std::int64_t first_after_pos_ = 0;   // where the answer begins
    std::int64_t after_pos_ = 0;         // where the next read begins
    std::optional<storage::Page> page_;  // the last one
    int restarts_ = 0;
    bool in_room_ = false;
    bool has_turn_ = false;
    bool commit_seen_ = false;  // since the read began
    bool expired_ = false;
    std::uint64_t watch_id_ = 0;
    std::uint64_t timer_id_ = 0;
};

}  // namespace hubtrail::rest
