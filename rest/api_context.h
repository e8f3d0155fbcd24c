#pragma once

#include "auth/token_verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "follow/tails.h"
#include "protocol/cursor.h"
#include "storage/log_service.h"
#include "transport/loop.h"

namespace hubtrail::rest {

/// What all handlers of one loop share. The context and everything that it names must outlive the
/// handlers, the handlers the last turn of the loop, and the loop the log service, whose threads
/// post to it.
struct ApiContext {
    transport::Loop& loop;
    storage::LogService& service;
    const protocol::CursorCodec& codec;
    auth::TokenVerifier& verifier;
    const Clock& clock;
    Random& random;  ///< ids of events that came without one, and the jitter of long polls
    Log& log;
    follow::Tails& tails;
};

}  // namespace hubtrail::rest
