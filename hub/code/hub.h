#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "hub/code/caller_context.h"
#include "hub/code/clients.h"
#include "hub/code/invocation_headers.h"
#include "hub/code/task.h"

namespace hubtrail::hub {

/// Base of your hubs: one object for each invocation, connect and disconnect. State that is to last
/// lives elsewhere: in CallerContext::items(), or in what the factory gives the object. The members
/// below work from the time the library has made the object, not in the constructor.
/// A base with data: authors derive from one class and write nothing twice.
/// Thread: strand, of the connection.
class Hub {
public:
    Hub() = default;
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;
    virtual ~Hub() = default;

    /// Before any message of the connection. An exception closes it. Clients cannot be asked for
    /// results here.
    virtual Task<void> on_connected() { co_return; }
    /// Once for each on_connected() that succeeded. Nothing: the client said goodbye.
    virtual Task<void> on_disconnected(std::optional<std::string> /*error*/) { co_return; }

    /// A header of the call that this object was made for. Names have case; nothing: not sent, or
    /// no call.
    std::optional<std::string> invocation_header(std::string_view name) const {
        return headers_.find(name);
    }

    CallerContext& context() {
        HUBTRAIL_CHECK(caller_ != nullptr, "a hub's context is not known in its constructor");
        return *caller_;
    }
    HubClients clients() { return {*messenger_, loop_, context().connection_id()}; }
    Groups groups() { return {*messenger_, loop_}; }

private:
    friend class HubLoop;
    InvocationHeaders headers_;
    const Messenger* messenger_ = nullptr;
    transport::Loop* loop_ = nullptr;
    std::shared_ptr<CallerContext>
        caller_;  ///< owned with the session and other objects of the connection
};

}  // namespace hubtrail::hub
