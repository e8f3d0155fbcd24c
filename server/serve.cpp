#include "server/serve.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "auth/jose/jose_verifier.h"
#include "auth/key_file.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/random.h"
#include "host/host.h"
#include "host/log/event_log.h"
#include "host/log/log_features.h"
#include "host/system_network.h"
#include "hub/host/code_hubs.h"
#include "server/bench_hub.h"
#include "server/config_load.h"
#include "server/demo_feature.h"
#include "server/metrics_feature.h"
#include "server/product_routes.h"

namespace hubtrail::server {
namespace {

constexpr std::size_t kAdminConnections = 64;  // scrapers and probes; beyond: 503

std::string default_page_dir() {
    std::string path(PATH_MAX, '\0');
    const auto size = readlink("/proc/self/exe", path.data(), path.size());
    path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    // build/<preset>/hubtrail of a checkout
    for (int up = 0; up < 3; ++up) {
        path.resize(std::min(path.size(), path.rfind('/')));
    }
    return path + "/clients/js-sample";
}

/// The value, or what the operator is told.
template <typename T>
T value_or_throw(Result<T, std::string> result, const std::string& where = {}) {
    if (!result) {
        throw std::runtime_error(where + result.error());
    }
    return std::move(*result);
}

/// The process: the log, the loops, and which features are where. Thread: main; loops run on
/// threads of their own.
class Server {
public:
    explicit Server(const ServerConfig& config)
        : config_(config),
          log_(make_stderr_log(config.log_level, config.log_format)),
          events_(value_or_throw(host::EventLog::open({config.data_dir, config.reader_threads},
                                                      clock_, random_, *log_))),
          secret_(value_or_throw(
              auth::load_or_create_token_key(files_, random_, token_key_path(config.data_dir)))),
          policy_(make_policy()),
          network_(clock_, *log_),
          loops_(std::make_shared<host::LoopGroup>(network_, config.loops, config.gather_ns_max)),
          code_hubs_(*loops_, clock_, random_, *log_, {1, config.hub, config.endpoint, nullptr}),
          host_(network_, loops_, clock_, random_, *log_,
                {config.drain_window_ns, [this] { return make_verifier(); }}) {
        add_public_site();
        if (!config.admin_listen.empty()) {
            add_admin_site();
        }
    }

    int run() {
        host_.start();
        host_.drain_on_signals();
        loops_->start_threads(1);
        const auto& address = host_.address(0);
        if (!config_.admin_listen.empty()) {
            const auto& admin = host_.address(1);
            log_->info("admin_listening", {{"address", admin.host}, {"port", admin.port}});
        }
        std::printf("ready http://%s:%u/\n",
                    address.host == "0.0.0.0" ? "127.0.0.1" : address.host.c_str(), address.port);
        std::fflush(stdout);
        log_->info("listening", {{"address", address.host},
                                 {"port", address.port},
                                 {"loops", loops_->size()},
                                 {"data", config_.data_dir},
                                 {"demo", config_.demo ? "yes" : "no"}});
        loops_->loop(0).run();
        host_.take_down();
        log_->info("stopped");
        return 0;
    }

private:
    auth::TokenPolicy make_policy() {
        auto policy = value_or_throw(load_token_policy(files_, config_));
        if (policy.keys.empty()) {
            policy.keys.push_back(auth::make_secret_key(secret_));
        }
        return policy;
    }

    std::unique_ptr<auth::TokenVerifier> make_verifier() {
        auto verifier = value_or_throw(auth::make_jose_verifier(policy_, clock_), "auth: ");
        return auth::make_caching_verifier(std::move(verifier), clock_, config_.token_cache_max);
    }

    template <typename F, typename... Arguments>
    host::Feature* make(Arguments&&... arguments) {
        features_.push_back(std::make_unique<F>(std::forward<Arguments>(arguments)...));
        return features_.back().get();
    }

    void add_public_site() {
        host::Site site;
        site.listen = config_.listen;
        site.advice = "; choose another address with --listen";
        site.connections_max = config_.connections_max;
        site.endpoint = config_.endpoint;
        auto& log = events_->feature();
        site.features = {&log, make<host::RestFeature>(log),
                         make<host::HealthFeature>(events_->service(), host_.draining())};
        if (config_.demo) {
            site.features.push_back(make<DemoFeature>(
                files_, config_.page_dir.empty() ? default_page_dir() : config_.page_dir, secret_,
                clock_));
        }
        for (const auto& hub : config_.log_hubs) {
            site.features.push_back(make<host::LogHubFeature>(log, hub, log_hub_owner("")));
        }
        if (config_.bench_hub) {
            map_bench_hub(code_hubs_);
            code_hubs_.seal();
            site.features.push_back(&code_hubs_);
        }
        host_.add_site(std::move(site));
    }

    // Metrics and health, on loop 0.
    void add_admin_site() {
        host::Site site;
        site.listen = config_.admin_listen;
        site.advice = "; choose another address with --admin-listen";
        site.connections_max = kAdminConnections;
        site.first_loop_only = true;
        site.features = {make<host::HealthFeature>(events_->service(), host_.draining()),
                         make<MetricsFeature>(host_)};
        host_.add_site(std::move(site));
    }

    const ServerConfig& config_;
    SystemClock clock_;
    SystemRandom random_;
    PosixFileSystem files_;
    std::unique_ptr<Log> log_;
    std::unique_ptr<host::EventLog> events_;
    std::string secret_;
    auth::TokenPolicy policy_;
    host::SystemNetwork network_;
    std::shared_ptr<host::LoopGroup> loops_;  ///< owned with threads that post to them
    hub::CodeHubs code_hubs_;
    std::vector<std::unique_ptr<host::Feature>> features_;
    host::Host host_;
};

}  // namespace

int run_serve(const ServerConfig& config) {
    try {
        return Server(config).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hubtrail: %s\n", error.what());
        return 1;
    }
}

}  // namespace hubtrail::server
