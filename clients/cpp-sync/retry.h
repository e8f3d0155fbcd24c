#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/random.h"
#include "clients/cpp-sync/http_client.h"

namespace hubtrail::sync {

inline constexpr std::int64_t kBackoffFirstMs = 100;
inline constexpr std::int64_t kBackoffLastMs = 5'000;
/// A server that asks for more than this is asked again after this.
inline constexpr std::int64_t kRetryAfterMaxMs = 60'000;

/// Exponential back-off: 100 ms doubling to 5 s, each wait drawn from the upper half of its step.
/// Thread: any, one at a time. `random` must outlive it.
class Backoff {
public:
    explicit Backoff(Random& random) : random_(random) {}

    std::int64_t next_ms();
    void reset() { step_ms_ = kBackoffFirstMs; }

private:
    Random& random_;
    std::int64_t step_ms_ = kBackoffFirstMs;
};

/// 408, 429 and every 5xx: the same request may succeed later.
bool is_worth_retrying(int status);

/// Whole seconds of Retry-After, capped; nothing when absent or a date.
std::optional<std::int64_t> retry_after_ms(const HttpReply& reply);

/// One sentence about a reply that is no success: status, code, detail, and for a bad event its
/// index, field and what was expected (docs/api.md 2).
std::string describe_problem(const HttpReply& reply);

/// A string or integer of the problem's `details`, wherever the server put that object.
std::optional<std::string> find_problem_detail(const HttpReply& reply, std::string_view name);
/// `code` of the problem, or empty.
std::string problem_code(const HttpReply& reply);

}  // namespace hubtrail::sync
