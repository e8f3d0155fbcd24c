#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"
#include "base/random.h"

namespace hubtrail::transport {

inline constexpr std::int64_t kNegotiatedUnusedNs = 15'000'000'000;  ///< then the token is forgotten
inline constexpr std::size_t kNegotiatedMax = 100'000;               ///< waiting tokens of the process; then 503

/// Connections that were negotiated: a client may negotiate on one loop and connect on another.
/// Thread: any; guarded by one mutex that is held for no callback.
class ConnectionTokens {
public:
    explicit ConnectionTokens(Random& random) : random_(random) {}

    struct Made {
        std::string id;     ///< public
        std::string token;  ///< secret
    };
    /// A fresh id for a connection that skips negotiation.
    std::string make_id();
    /// Empty strings when kNegotiatedMax are waiting.
    Made make(bool separate_token, std::int64_t now_ns);

    enum class Claim { ok, unknown, in_use };
    /// Binds the token to the caller's new connection; `id` becomes the connection's id.
    Claim claim(std::string_view token, std::int64_t now_ns, std::string& id);
    enum class State { unknown, waiting, in_use };
    State find(std::string_view token, std::int64_t now_ns);
    /// The connection has ended, or never came to be.
    void forget(const std::string& token);

private:
    struct Entry {
        std::string id;
        std::int64_t expires_ns;
        bool in_use;
    };
    State look_up(std::string_view token, std::int64_t now_ns) HUBTRAIL_REQUIRES(mutex_);
    void sweep(std::int64_t now_ns) HUBTRAIL_REQUIRES(mutex_);
    std::string make_text() HUBTRAIL_REQUIRES(mutex_);

    Mutex mutex_;
    Random& random_ HUBTRAIL_GUARDED_BY(mutex_);
    std::unordered_map<std::string, Entry> entries_ HUBTRAIL_GUARDED_BY(mutex_);
    std::size_t waiting_ HUBTRAIL_GUARDED_BY(mutex_) = 0;  ///< entries that are not in use
    std::int64_t swept_ns_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hubtrail::transport
