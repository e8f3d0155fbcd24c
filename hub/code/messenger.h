#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "hub/code/cancellation.h"
#include "hub/code/convert.h"
#include "hub/code/exceptions.h"
#include "hub/code/one_shot.h"
#include "hub/code/task.h"
#include "hub/fanout/hub_manager.h"
#include "protocol/hub_protocol.h"

namespace hubtrail::hub {

/// Something that a hub has set going: a send, a change of a group. It happens whether it is waited
/// for or not; whoever waits knows that it is done and cannot outrun slow readers. In a hub:
/// `co_await` it. Elsewhere: get(). Throws IOException when a backplane could not be reached.
/// Thread: any.
class Operation {
public:
    explicit Operation(std::shared_ptr<OneShot<std::string>> done) : done_(std::move(done)) {}
    Operation(Operation&&) = default;
    Operation& operator=(Operation&&) = default;
    ~Operation() {
        if (done_) {
            done_->forget();
        }
    }

    bool await_ready() const { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        static_assert(detail::kIsHubPromise<Promise>,
                      "awaited only in a Task or a Stream; elsewhere use get()");
        return done_->wait(*handle.promise().scope, handle);
    }
    void await_resume() const {
        if (!done_->value().empty()) {
            throw IOException(done_->value());
        }
    }
    /// Blocks the calling thread, which must not be a loop's.
    void get() const {
        done_->wait_blocking();
        await_resume();
    }

private:
    std::shared_ptr<OneShot<std::string>> done_;  ///< owned with the manager's callback
};

/// Turns calls of client methods into messages: encodes once for each encoding that anybody speaks.
/// Thread: any; it never changes.
class Messenger {
public:
    using Arguments = std::function<void(ValueWriter&)>;

    /// Both must outlive it.
    Messenger(HubManager& manager, const protocol::HubProtocols& protocols)
        : manager_(manager), protocols_(protocols) {}

    HubManager& manager() const { return manager_; }
    /// `from`: the calling loop, or null. Throws HubException when an argument cannot be sent: then
    /// it is sent to nobody.
    Operation send(transport::Loop* from, Recipients to, std::string_view target,
                   const Arguments& arguments) const;
    Operation change_group(transport::Loop* from, bool add, std::string connection_id,
                           std::string group) const;
    /// Throws HubException when an argument cannot be sent.
    std::shared_ptr<const ClientQuestion> make_question(std::string_view target,
                                                        const Arguments& arguments) const;
    /// Reads the raw value of an answer.
    std::unique_ptr<ValueReader> make_reader(protocol::Encoding encoding,
                                             std::string_view raw) const;

private:
    HubManager& manager_;
    const protocol::HubProtocols& protocols_;
};

template <typename... Argument>
Messenger::Arguments arguments_of(const Argument&... arguments) {
    return [&](ValueWriter& writer) { (write_value(writer, arguments), ...); };
}

}  // namespace hubtrail::hub
