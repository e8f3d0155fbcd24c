#pragma once

// The log, for programs that link hubtrail::log beside hubtrail::hub. See docs/hubs.md.

#include "host/log/event_log.h"  // IWYU pragma: export

namespace hubtrail {

using host::AppendError;
using host::AppendOutcome;
using host::EventListener;
using host::EventLog;
using host::EventLogOptions;
using host::EventReader;
using host::FollowedEvent;
using host::FollowEnd;
using hub::LogHubConfig;

}  // namespace hubtrail
