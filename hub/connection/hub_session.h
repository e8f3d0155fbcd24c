#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/hub_message.h"
#include "transport/connection.h"

namespace hubtrail::hub {

class HubConnection;
class HubSession;
class UploadStream;

/// One call of a hub method. The message and its raw arguments die when the method returns. Thread:
/// strand.
struct HubCall {
    HubConnection& connection;
    const protocol::HubMessage& message;
    /// The uploads that the invocation announced, in order; as many as HubMethod::uploads.
    const std::vector<std::shared_ptr<UploadStream>>& uploads;
    std::string_view id() const { return message.invocation_id; }  ///< empty: no answer is wanted
};

enum class MethodKind {
    plain,   ///< answered before it returns
    async,   ///< takes one of the client's slots until HubConnection::release_slot()
    stream,  ///< sends items under its id until end_stream() or fail_stream(); takes no slot
};

/// What a hub offers under one name.
struct HubMethod {
    std::string_view name;  ///< lower case: targets are found without case
    MethodKind kind;
    std::size_t arguments_min;
    std::size_t arguments_max;
    void (*call)(HubSession& session, const HubMethod& method, const HubCall& call);
    std::size_t uploads = 0;  ///< client streams that it takes; with any it needs no slot either
    const void* context =
        nullptr;  ///< the session's own, e.g. what a typed method needs to be called
    std::string_view declared_name = name;  ///< as it was declared
};

/// A hub's side of one connection: its methods and its state. Made when the connection is accepted,
/// dies with it. Calls come on the connection's loop. Thread: strand.
class HubSession {
public:
    virtual ~HubSession() = default;

    /// The method of this name (lower case), or null.
    virtual const HubMethod* find_method(std::string_view lower_name) const = 0;

    /// Asked before a call, after the method was found and its arguments counted; false: the
    /// reference's answer for the unauthorized is given.
    virtual bool authorize(const HubMethod&, const HubCall&) { return true; }

    /// The handshake is done; `connection` lives until on_disconnected() returns. Messages are
    /// dispatched after it returned, or, if it called HubConnection::hold(), after unhold().
    virtual void on_connected(HubConnection& connection) = 0;

    /// The client cancels a stream or an invocation of kind async by its id. For a stream the
    /// session stops it, and the completion is sent for it unless the session answers true: then it
    /// ends the stream itself. Ids that it does not know are ignored.
    virtual bool on_cancel(std::string_view id) = 0;

    /// A Completion that answers no HubConnection::invoke() of this connection. True: it belongs to
    /// another connection, and this one is closed for it.
    virtual bool on_foreign_result(std::string_view) { return false; }

    /// A further HTTP request of the connection, maybe of another user; also before on_connected().
    virtual transport::UserOutcome on_user(const transport::LaterRequest& later) {
        return later.kind == transport::LaterRequest::Kind::refresh
                   ? transport::UserOutcome::refused
                   : transport::UserOutcome::accepted;
    }

    /// About once a second.
    virtual void on_tick(std::int64_t now_ns) = 0;
    /// The peer reads more slowly than it is sent to, see transport/outbox.h.
    virtual void on_congested() = 0;
    virtual void on_drained() = 0;

    /// Exactly once if on_connected() was called: later, or within a method or on_connected() that
    /// closes the connection. `error` is what the peer's Close or the failure said; empty:
    /// graceful.
    virtual void on_disconnected(std::string_view error) = 0;
};

}  // namespace hubtrail::hub
