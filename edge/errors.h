#pragma once

#include <string_view>

#include "auth/authenticate.h"
#include "protocol/cursor.h"
#include "protocol/log_query.h"
#include "storage/log_store.h"
#include "storage/position.h"
#include "transport/http_message.h"

namespace hubtrail::edge {

// How errors of the layers below are told by the native interface (docs/api.md): by REST and the
// log hubs alike. Another vendor's surface has words of its own for the same values.
// Thread: any.

inline constexpr int kRetryUnavailableS = 2;  ///< Retry-After when the store cannot serve

/// `bad-parameter` or `since-invalid`.
std::string_view code_of(protocol::QueryErrc code);
/// `cursor-invalid`, `cursor-ahead`, `cursor-expired`, `log-reset`, `unavailable`, `log-failed`.
std::string_view code_of(storage::PositionErrc code);
std::string_view text_of(storage::PositionErrc code);

/// 401 `unauthorized`, one body for every reason, with the challenge of RFC 6750; or 403
/// `forbidden` naming the scopes that would do.
transport::HttpResponse make_problem(const auth::Refusal& refusal);

/// 400: "limit: expected an integer from 1 to 5000".
transport::HttpResponse make_problem(const protocol::QueryError& error);

/// 400, 410 with details.oldest_cursor, .latest_cursor and .lost_at_least, 503 or 500.
transport::HttpResponse make_problem(const storage::PositionError& error,
                                     const protocol::CursorCodec& codec, std::string_view tenant);

/// A read that failed: 503 `unavailable` when it passes, else 500 `log-failed`. What the store said
/// stays in our log.
transport::HttpResponse make_problem(const storage::StoreError& error);

/// 503 `unavailable`.
transport::HttpResponse make_unavailable();

}  // namespace hubtrail::edge
