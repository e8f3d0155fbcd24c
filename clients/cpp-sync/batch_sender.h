#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "clients/cpp-sync/http_client.h"
#include "clients/cpp-sync/retry.h"
#include "clients/cpp-sync/sync_error.h"

namespace hubtrail::sync {

/// One event on its way to the server: its own id, and the JSON that carries that id.
struct OutEvent {
    std::string id;
    std::string json;

    bool operator==(const OutEvent&) const = default;
};

/// What goes out in one POST. The key stays the same over every retry, also after a restart.
struct Batch {
    std::string key;
    std::vector<OutEvent> events;

    bool operator==(const Batch&) const = default;
};

/// A line for the person at the terminal. Called on the thread that does the work.
using Say = std::function<void(const std::string&)>;

/// What is left to a batch when the user stops while the server is away: a restart takes less.
inline constexpr int kAttemptsAfterStop = 6;
inline constexpr std::int64_t kWaitAfterStopMs = 500;

/// Sends one batch until the server has it, for as long as that takes.
/// Thread: any, one call at a time. Everything passed in must outlive it.
class BatchSender {
public:
    BatchSender(HttpClient& http, Pause& pause, Random& random, Say say)
        : http_(http), pause_(pause), backoff_(random), say_(std::move(say)) {}

    /// Returns when the server has acknowledged every event. Retries failed connections, 5xx, 429
    /// and 408 for ever; after the user asked to stop it tries a few times more, about 3 seconds,
    /// and then gives up (`stopped`). Any other answer is `refused`.
    Result<void, SyncError> send(const Batch& batch);

private:
    /// Nothing when the batch is in; a reason to retry; or the end.
    struct Attempt;
    Attempt attempt(const Batch& batch);

    HttpClient& http_;
    Pause& pause_;
    Backoff backoff_;
    Say say_;
};

}  // namespace hubtrail::sync
