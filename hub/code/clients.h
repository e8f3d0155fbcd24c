#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/code/client_call.h"
#include "hub/code/exceptions.h"
#include "hub/code/messenger.h"
#include "hub/fanout/hub_manager.h"

namespace hubtrail::hub {

/// Some clients, to call methods of. Thread: any.
class ClientProxy {
public:
    ClientProxy(const Messenger& messenger, transport::Loop* from, Recipients to)
        : messenger_(messenger), from_(from), to_(std::move(to)) {}

    /// Calls the method of each of them, and expects no answer. Who is not there is skipped.
    template <typename... Argument>
    Operation send(std::string_view target, const Argument&... arguments) const {
        return messenger_.send(from_, to_, target, arguments_of(arguments...));
    }

protected:
    const Messenger& messenger_;
    transport::Loop* from_;
    Recipients to_;
};

/// One client, that can also be asked. Thread: any.
class SingleClientProxy : public ClientProxy {
public:
    using ClientProxy::ClientProxy;

    /// Calls the method and waits for what it returns. In a hub method the invocation gives its
    /// slot back first.
    template <typename R = void, typename... Argument>
    ClientCall<R> invoke(std::string_view target, const Argument&... arguments) const {
        return invoke<R>(CancellationToken(), target, arguments...);
    }
    template <typename R = void, typename... Argument>
    ClientCall<R> invoke(CancellationToken stop, std::string_view target,
                         const Argument&... arguments) const {
        return {messenger_, to_.names.front(),
                messenger_.make_question(target, arguments_of(arguments...)), std::move(stop)};
    }
};

/// Whom a hub can reach. Unknown ids, groups and users are skipped. Thread: any.
class Clients {
public:
    using Names = std::vector<std::string>;

    Clients(const Messenger& messenger, transport::Loop* from)
        : messenger_(messenger), from_(from) {}

    ClientProxy all() const { return make(Recipients::Kind::all, {}); }
    ClientProxy all_except(Names connection_ids) const {
        return make(Recipients::Kind::all, {}, std::move(connection_ids));
    }
    SingleClientProxy client(std::string connection_id) const {
        return {messenger_, from_, {Recipients::Kind::connections, {std::move(connection_id)}, {}}};
    }
    ClientProxy clients(Names connection_ids) const {
        return make(Recipients::Kind::connections, std::move(connection_ids));
    }
    ClientProxy group(std::string name) const {
        return make(Recipients::Kind::groups, {std::move(name)});
    }
    /// A member of two of them gets two copies. Throws InvalidOperationException when one of them
    /// has no name.
    ClientProxy groups(Names names) const {
        if (std::find(names.begin(), names.end(), std::string()) != names.end()) {
            throw InvalidOperationException(std::string(kEmptyGroupName));
        }
        return make(Recipients::Kind::groups, std::move(names));
    }
    ClientProxy group_except(std::string name, Names connection_ids) const {
        return make(Recipients::Kind::groups, {std::move(name)}, std::move(connection_ids));
    }
    /// Every connection of the user.
    ClientProxy user(std::string user_identifier) const {
        return make(Recipients::Kind::users, {std::move(user_identifier)});
    }
    ClientProxy users(Names user_identifiers) const {
        return make(Recipients::Kind::users, std::move(user_identifiers));
    }

protected:
    ClientProxy make(Recipients::Kind kind, Names names, Names except = {}) const {
        return {messenger_, from_, {kind, std::move(names), std::move(except)}};
    }

    const Messenger& messenger_;
    transport::Loop* from_;
};

/// The same inside of a hub, where there is a caller. Thread: strand.
class HubClients : public Clients {
public:
    HubClients(const Messenger& messenger, transport::Loop* from, std::string caller)
        : Clients(messenger, from), caller_(std::move(caller)) {}

    SingleClientProxy caller() const { return client(caller_); }
    ClientProxy others() const { return all_except({caller_}); }
    ClientProxy others_in_group(std::string name) const {
        return group_except(std::move(name), {caller_});
    }

private:
    std::string caller_;
};

/// Who is in which group. A membership ends with its connection. Repeats and unknown connections
/// are harmless. Thread: any.
class Groups {
public:
    Groups(const Messenger& messenger, transport::Loop* from)
        : messenger_(messenger), from_(from) {}

    Operation add(std::string connection_id, std::string group) const {
        return messenger_.change_group(from_, true, std::move(connection_id), std::move(group));
    }
    Operation remove(std::string connection_id, std::string group) const {
        return messenger_.change_group(from_, false, std::move(connection_id), std::move(group));
    }

private:
    const Messenger& messenger_;
    transport::Loop* from_;
};

}  // namespace hubtrail::hub
