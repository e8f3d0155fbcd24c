#pragma once

#include <hubtrail/hub.h>

namespace hubtrail::testhub {

/// The routes /names and /names-unchanged (tests/conformance/HUBS.md).
void map_naming_hubs(HubServer& server);

}  // namespace hubtrail::testhub
