#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/hub_message.h"
#include "transport/loop.h"

namespace hubtrail::hub {

inline constexpr std::size_t kQuestionsMax =
    1000;  ///< client results of one connection that are waited for (docs/limits.md)

/// How a client answered HubConnection::invoke().
struct ClientResult {
    enum class Kind : std::uint8_t { result, error, disconnected };
    Kind kind = Kind::result;
    std::string_view value;  ///< raw result in the connection's encoding, or the error's text; dies
                             ///< with the call
    /// The client sent no result at all: void, or no handler.
    bool empty = false;
};
using ClientResultDone = std::function<void(const ClientResult&)>;

/// The questions that one client was asked and has not answered yet, by id (HubProtocol.md "Client
/// results"). Each is answered once, never within wait(). Thread: strand.
class ClientResults {
public:
    bool full() const { return waiting_ && waiting_->size() >= kQuestionsMax; }
    /// Not when it is full.
    void wait(std::string id, ClientResultDone done);
    /// Forgets it; a late answer is ignored.
    void cancel(std::string_view id);
    /// The client's Completion. False: it is no answer to a question of ours.
    bool take(const protocol::HubMessage& completion);
    /// The client is gone: so it is said to all who wait.
    void abandon();

    /// Says in a task of its own that nothing can be asked: the client is gone, or it is `full`.
    static void refuse(transport::Loop& loop, bool full, ClientResultDone done);

private:
    using Waiting = std::map<std::string, ClientResultDone, std::less<>>;
    std::unique_ptr<Waiting> waiting_;  ///< null: none, as most of the time
};

}  // namespace hubtrail::hub
