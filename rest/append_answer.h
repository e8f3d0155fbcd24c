#pragma once

#include <string_view>

#include "protocol/cursor.h"
#include "protocol/event.h"
#include "storage/log_store.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

/// What POST /api/v1/events answers when the store has spoken: 201, 200 when nothing new was
/// written, 409 `event-id-reused` with details.index, or 422 `idempotency-key-reused`. Thread: any.
/// On the fast path: under 2 microseconds for one event.
transport::HttpResponse make_append_answer(const protocol::CursorCodec& codec,
                                           std::string_view tenant,
                                           const storage::AppendResult& result);

/// 400 `bad-json` or 422 `bad-event` with details.index, .field, .expected, .found.
transport::HttpResponse make_event_problem(const protocol::EventError& error);

}  // namespace hubtrail::rest
