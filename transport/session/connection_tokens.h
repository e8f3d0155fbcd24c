#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"
#include "base/random.h"
#include "transport/connection.h"

namespace hubtrail::transport {

class SessionServer;

inline constexpr std::size_t kNegotiatedMax = 100'000;  ///< waiting tokens of the process; then 503

/// The negotiated connections of the process: which token is whose, and on which loop it lives. A
/// client may negotiate on one loop and connect on another; the first transport request makes its
/// loop the home. Thread: any; guarded by one mutex that is held for no callback. Must outlive the
/// servers; a server must outlive the use of what find() says of it: all end after their loops have
/// stopped.
class ConnectionTokens {
public:
    explicit ConnectionTokens(Random& random) : random_(random) {}

    struct Made {
        std::string id;     ///< public
        std::string token;  ///< secret
    };
    /// A fresh id for a connection that skips negotiation.
    std::string make_id();

    struct Offer {
        std::size_t hub = 0;          ///< only requests to the same hub know the token
        std::int64_t unused_ns = 0;   ///< then the token is forgotten
        bool separate_token = false;  ///< of the id
        bool resumable = false;       ///< stateful reconnect was asked for and is allowed
    };
    /// Empty strings when kNegotiatedMax are waiting.
    Made make(const Offer& offer, std::int64_t now_ns);

    enum class State { unknown, waiting, in_use };
    struct Found {
        State state = State::unknown;
        std::string id;  ///< the connection's
        bool resumable = false;
        TransportKind kind = TransportKind::web_sockets;  ///< if in use
        SessionServer* home = nullptr;                    ///< if in use
    };
    Found find(std::string_view token, std::size_t hub, std::int64_t now_ns);
    /// Binds a token that waits to a connection of `home`. Answers what it found: `waiting` if it
    /// did so.
    Found claim(std::string_view token, std::size_t hub, TransportKind kind, SessionServer& home,
                std::int64_t now_ns);
    /// The connection has ended, or never came to be.
    void forget(const std::string& token);

private:
    struct Entry {
        std::string id;
        std::size_t hub;
        std::int64_t expires_ns;
        SessionServer* home;  ///< null while it waits
        TransportKind kind;
        bool resumable;
    };
    Entry* look_up(std::string_view token, std::size_t hub, std::int64_t now_ns)
        HUBTRAIL_REQUIRES(mutex_);
    void sweep(std::int64_t now_ns) HUBTRAIL_REQUIRES(mutex_);
    std::string make_text() HUBTRAIL_REQUIRES(mutex_);

    Mutex mutex_;
    Random& random_ HUBTRAIL_GUARDED_BY(mutex_);
    std::unordered_map<std::string, Entry> entries_ HUBTRAIL_GUARDED_BY(mutex_);
    std::size_t waiting_ HUBTRAIL_GUARDED_BY(mutex_) = 0;  ///< entries that are not in use
    std::int64_t swept_ns_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hubtrail::transport
