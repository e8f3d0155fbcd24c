#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "follow/sink.h"
#include "hub/log/log_shape.h"
#include "protocol/cursor.h"
#include "transport/outbox.h"

namespace hubtrail::hub {

/// What the log hubs of one loop write with: empty between calls, shared by all of its channels and
/// readers. Thread: strand. `scheduler` and `codec` must outlive it.
struct LogOutput {
    LogOutput(transport::OutputScheduler& scheduler_of, const protocol::CursorCodec& codec_of)
        : scheduler(scheduler_of), codec(codec_of), encoder(codec_of) {}

    transport::OutputScheduler& scheduler;
    const protocol::CursorCodec& codec;
    LogEncoder encoder;
    std::string records;
    std::uint32_t records_count = 0;
    std::string items;  ///< of a batch
    std::size_t items_count = 0;
};

/// Live subscriptions with one filter and one shape: whoever joins gets the same frames.
/// Thread: strand. `output` must outlive it.
class LogChannel final : public follow::Channel {
public:
    LogChannel(LogOutput& output, const LogShape& shape, std::uint32_t tenant_hash,
               std::int64_t after_pos)
        : output_(output),
          shape_(shape),
          tenant_hash_(tenant_hash),
          stream_(output.scheduler),
          told_pos_(after_pos) {}

    void on_event(const follow::LiveEvent& event) override;
    void on_head(const protocol::Cursor& head) override;
    void on_beat(const protocol::Cursor& head) override;

    transport::SharedStream& stream() { return stream_; }
    /// Batch shape: where the last range that members were told ends.
    std::int64_t told_pos() const { return told_pos_; }

private:
    void send_batch(const protocol::Cursor& to);

    LogOutput& output_;
    const LogShape shape_;
    const std::uint32_t tenant_hash_;
    transport::SharedStream stream_;
    std::string items_;  ///< of the commit under way
    std::size_t items_count_ = 0;
    std::int64_t told_pos_;
};

}  // namespace hubtrail::hub
