#pragma once

#include <memory>

#include "base/log.h"
#include "hub/log/log_channel.h"
#include "tests/support/followed_log.h"
#include "transport/outbox.h"

namespace hubtrail::hub {

/// What the log hubs of one loop share, over a log in memory. Thread: strand.
struct LogFixture : follow::FollowedLog {
    transport::OutputScheduler scheduler{loop};
    LogOutput output{scheduler, codec};
    std::unique_ptr<Log> log = make_null_log();
};

}  // namespace hubtrail::hub
