#pragma once

#include <string>

#include "hub/connection/splitter_pool.h"
#include "protocol/hub_message.h"

namespace hubtrail::hub {

/// What the connections of one loop share to parse and write messages. Thread: strand.
struct HubScratch {
    protocol::HubMessage message;
    std::string lower_name;
    std::string out;
    SplitterPool splitters;
};

}  // namespace hubtrail::hub
