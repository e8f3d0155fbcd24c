#include "hub/fanout/local_hub_manager.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "hub/connection/hub_connection.h"

namespace hubtrail::hub {
namespace {

constexpr std::string_view kLoopBusy =
    "A part of the recipients was left out: their thread is too busy.";
// What a posted send takes beside its message.
constexpr std::size_t kPostOverheadBytes = 256;

std::size_t bytes_of(const Recipients& to, const EncodedInvocation& message) {
    auto bytes = kPostOverheadBytes + message.json.size() + message.messagepack.size();
    for (const auto* list : {&to.names, &to.except}) {
        for (const auto& name : *list) {
            bytes += sizeof(std::string) + name.size();
        }
    }
    return bytes;
}

// Within the caller's call. Shares are only given out in it, so a count of one stays one.
void finish_if_alone(const SharedDonePtr& done) {
    if (done && done.use_count() == 1) {
        done->finish_now();
    }
}

InvokeOutcome outcome_of(const ClientResult& result, protocol::Encoding encoding) {
    using Kind = InvokeOutcome::Kind;
    InvokeOutcome outcome;
    outcome.kind = result.kind == ClientResult::Kind::result  ? Kind::result
                   : result.kind == ClientResult::Kind::error ? Kind::error
                                                              : Kind::disconnected;
    outcome.encoding = encoding;
    outcome.value.assign(result.value);
    outcome.empty = result.empty;
    return outcome;
}

}  // namespace

void drop_repeats(Recipients& to) {
    const bool by_connection =
        to.kind == Recipients::Kind::connections || to.kind == Recipients::Kind::users;
    if (by_connection && to.names.size() > 1) {
        std::sort(to.names.begin(), to.names.end());
        to.names.erase(std::unique(to.names.begin(), to.names.end()), to.names.end());
    }
}

// One group alone may be without a name, as in the reference.
bool names_empty_group(const Recipients& to) {
    return to.kind == Recipients::Kind::groups && to.names.size() > 1 &&
           std::any_of(to.names.begin(), to.names.end(),
                       [](const auto& name) { return name.empty(); });
}

LocalHubManager::LocalHubManager(const std::vector<transport::OutputScheduler*>& loops,
                                 std::string ticket_prefix, NameWatch* watch, Log& log)
    : log_(log), questions_(std::move(ticket_prefix)) {
    HUBTRAIL_CHECK(!loops.empty() && loops.size() <= kHubLoopsMax,
                   "a hub has 1 to kHubLoopsMax loops");
    for (std::size_t i = 0; i < loops.size(); ++i) {
        loops_.push_back(std::make_unique<LoopSlot>(*loops[i], i, directory_, watch));
    }
}

LocalHubManager::~LocalHubManager() {
    open_->store(false, std::memory_order_release);
}

SharedDonePtr LocalHubManager::make_done(transport::Loop* from, Done done) const {
    return done ? std::make_shared<SharedDone>(open_, from, std::move(done)) : nullptr;
}

LocalHubManager::LoopSlot& LocalHubManager::slot_of(HubConnection& connection) {
    auto* loop = &connection.transport().loop();
    const auto found = std::find_if(loops_.begin(), loops_.end(), [loop](const auto& slot) {
        return &slot->members.loop() == loop;
    });
    HUBTRAIL_CHECK(found != loops_.end(), "a connection of a loop that the hub does not know");
    return **found;
}

LoopSet LocalHubManager::loops_of(const Recipients& to) const {
    LoopSet set;
    // One loop knows all names itself.
    if (to.kind == Recipients::Kind::all || loops_.size() == 1) {
        for (std::size_t i = 0; i < loops_.size(); ++i) {
            set.set(i, loops_[i]->members.size() > 0);
        }
        return set;
    }
    for (const auto& name : to.names) {
        if (to.kind == Recipients::Kind::connections) {
            if (const auto loop = directory_.find_connection(name)) {
                set.set(*loop);
            }
        } else {
            set |= directory_.find(
                to.kind == Recipients::Kind::users ? NameKind::user : NameKind::group, name);
        }
    }
    return set;
}

void LocalHubManager::send(transport::Loop* from, Recipients to,
                           std::shared_ptr<const EncodedInvocation> message, Done done) {
    if (names_empty_group(to)) {
        if (done) {
            done(kEmptyGroupName);
        }
        return;
    }
    drop_repeats(to);
    const auto shared_done = make_done(from, std::move(done));
    const auto loops = loops_of(to);
    std::shared_ptr<const Recipients> posted_to;
    LoopSlot* own = nullptr;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        if (!loops.test(i)) {
            continue;
        }
        if (&loops_[i]->members.loop() == from) {
            own = loops_[i].get();
            continue;
        }
        if (!posted_to) {
            posted_to = std::make_shared<const Recipients>(to);
        }
        post_send(*loops_[i], posted_to, message, shared_done);
    }
    if (own != nullptr) {
        own->members.send(to, *message, shared_done);
    }
    finish_if_alone(shared_done);
}

void LocalHubManager::post_send(LoopSlot& slot, const std::shared_ptr<const Recipients>& to,
                                const std::shared_ptr<const EncodedInvocation>& message,
                                const SharedDonePtr& done) {
    const auto bytes = bytes_of(*to, *message);
    if (slot.posted_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes >
        kPostedSendBytesMax) {
        slot.posted_bytes.fetch_sub(bytes, std::memory_order_relaxed);
        if (done) {
            done->fail(kLoopBusy);
        }
        if (!overloaded_.exchange(true)) {
            log_.warn("hub_sends_dropped", {{"loop", slot.members.loop().index()},
                                            {"waiting_bytes_max", kPostedSendBytesMax}});
        }
        return;
    }
    slot.members.loop().post([this, &slot, to, message, done, bytes] {
        if (slot.posted_bytes.fetch_sub(bytes, std::memory_order_relaxed) == bytes) {
            overloaded_.store(false, std::memory_order_relaxed);
        }
        slot.members.send(*to, *message, done);
    });
}

void LocalHubManager::add_to_group(transport::Loop* from, std::string connection_id,
                                   std::string group, Done done) {
    change_group(GroupChange::add, from, std::move(connection_id), std::move(group),
                 std::move(done));
}

void LocalHubManager::remove_from_group(transport::Loop* from, std::string connection_id,
                                        std::string group, Done done) {
    change_group(GroupChange::remove, from, std::move(connection_id), std::move(group),
                 std::move(done));
}

void LocalHubManager::change_group(GroupChange change, transport::Loop* from,
                                   std::string connection_id, std::string group, Done done) {
    const auto loop = directory_.find_connection(connection_id);
    if (!loop) {
        if (done) {
            done({});
        }
        return;
    }
    auto& members = loops_[*loop]->members;
    auto shared_done = make_done(from, std::move(done));
    const auto apply = [change, &members](const std::string& id, const std::string& name,
                                          const SharedDonePtr& known) {
        if (change == GroupChange::add) {
            members.add_to_group(id, name, known);
        } else {
            members.remove_from_group(id, name);
        }
    };
    if (&members.loop() != from) {
        members.loop().post([apply, id = std::move(connection_id), name = std::move(group),
                             known = std::move(shared_done)] { apply(id, name, known); });
        return;
    }
    apply(connection_id, group, shared_done);
    finish_if_alone(shared_done);
}

std::string LocalHubManager::invoke(transport::Loop* from, std::string connection_id,
                                    std::shared_ptr<const ClientQuestion> question, Asked done) {
    auto ticket = questions_.next_ticket();
    invoke_as(from, ticket, std::move(connection_id), std::move(question), done);
    return ticket;
}

void LocalHubManager::invoke_as(transport::Loop* from, const std::string& ticket,
                                std::string connection_id,
                                std::shared_ptr<const ClientQuestion> question, const Asked& done) {
    if (!questions_.open(ticket, {connection_id, from, done, false})) {
        ClientQuestions::answer(
            from, done,
            {InvokeOutcome::Kind::unreachable, {}, std::string(kTooManyQuestions), false}, nullptr);
        return;
    }
    const auto loop = directory_.find_connection(connection_id);
    if (!loop) {
        questions_.finish(ticket, {InvokeOutcome::Kind::no_such_connection, {}, {}, false},
                          nullptr);
        return;
    }
    auto& slot = *loops_[*loop];
    if (&slot.members.loop() == from) {
        ask(slot, ticket, connection_id, *question);
        return;
    }
    slot.members.loop().post(
        [this, &slot, ticket, id = std::move(connection_id), question = std::move(question)] {
            // It may have been cancelled meanwhile.
            if (questions_.is_open(ticket)) {
                ask(slot, ticket, id, *question);
            }
        });
}

void LocalHubManager::ask(LoopSlot& slot, const std::string& ticket,
                          const std::string& connection_id, const ClientQuestion& question) {
    auto* connection = slot.members.find(connection_id);
    if (connection == nullptr) {
        questions_.finish(ticket, {InvokeOutcome::Kind::no_such_connection, {}, {}, false},
                          nullptr);
        return;
    }
    const auto encoding = connection->protocol().encoding();
    const auto& arguments = question.arguments[encoding];
    connection->invoke(
        ticket, question.target, arguments.raw, arguments.count,
        [this, ticket, encoding, loop = &slot.members.loop()](const ClientResult& result) {
            questions_.finish(ticket, outcome_of(result, encoding), loop);
        });
}

void LocalHubManager::cancel(const std::string& ticket) {
    if (const auto question = questions_.take(ticket)) {
        withdraw(ticket, question->connection_id);
    }
}

void LocalHubManager::withdraw(const std::string& ticket, const std::string& connection_id) {
    const auto loop = directory_.find_connection(connection_id);
    if (!loop) {
        return;
    }
    auto& members = loops_[*loop]->members;
    members.loop().post([&members, ticket, id = connection_id] {
        if (auto* connection = members.find(id)) {
            connection->cancel_invoke(ticket);
        }
    });
}

void LocalHubManager::count(const HubConnection& connection, int by) {
    connections_[connection.protocol().encoding()].fetch_add(by, std::memory_order_relaxed);
}

void LocalHubManager::add(HubConnection& connection, std::string_view user, Done ready) {
    auto& slot = slot_of(connection);
    const auto known = make_done(&slot.members.loop(), std::move(ready));
    count(connection, 1);
    slot.members.add(connection, user, known);
    finish_if_alone(known);
}

void LocalHubManager::remove(HubConnection& connection) {
    auto& members = slot_of(connection).members;
    if (members.find(connection.id()) == &connection) {
        count(connection, -1);
        members.remove(connection);
    }
}

void LocalHubManager::on_congested(HubConnection& connection) {
    slot_of(connection).members.on_congested(connection);
}

void LocalHubManager::on_drained(HubConnection& connection) {
    slot_of(connection).members.on_drained(connection);
}

bool LocalHubManager::wants(protocol::Encoding encoding) const {
    return connections_[encoding].load(std::memory_order_relaxed) > 0;
}

}  // namespace hubtrail::hub
