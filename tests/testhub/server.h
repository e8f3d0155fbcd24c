#pragma once

#include <optional>
#include <string>

#include <hubtrail/hub.h>

#include "transport/loop.h"

namespace hubtrail::testhub {

/// The one server of the process. Thread: any, once main() has made it.
HubServer& server();

/// The loop of the calling thread. Thread: any of the server's loops.
transport::Loop& this_loop();

/// The user is whoever the header says, else the token's subject. For tests only.
std::string user_of(const auth::Principal* user, const RequestInfo& request);

/// A route of a hub, with what all of them have.
template <typename H>
auto map(HubServer& server, std::string path) {
    auto route = server.map<H>(std::move(path));
    route.user_id(user_of);
    return route;
}

}  // namespace hubtrail::testhub
