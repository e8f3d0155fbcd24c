#include "hub/fanout/node_hub_manager.h"

#include <algorithm>
#include <utility>

namespace hubtrail::hub {
namespace {

constexpr std::int64_t kSweepNs = 1'000'000'000;
constexpr std::string_view kAll = "all";
constexpr std::string_view kConnection = "connection:";
constexpr std::string_view kGroup = "group:";
constexpr std::string_view kUser = "user:";
constexpr std::string_view kGroups = "internal:groups";
constexpr std::string_view kAck = "internal:ack:";
constexpr std::string_view kReturn = "internal:return:";

std::string make_node_id(Random& random) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string id;
    for (auto bits = random.next_u64(); id.size() < 16; bits >>= 4U) {
        id += kDigits[bits & 15U];
    }
    return id;
}

std::string joined(std::string_view a, std::string_view b, std::string_view c = {}) {
    std::string text;
    text.reserve(a.size() + b.size() + c.size());
    text += a;
    text += b;
    text += c;
    return text;
}

InvokeOutcome unreachable(std::string text) {
    return {InvokeOutcome::Kind::unreachable, {}, std::move(text), false};
}

}  // namespace

NodeHubManager::NodeHubManager(std::string hub_name,
                               const std::vector<transport::OutputScheduler*>& loops,
                               Backplane& backplane, Random& random, Log& log)
    : backplane_(backplane),
      log_(log),
      prefix_(std::move(hub_name) + ":"),
      node_(make_node_id(random)),
      local_(loops, node_ + "-", this, log) {
    backplane_.start(
        [this](std::string_view at, std::string_view payload) { on_message(at, payload); },
        [this] { on_lost(); });
    backplane_.subscribe(joined(prefix_, kAll), {});
    backplane_.subscribe(joined(prefix_, kGroups), {});
    backplane_.subscribe(joined(prefix_, kAck, node_), {});
    backplane_.subscribe(joined(prefix_, kReturn, node_), {});
}

NodeHubManager::~NodeHubManager() {
    backplane_.stop();
}

std::string NodeHubManager::channel(NameKind kind, std::string_view name) const {
    return joined(prefix_,
                  kind == NameKind::group  ? kGroup
                  : kind == NameKind::user ? kUser
                                           : kConnection,
                  name);
}

// Where other nodes may have recipients.
std::vector<std::string> NodeHubManager::channels_of(const Recipients& to) const {
    std::vector<std::string> channels;
    switch (to.kind) {
        case Recipients::Kind::all:
            channels.push_back(joined(prefix_, kAll));
            break;
        case Recipients::Kind::groups:
            for (const auto& name : to.names) {
                channels.push_back(channel(NameKind::group, name));
            }
            break;
        case Recipients::Kind::users:
            for (const auto& name : to.names) {
                channels.push_back(channel(NameKind::user, name));
            }
            break;
        case Recipients::Kind::connections:
            for (const auto& name : to.names) {
                if (!local_.has(name)) {
                    channels.push_back(channel(NameKind::connection, name));
                }
            }
            break;
    }
    return channels;
}

void NodeHubManager::send(transport::Loop* from, Recipients to,
                          std::shared_ptr<const EncodedInvocation> message, Done done) {
    drop_repeats(to);
    const auto channels = channels_of(to);
    if (channels.empty() || names_empty_group(to)) {
        local_.send(from, std::move(to), std::move(message), std::move(done));
        return;
    }
    const auto shared_done = local_.make_done(from, std::move(done));
    const auto payload = write_node_send(to.except, *message, node_);
    Done local_done;
    if (shared_done) {
        local_done = [shared_done](std::string_view error) {
            if (!error.empty()) {
                shared_done->fail(error);
            }
        };
    }
    local_.send(from, std::move(to), std::move(message), std::move(local_done));
    for (const auto& at : channels) {
        backplane_.publish(at, payload, [shared_done](std::int64_t, std::string_view error) {
            if (shared_done && !error.empty()) {
                shared_done->fail(joined("Only this node's connections were reached: ", error));
            }
        });
    }
}

void NodeHubManager::add_to_group(transport::Loop* from, std::string connection_id,
                                  std::string group, Done done) {
    if (local_.has(connection_id)) {
        local_.add_to_group(from, std::move(connection_id), std::move(group), std::move(done));
        return;
    }
    command(GroupCommand::Action::add, from, std::move(connection_id), std::move(group),
            std::move(done));
}

void NodeHubManager::remove_from_group(transport::Loop* from, std::string connection_id,
                                       std::string group, Done done) {
    if (local_.has(connection_id)) {
        local_.remove_from_group(from, std::move(connection_id), std::move(group), std::move(done));
        return;
    }
    command(GroupCommand::Action::remove, from, std::move(connection_id), std::move(group),
            std::move(done));
}

void NodeHubManager::command(GroupCommand::Action action, transport::Loop* from,
                             std::string connection_id, std::string group, Done done) {
    const auto shared_done = local_.make_done(from, std::move(done));
    GroupCommand command{0, node_, action, std::move(group), std::move(connection_id)};
    {
        const MutexLock lock(mutex_);
        if (commands_.size() < kGroupCommandsMax) {
            command.id = ++last_command_;
            commands_[command.id].done = shared_done;
        }
    }
    if (command.id == 0) {
        if (shared_done) {
            shared_done->fail("Too many changes of groups wait for other nodes.");
        }
        return;
    }
    start_sweep();
    backplane_.publish(joined(prefix_, kGroups), write_group_command(command),
                       [this, id = command.id](std::int64_t receivers, std::string_view error) {
                           on_command_published(id, receivers, error);
                       });
}

void NodeHubManager::on_command_published(std::uint64_t id, std::int64_t receivers,
                                          std::string_view error) {
    PendingCommand ended;  // lets go of its share after the lock
    {
        const MutexLock lock(mutex_);
        const auto found = commands_.find(id);
        if (found == commands_.end()) {
            return;
        }
        found->second.receivers = receivers;
        if (error.empty() && !found->second.denied_by_all()) {
            return;
        }
        ended = std::move(found->second);
        commands_.erase(found);
    }
    if (ended.done && !error.empty()) {
        ended.done->fail(joined("The node of the connection was not reached: ", error));
    }
}

bool NodeHubManager::on_group_command(std::string_view payload) {
    const auto command = parse_group_command(payload);
    if (!command) {
        return false;
    }
    const auto answer = [this, id = command->id,
                         at = joined(prefix_, kAck, command->node)](bool found) {
        backplane_.publish(at, write_group_ack({id, found}), [](std::int64_t, std::string_view) {});
    };
    if (!local_.has(command->connection_id)) {
        answer(false);
    } else if (command->action == GroupCommand::Action::add) {
        local_.add_to_group(nullptr, command->connection_id, command->group,
                            [answer](std::string_view) { answer(true); });
    } else {
        local_.remove_from_group(nullptr, command->connection_id, command->group,
                                 [answer](std::string_view) { answer(true); });
    }
    return true;
}

bool NodeHubManager::on_group_ack(std::string_view payload) {
    const auto ack = parse_group_ack(payload);
    if (!ack) {
        return false;
    }
    PendingCommand ended;  // lets go of its share after the lock
    const MutexLock lock(mutex_);
    const auto found = commands_.find(ack->id);
    if (found == commands_.end()) {
        return true;
    }
    found->second.denials += ack->found ? 0 : 1;
    if (ack->found || found->second.denied_by_all()) {
        ended = std::move(found->second);
        commands_.erase(found);
    }
    return true;
}

std::string NodeHubManager::invoke(transport::Loop* from, std::string connection_id,
                                   std::shared_ptr<const ClientQuestion> question, Asked done) {
    if (local_.has(connection_id)) {
        return local_.invoke(from, std::move(connection_id), std::move(question), std::move(done));
    }
    auto& questions = local_.questions();
    auto ticket = questions.next_ticket();
    if (!questions.open(ticket, {connection_id, from, done, true})) {
        ClientQuestions::answer(from, done, unreachable(std::string(kTooManyQuestions)), nullptr);
        return ticket;
    }
    start_sweep();
    publish_question(NodeQuestion::Step::ask, ticket, connection_id, question.get());
    return ticket;
}

void NodeHubManager::publish_question(NodeQuestion::Step step, const std::string& ticket,
                                      const std::string& connection_id,
                                      const ClientQuestion* question) {
    const auto gone = step == NodeQuestion::Step::ask ? InvokeOutcome::Kind::no_such_connection
                                                      : InvokeOutcome::Kind::disconnected;
    backplane_.publish(
        channel(NameKind::connection, connection_id),
        write_node_question(
            {step, ticket, node_, question != nullptr ? *question : ClientQuestion{}}),
        [this, ticket, gone](std::int64_t receivers, std::string_view error) {
            if (!error.empty()) {
                local_.questions().finish(ticket, unreachable(std::string(error)), nullptr);
            } else if (receivers == 0) {
                local_.questions().finish(ticket, {gone, {}, {}, false}, nullptr);
            }
        });
}

void NodeHubManager::cancel(const std::string& ticket) {
    const auto question = local_.questions().take(ticket);
    if (!question) {
        return;
    }
    if (question->remote) {
        publish_question(NodeQuestion::Step::cancel, ticket, question->connection_id, nullptr);
    } else {
        local_.withdraw(ticket, question->connection_id);
    }
}

void NodeHubManager::add(HubConnection& connection, std::string_view user, Done ready) {
    local_.add(connection, user, std::move(ready));
}

// An error is none of the caller's: the subscription is kept and comes into force with the
// connection.
void NodeHubManager::on_name(NameKind kind, std::string_view name, SharedDonePtr known) {
    Backplane::Subscribed done;
    if (known) {
        done = [known = std::move(known)](std::string_view) {};
    }
    backplane_.subscribe(channel(kind, name), std::move(done));
}

void NodeHubManager::on_name_gone(NameKind kind, std::string_view name) {
    backplane_.unsubscribe(channel(kind, name));
}

void NodeHubManager::on_message(std::string_view at, std::string_view payload) {
    if (!at.starts_with(prefix_)) {
        return;
    }
    at.remove_prefix(prefix_.size());
    const auto after = [at](std::string_view head) { return std::string(at.substr(head.size())); };
    bool understood = true;
    if (at == kAll) {
        understood = deliver({Recipients::Kind::all, {}, {}}, payload);
    } else if (at.starts_with(kGroup)) {
        understood = deliver({Recipients::Kind::groups, {after(kGroup)}, {}}, payload);
    } else if (at.starts_with(kUser)) {
        understood = deliver({Recipients::Kind::users, {after(kUser)}, {}}, payload);
    } else if (at.starts_with(kConnection)) {
        understood = on_connection_message(at.substr(kConnection.size()), payload);
    } else if (at == kGroups) {
        understood = on_group_command(payload);
    } else if (at.starts_with(kAck)) {
        understood = on_group_ack(payload);
    } else if (at.starts_with(kReturn)) {
        understood = on_result(payload);
    }
    if (!understood) {
        log_.debug("backplane_message_ignored", {{"channel", at}, {"bytes", payload.size()}});
    }
}

// Our own recipients were served before it was published.
bool NodeHubManager::deliver(Recipients to, std::string_view payload) {
    auto sent = parse_node_send(payload);
    if (!sent) {
        return false;
    }
    if (sent->node != node_) {
        to.except = std::move(sent->except);
        local_.send(nullptr, std::move(to),
                    std::make_shared<const EncodedInvocation>(std::move(sent->message)), {});
    }
    return true;
}

bool NodeHubManager::on_connection_message(std::string_view connection_id,
                                           std::string_view payload) {
    auto asked = parse_node_question(payload);
    if (!asked) {
        return deliver({Recipients::Kind::connections, {std::string(connection_id)}, {}}, payload);
    }
    const auto answer = [this, ticket = asked->ticket,
                         at = joined(prefix_, kReturn, asked->node)](const InvokeOutcome& outcome) {
        backplane_.publish(at, write_node_result({ticket, outcome}),
                           [](std::int64_t, std::string_view) {});
    };
    switch (asked->step) {
        case NodeQuestion::Step::ask:
            local_.invoke_as(nullptr, asked->ticket, std::string(connection_id),
                             std::make_shared<const ClientQuestion>(std::move(asked->question)),
                             answer);
            break;
        case NodeQuestion::Step::cancel:
            local_.cancel(asked->ticket);
            break;
        case NodeQuestion::Step::probe:
            // An answer that got lost would be waited for in vain.
            if (!local_.is_waiting(asked->ticket)) {
                answer(unreachable("The answer was lost between the nodes."));
            }
            break;
    }
    return true;
}

bool NodeHubManager::on_result(std::string_view payload) {
    const auto result = parse_node_result(payload);
    if (result) {
        local_.questions().finish(result->ticket, result->outcome, nullptr);
    }
    return result.has_value();
}

// Answers may have been missed, so nobody may go on waiting for one.
void NodeHubManager::on_lost() {
    static constexpr std::string_view kLost = "The connection to the other nodes was lost.";
    for (const auto& question : local_.questions().remote()) {
        local_.questions().finish(question.ticket, unreachable(std::string(kLost)), nullptr);
    }
    std::unordered_map<std::uint64_t, PendingCommand> ended;
    {
        const MutexLock lock(mutex_);
        ended.swap(commands_);
    }
    for (const auto& [id, command] : ended) {
        if (command.done) {
            command.done->fail(kLost);
        }
    }
}

void NodeHubManager::start_sweep() {
    {
        const MutexLock lock(mutex_);
        ++sweeps_asked_;
        if (std::exchange(sweeping_, true)) {
            return;
        }
    }
    auto& loop = local_.first_loop();
    loop.post([this, &loop] { loop.call_after(kSweepNs, [this] { sweep(); }); });
}

// Once a second, as long as anything waits for another node.
void NodeHubManager::sweep() {
    std::vector<PendingCommand> expired;
    std::uint64_t asked = 0;
    {
        const MutexLock lock(mutex_);
        asked = sweeps_asked_;
        for (auto entry = commands_.begin(); entry != commands_.end();) {
            if (++entry->second.seconds > kGroupAckSeconds) {
                expired.push_back(std::move(entry->second));
                entry = commands_.erase(entry);
            } else {
                ++entry;
            }
        }
    }
    for (const auto& command : expired) {
        if (command.done) {
            command.done->fail("No node has answered within 30 seconds.");
        }
    }
    const auto questions = local_.questions().remote();
    if (++seconds_ % kQuestionProbeSeconds == 0) {
        for (const auto& question : questions) {
            publish_question(NodeQuestion::Step::probe, question.ticket, question.connection_id,
                             nullptr);
        }
    }
    {
        const MutexLock lock(mutex_);
        sweeping_ = !commands_.empty() || !questions.empty() || asked != sweeps_asked_;
        if (!sweeping_) {
            return;
        }
    }
    local_.first_loop().call_after(kSweepNs, [this] { sweep(); });
}

}  // namespace hubtrail::hub
