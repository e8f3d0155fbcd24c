#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/fanout/hub_manager.h"

namespace hubtrail::hub {

// What nodes say to each other over a Backplane, each one MessagePack array (docs/scale-out.md).
// Parsers answer nothing for anything else: a stranger may publish on our channels.

/// A send: `[[excluded ids], {encoding: record}, node]`.
struct NodeSend {
    std::vector<std::string> except;
    EncodedInvocation message;
    std::string node;  ///< who sent it
};
std::string write_node_send(const std::vector<std::string>& except,
                            const EncodedInvocation& message, std::string_view node);
std::optional<NodeSend> parse_node_send(std::string_view payload);

/// About one client result, to the node of the connection: `[step, ticket, node]`, and for `ask`
/// also the target and
/// `{encoding: [count, arguments]}`.
struct NodeQuestion {
    enum class Step : std::uint8_t {
        ask = 1,
        cancel = 2,  ///< the answer is not wanted any more
        probe = 3,   ///< is it still being waited for?
    };
    Step step = Step::ask;
    std::string ticket;
    std::string node;  ///< who asks
    ClientQuestion question;
};
std::string write_node_question(const NodeQuestion& question);
std::optional<NodeQuestion> parse_node_question(std::string_view payload);

/// How a client result ended, to the node that asked: `[ticket, kind, encoding, value, empty]`.
struct NodeResult {
    std::string ticket;
    InvokeOutcome outcome;
};
std::string write_node_result(const NodeResult& result);
std::optional<NodeResult> parse_node_result(std::string_view payload);

/// A change of groups for whichever node has the connection: `[id, node, action, group, connection
/// id]`.
struct GroupCommand {
    enum class Action : std::uint8_t { add = 1, remove = 2 };
    std::uint64_t id = 0;
    std::string node;  ///< who wants it
    Action action = Action::add;
    std::string group;
    std::string connection_id;
};
std::string write_group_command(const GroupCommand& command);
std::optional<GroupCommand> parse_group_command(std::string_view payload);

/// Each node's answer to a group command: `[id, whether it had the connection]`.
struct GroupAck {
    std::uint64_t id = 0;
    bool found = false;
};
std::string write_group_ack(const GroupAck& ack);
std::optional<GroupAck> parse_group_ack(std::string_view payload);

}  // namespace hubtrail::hub
