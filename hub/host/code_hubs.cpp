#include "hub/host/code_hubs.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace hubtrail::hub {

/// Thread: strand.
class CodeHubs::Part final : public host::LoopFeature {
public:
    Part(const CodeHubs& hubs, WorkerPool& workers, const host::LoopScope& scope)
        : hubs_(hubs), loop_(scope.loop, workers, hubs.clock_, hubs.log_) {
        for (const auto& mapping : hubs.mappings_) {
            endpoints_.push_back(make_code_hub(mapping->options, *mapping->definition,
                                               hubs.messenger(*mapping->definition), loop_,
                                               scope.verifier));
        }
        for (const auto& mapping : hubs.endpoints_) {
            endpoints_.push_back(mapping.make({loop_, scope.verifier}));
        }
        for (const auto& mapping : hubs.http_) {
            handlers_.push_back(make_http_task(mapping->function, loop_));
        }
    }
    // What still runs refers to the endpoints.
    ~Part() override { loop_.tasks().destroy_all(); }

    void add_routes(transport::RouteTable& routes) override {
        auto endpoint = endpoints_.begin();
        const auto add_hub = [&](const std::string& path) {
            routes.add_hub(path, **endpoint++, "the hub mapped to '" + path + "'");
        };
        for (const auto& mapping : hubs_.mappings_) {
            add_hub(mapping->options.path);
        }
        for (const auto& mapping : hubs_.endpoints_) {
            add_hub(mapping.path);
        }
        for (std::size_t i = 0; i < handlers_.size(); ++i) {
            add_http(routes, hubs_.http_[i]->path, *handlers_[i]);
        }
    }

private:
    static void add_http(transport::RouteTable& routes, std::string path,
                         transport::HttpHandler& handler) {
        auto owner = "map_http(\"" + path + "\")";
        auto match = transport::PathMatch::exact;
        if (!path.empty() && path.back() == '*') {
            path.pop_back();
            match = transport::PathMatch::fallback;
        }
        routes.add({{}, std::move(path), &handler, std::move(owner), match});
    }

    const CodeHubs& hubs_;
    HubLoop loop_;
    std::vector<std::unique_ptr<transport::HubEndpoint>> endpoints_;  ///< hubs, then raw ones
    std::vector<std::unique_ptr<transport::HttpHandler>> handlers_;
};

CodeHubs::CodeHubs(host::LoopGroup& loops, const Clock& clock, Random& random, Log& log,
                   CodeHubsOptions options)
    : loops_(loops),
      clock_(clock),
      random_(random),
      log_(log),
      options_(std::move(options)),
      workers_(std::max<std::size_t>(options_.workers, 1)) {}

CodeHubs::~CodeHubs() = default;

HubDefinition& CodeHubs::define(std::type_index type, std::string name) {
    if (sealed_) {
        // From here on other threads may look too.
        const auto known = types_.find(type);
        if (known == types_.end()) {
            throw std::logic_error(
                "a hub is mapped, or its context asked for, before the server starts");
        }
        return known->second->definition;
    }
    auto& found = types_[type];
    if (!found) {
        found = std::make_unique<HubType>();
        found->definition.name = std::move(name);
        found->definition.options = options_.hub;
        found->definition.user_id = default_user_id;
        if (options_.make_backplane) {
            found->backplane = options_.make_backplane();
        }
        found->manager = make_hub_manager(found->definition.name, loops_.schedulers(),
                                          found->backplane.get(), random_, log_);
        found->messenger =
            std::make_unique<Messenger>(*found->manager, found->definition.options.protocols);
    }
    return found->definition;
}

const Messenger& CodeHubs::messenger(const HubDefinition& definition) const {
    const auto found = std::find_if(types_.begin(), types_.end(), [&](const auto& entry) {
        return &entry.second->definition == &definition;
    });
    return *found->second->messenger;
}

HubRouteOptions& CodeHubs::add_route(const HubDefinition& definition, std::string_view path) {
    auto mapping = std::make_unique<HubMapping>();
    mapping->options.path = path;
    mapping->options.endpoint = options_.endpoint;
    mapping->definition = &definition;
    mappings_.push_back(std::move(mapping));
    return mappings_.back()->options;
}

void CodeHubs::add_http(std::string path, HttpFunction function) {
    auto mapping = std::make_unique<HttpMapping>();
    mapping->path = std::move(path);
    mapping->function = std::move(function);
    http_.push_back(std::move(mapping));
}

void CodeHubs::add_endpoint(
    std::string path,
    std::function<std::unique_ptr<transport::HubEndpoint>(const EndpointScope&)> make) {
    endpoints_.push_back({std::move(path), std::move(make)});
}

void CodeHubs::check_policy(const std::optional<std::string>& policy,
                            const std::string& where) const {
    if (policy && !policy->empty() && policies_.count(*policy) == 0) {
        throw std::logic_error(where + " needs the policy '" + *policy +
                               "', which nobody has added");
    }
}

void CodeHubs::seal() {
    sealed_ = true;
    for (const auto& [type, hub] : types_) {
        auto& definition = hub->definition;
        definition.filters.insert(definition.filters.begin(), filters_.begin(), filters_.end());
        definition.policies = policies_;
        definition.seal();
        for (const auto& [name, method] : definition.methods) {
            check_policy(method->policy, definition.name + "." + method->name);
        }
    }
    for (const auto& mapping : mappings_) {
        check_policy(mapping->options.policy, "the hub at " + mapping->options.path);
        auto& bytes_max = mapping->options.endpoint.message_bytes_max;
        bytes_max = std::max(bytes_max, message_bytes_for(mapping->definition->options));
    }
}

std::unique_ptr<host::LoopFeature> CodeHubs::on_loop(const host::LoopScope& scope) {
    return std::make_unique<Part>(*this, workers_, scope);
}

}  // namespace hubtrail::hub
