#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "follow/follower.h"
#include "follow/sink.h"
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

/// One GET /api/v1/sync/changes: finds its start and reads a page; with `wait`, and nothing to show
/// at the head, it follows the log from there, until its first event or its deadline. What it hands
/// out to be called back, its timer among it, owns it; it lives until its answer.
///
/// A follower is a position: whatever is committed behind the page comes to it, whenever this loop
/// is told. Thread: strand. `context` and `room` must outlive it.
class ChangesPoll final : public WaitingPoll,
                          public follow::Sink,
                          public std::enable_shared_from_this<ChangesPoll> {
public:
    ChangesPoll(const ApiContext& context, PollRoom& room, std::string tenant, SyncQuery query,
                protocol::EventFilter filter, transport::HttpReply reply);
    ~ChangesPoll() override;

    /// Once.
    void start() { resolve(); }

    bool begin_turn() override;
    void finish() override;

    follow::Credit credit() override;
    void on_event(const protocol::LogEvent& event) override;
    void on_range(const follow::Range& range) override;
    void on_live(const protocol::Cursor&) override {}
    void on_lost(const follow::Loss& loss) override;
    void on_failed(const storage::StoreError& error) override;

private:
    enum class State { resolving, reading, waiting, answered };
    enum class Turn { none, queued, begun };

    void resolve();
    void on_start(const Result<storage::StartPosition, storage::PositionError>& start);
    void read();
    void on_page(Result<storage::Page, storage::StoreError> page);
    bool moved(const storage::Page& page) const;
    void restart();
    void wait();
    void on_deadline();
    void end_turn();
    void stop_following();
    std::int64_t deadline_ns() const;
    void answer_range();
    void answer(transport::HttpResponse response);

    const ApiContext& context_;
    PollRoom& room_;
    const std::string tenant_;
    SyncQuery query_;
    const protocol::EventFilter filter_;
    transport::HttpReply reply_;

    State state_ = State::resolving;
    Turn turn_ = Turn::none;
    follow::Range range_;  ///< what the answer covers, once it was read
    std::vector<protocol::LogEvent> events_;
    bool has_range_ = false;
    int restarts_ = 0;
    bool in_room_ = false;
    bool expired_ = false;
    std::uint64_t timer_id_ = 0;
    std::shared_ptr<follow::Follower>
        follower_;  ///< while it waits; shared with what that waits for
};

}  // namespace hubtrail::rest
