#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "protocol/hub_protocol.h"
#include "transport/loop.h"
#include "transport/outbox.h"

namespace hubtrail::hub {

class Backplane;
class HubConnection;

/// Whom a send is for. Unknown names are skipped. Group and user names are compared byte by byte.
struct Recipients {
    enum class Kind : std::uint8_t { all, connections, groups, users };
    Kind kind = Kind::all;
    std::vector<std::string>
        names;  ///< connection ids, groups or users; a member of two groups gets two copies
    std::vector<std::string> except;  ///< connection ids that get nothing; with kind all and groups
};

/// One invocation of a client method, encoded once per encoding whatever the number of recipients:
/// whole records; empty when no connection can want it. Thread: any; never changes.
struct EncodedInvocation : protocol::PerEncoding<std::string> {};

/// A question for one client: the record can only be made once its id is known. Thread: any; never
/// changes.
struct ClientQuestion {
    struct Arguments {
        std::string raw;  ///< the values one after another, as protocol::ValueWriter laid them out
        std::size_t count = 0;
    };
    std::string target;
    protocol::PerEncoding<Arguments> arguments;
};

/// How a client method that was asked for a result came back.
struct InvokeOutcome {
    enum class Kind : std::uint8_t {
        result,              ///< `value` is the raw result, in `encoding`
        error,               ///< `value` is the client's error text
        no_such_connection,  ///< `Connection 'X' does not exist.`
        disconnected,        ///< `Connection 'X' disconnected.`
        unreachable,         ///< the backplane is down; `value` says so
    };
    Kind kind = Kind::result;
    protocol::Encoding encoding{};  ///< of the answering connection
    std::string value;
    bool empty = false;  ///< the client sent no result
};

/// The connections of one hub, over all loops of the process and, with a backplane, over all nodes:
/// who is in which group, who is which user, and how a message gets to them. Looking up recipients
/// costs what they are, never what the hub has. Two sends of one caller arrive at one recipient in
/// their order. Thread: any, except where said.
class HubManager {
public:
    using Done = std::function<void(std::string_view error)>;  ///< empty: done. On the caller's
                                                               ///< loop, or any thread
    using Asked = std::function<void(const InvokeOutcome&)>;

    virtual ~HubManager() = default;

    /// `from`: the loop of the calling thread, or null outside of loops. Recipients on it are
    /// served within the call, others by their own loops. `done` (may be empty) is called once
    /// every loop has queued the message and no recipient is congested any more: whoever waits for
    /// it cannot outrun slow readers.
    virtual void send(transport::Loop* from, Recipients to,
                      std::shared_ptr<const EncodedInvocation> message, Done done) = 0;

    /// Repeats are harmless, unknown connections are no error. `done` comes when it is so on the
    /// connection's loop (and node), or with the reason why it could not be.
    virtual void add_to_group(transport::Loop* from, std::string connection_id, std::string group,
                              Done done) = 0;
    virtual void remove_from_group(transport::Loop* from, std::string connection_id,
                                   std::string group, Done done) = 0;

    /// Asks one client. Returns the ticket for cancel(). `done` is called once, on `from` if given.
    virtual std::string invoke(transport::Loop* from, std::string connection_id,
                               std::shared_ptr<const ClientQuestion> question, Asked done) = 0;
    /// Nothing is called any more; a late answer is ignored.
    virtual void cancel(const std::string& ticket) = 0;
    /// Whether a ticket waits for some connection: an answer from another one is a protocol
    /// violation.
    virtual bool is_waiting(std::string_view ticket) = 0;

    // For the hub's sessions, on the connection's loop. Thread: strand.

    /// After the handshake; the connection must be removed before it dies. `user` empty: none.
    /// `ready` (may be empty) is called when other nodes reach it too; at once with one node, or
    /// while the backplane is down.
    virtual void add(HubConnection& connection, std::string_view user, Done ready) = 0;
    /// Groups and user of it are gone, and nobody waits for it any more. A connection that was
    /// never added is ignored.
    virtual void remove(HubConnection& connection) = 0;
    /// Its outbox is congested: who sends to it waits. Over transport::kUnsentHardMax it is cut
    /// off.
    virtual void on_congested(HubConnection& connection) = 0;
    /// Its outbox has drained: whoever waited for it goes on.
    virtual void on_drained(HubConnection& connection) = 0;

    /// Whether some connection, here or on another node, may want this encoding: others need not be
    /// made.
    virtual bool wants(protocol::Encoding encoding) const = 0;
};

/// Answer to a send to several groups of which one has no name.
inline constexpr std::string_view kEmptyGroupName = "Cannot send to an empty group name.";

/// `hub_name` goes into channel names. `loops`: one scheduler per loop, each with an index of its
/// own below kHubLoopsMax. `backplane` null: one node. It is started here and stopped by the
/// destructor. All references must outlive the manager, and the loops must have stopped running
/// before it dies.
std::unique_ptr<HubManager> make_hub_manager(std::string hub_name,
                                             const std::vector<transport::OutputScheduler*>& loops,
                                             Backplane* backplane, Random& random, Log& log);

}  // namespace hubtrail::hub
