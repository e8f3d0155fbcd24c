#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "host/feature.h"
#include "host/loop_group.h"
#include "hub/code/code_hub.h"
#include "hub/code/hub_definition.h"
#include "hub/code/hub_loop.h"
#include "hub/code/messenger.h"
#include "hub/code/policy.h"
#include "hub/code/worker_pool.h"
#include "hub/fanout/backplane.h"
#include "hub/fanout/hub_manager.h"
#include "hub/host/endpoint_scope.h"
#include "hub/host/http_task.h"

namespace hubtrail::hub {

struct CodeHubsOptions {
    std::size_t workers = 8;  ///< threads for on_worker(), at most
    HubOptions hub = {};      ///< of every hub that says nothing else
    transport::EndpointOptions endpoint = {};
    /// Called once for each type of hub; null, or what it returns: the process is alone.
    std::function<std::unique_ptr<Backplane>()> make_backplane = nullptr;
};

/// The hubs of code of a process, its handlers of plain requests and raw endpoints, as a feature of
/// a host. Thread: main until the host has started; messenger() from any after that. All references
/// must outlive it.
class CodeHubs final : public host::Feature {
public:
    CodeHubs(host::LoopGroup& loops, const Clock& clock, Random& random, Log& log,
             CodeHubsOptions options);
    ~CodeHubs() override;

    /// The type of hub, made when it is new. After the start only of types that are known; throws
    /// std::logic_error for others.
    HubDefinition& define(std::type_index type, std::string name);
    const Messenger& messenger(const HubDefinition& definition) const;
    HubRouteOptions& add_route(const HubDefinition& definition, std::string_view path);
    void add_http(std::string path, HttpFunction function);
    void add_endpoint(
        std::string path,
        std::function<std::unique_ptr<transport::HubEndpoint>(const EndpointScope&)> make);
    void add_filter(std::shared_ptr<HubFilter> filter) { filters_.push_back(std::move(filter)); }
    void add_policy(std::string name, Policy policy) {
        policies_[std::move(name)] = std::move(policy);
    }

    /// No more types: what was said of them is checked and in force. Throws std::logic_error.
    void seal();

    std::unique_ptr<host::LoopFeature> on_loop(const host::LoopScope& scope) override;
    /// Ends the workers, who answer to loops.
    void stop() override { workers_.stop(); }

private:
    class Part;
    /// A type of hub: what is known of it, and who its clients are.
    struct HubType {
        HubDefinition definition;
        std::unique_ptr<Backplane> backplane;
        std::unique_ptr<HubManager> manager;
        std::unique_ptr<Messenger> messenger;
    };
    struct HubMapping {
        HubRouteOptions options;
        const HubDefinition* definition;
    };
    struct HttpMapping {
        std::string path;
        HttpFunction function;
    };
    struct EndpointMapping {
        std::string path;
        std::function<std::unique_ptr<transport::HubEndpoint>(const EndpointScope&)> make;
    };

    void check_policy(const std::optional<std::string>& policy, const std::string& where) const;

    host::LoopGroup& loops_;
    const Clock& clock_;
    Random& random_;
    Log& log_;
    const CodeHubsOptions options_;
    WorkerPool workers_;
    std::unordered_map<std::type_index, std::unique_ptr<HubType>> types_;
    std::vector<std::unique_ptr<HubMapping>> mappings_;
    std::vector<std::unique_ptr<HttpMapping>> http_;
    std::vector<EndpointMapping> endpoints_;
    std::vector<std::shared_ptr<HubFilter>> filters_;  ///< owned with whoever added them
    Policies policies_;
    bool sealed_ = false;
};

}  // namespace hubtrail::hub
