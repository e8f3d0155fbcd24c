#include "hub/fanout/hub_manager.h"

#include <utility>

#include "hub/fanout/local_hub_manager.h"
#include "hub/fanout/node_hub_manager.h"

namespace hubtrail::hub {

std::unique_ptr<HubManager> make_hub_manager(std::string hub_name,
                                             const std::vector<transport::OutputScheduler*>& loops,
                                             Backplane* backplane, Random& random, Log& log) {
    if (backplane == nullptr) {
        return std::make_unique<LocalHubManager>(loops, std::string(), nullptr, log);
    }
    return std::make_unique<NodeHubManager>(std::move(hub_name), loops, *backplane, random, log);
}

}  // namespace hubtrail::hub
