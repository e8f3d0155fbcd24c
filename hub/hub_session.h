#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/hub_message.h"

namespace hubtrail::hub {

class HubConnection;
class HubSession;

/// One call of a hub method. The message dies when the method returns. Thread: strand.
struct HubCall {
    HubConnection& connection;
    const protocol::HubMessage& message;
    std::string_view id() const { return message.invocation_id; }
};

enum class MethodKind {
    plain,   ///< answered before it returns
    async,   ///< answered later by complete_*; the next invocation waits until then
    stream,  ///< sends items under its id until end_stream()
};

/// What a hub offers under one name.
struct HubMethod {
    std::string_view name;  ///< lower case: targets are found without case
    MethodKind kind;
    std::size_t arguments_min;
    std::size_t arguments_max;
    void (*call)(HubSession& session, const HubCall& call);
};

/// A hub's side of one connection: its methods and its state. Made when the connection is accepted, dies with
/// it. Calls come on the connection's loop. Thread: strand.
class HubSession {
public:
    virtual ~HubSession() = default;

    /// The method of this name (lower case), or null.
    virtual const HubMethod* find_method(std::string_view lower_name) const = 0;

    /// The handshake is done; `connection` lives until on_disconnected() returns.
    virtual void on_connected(HubConnection& connection) = 0;
    /// The client no longer wants the stream. The session stops it; the completion is sent for it.
    virtual void on_cancel(std::string_view stream_id) = 0;
    /// About once a second.
    virtual void on_tick(std::int64_t now_ns) = 0;
    /// The peer reads more slowly than it is sent to, see transport/outbox.h.
    virtual void on_congested() = 0;
    virtual void on_drained() = 0;
    /// Only after on_connected().
    virtual void on_disconnected() = 0;
};

}  // namespace hubtrail::hub
