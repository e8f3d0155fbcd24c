#include "server/serve.h"

#include <atomic>
#include <climits>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include "auth/jose/jose_verifier.h"
#include "auth/jose/token_signer.h"
#include "auth/key_file.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/random.h"
#include "protocol/cursor.h"
#include "server/admin_world.h"
#include "server/bench_hub.h"
#include "server/config_load.h"
#include "server/data_dir.h"
#include "server/demo_session.h"
#include "server/loop_world.h"
#include "server/page_handler.h"
#include "storage/sqlite/sqlite_log_store.h"

namespace hubtrail::server {
namespace {

constexpr std::uint64_t kReservedDescriptors = 512;  // database, files, listeners
constexpr std::int64_t kShutdownNs = 2'000'000'000;  // for peers to take their goodbye
constexpr std::int64_t kShutdownPollNs = 20'000'000;

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

/// The process: what all loops share, and the loops. Thread: main; loops run on threads of their
/// own.
class Server {
public:
    explicit Server(const ServerConfig& config)
        : config_(config),
          log_(make_stderr_log(config.log_level, config.log_format)),
          tokens_(random_) {}

    ~Server() {
        stop_loops();
        // The service answers what is queued; its threads post to the loops, which still exist.
        service_.reset();
        admin_.reset();
        worlds_.clear();
    }

    Result<void, std::string> start() {
        if (auto opened = open_data(); !opened) {
            return opened;
        }
        if (auto policy = make_policy(); !policy) {
            return policy;
        }
        const auto limit = transport::raise_descriptor_limit();
        const auto loops = config_.loops > 0 ? static_cast<unsigned>(config_.loops)
                                             : std::max(1U, std::thread::hardware_concurrency());
        const auto most =
            limit > 2 * kReservedDescriptors ? limit - kReservedDescriptors : limit / 2;
        const auto connections = config_.connections_max > 0 ? config_.connections_max : most;
        shared_ = std::make_unique<Shared>(Shared{config_, clock_, random_, *log_, *service_,
                                                  *codec_, tokens_, draining_, page_.get(),
                                                  demo_session_.get(), connections / loops + 1});
        for (unsigned i = 0; i < loops; ++i) {
            loops_.push_back(transport::make_net_loop(static_cast<int>(i), clock_, *log_));
            auto verifier = auth::make_jose_verifier(policy_, clock_);
            if (!verifier) {
                return Failure{"auth: " + verifier.error()};
            }
            worlds_.push_back(std::make_unique<LoopWorld>(
                *shared_, *loops_.back(),
                auth::make_caching_verifier(std::move(*verifier), clock_,
                                            config_.token_cache_max)));
        }
        if (config_.bench_hub) {
            map_bench_hub();
        }
        return listen();
    }

    int run() {
        loops_.front()->on_terminate([this] { begin_shutdown(); });
        for (std::size_t i = 1; i < loops_.size(); ++i) {
            threads_.emplace_back([this, i] { loops_[i]->run(); });
            pthread_setname_np(threads_.back().native_handle(),
                               ("loop-" + std::to_string(i)).c_str());
        }
        std::printf("ready http://%s:%u/\n",
                    address_.host == "0.0.0.0" ? "127.0.0.1" : address_.host.c_str(),
                    address_.port);
        std::fflush(stdout);
        log_->info("listening", {{"address", address_.host},
                                 {"port", address_.port},
                                 {"loops", loops_.size()},
                                 {"data", config_.data_dir},
                                 {"demo", config_.demo ? "yes" : "no"}});
        loops_.front()->run();
        stop_loops();
        log_->info("stopped");
        return 0;
    }

private:
    void map_bench_hub() {
        std::vector<transport::OutputScheduler*> schedulers;
        for (const auto& world : worlds_) {
            schedulers.push_back(&world->scheduler());
        }
        bench_hubs_ = std::make_unique<BenchHubs>(config_.hub, config_.endpoint, schedulers, clock_,
                                                  random_, *log_);
        for (const auto& world : worlds_) {
            world->map_bench_hub(*bench_hubs_);
        }
    }

    Result<void, std::string> open_data() {
        auto data = DataDir::open(files_, config_.data_dir);
        if (!data) {
            return Failure{data.error()};
        }
        data_ = std::make_unique<DataDir>(std::move(*data));
        auto secret =
            auth::load_or_create_token_key(files_, random_, token_key_path(config_.data_dir));
        if (!secret) {
            return Failure{secret.error()};
        }
        secret_ = std::move(*secret);
        auto cursor_key = data_->cursor_key(files_, random_);
        if (!cursor_key) {
            return Failure{cursor_key.error()};
        }
        codec_ = std::make_unique<protocol::CursorCodec>(*cursor_key);
        auto store = storage::open_sqlite_log_store(data_->database(), random_);
        if (!store) {
            return Failure{store.error().detail};
        }
        store_ = std::move(*store);
        storage::LogServiceOptions options;
        options.reader_threads = config_.reader_threads;
        auto service = storage::start_log_service(
            *store_, clock_, *log_, options,
            [this](const std::shared_ptr<const storage::CommittedBatch>& batch) {
                for (std::size_t i = 0; i < worlds_.size(); ++i) {
                    loops_[i]->post([world = worlds_[i].get(), batch] { world->on_commit(batch); });
                }
            },
            [this](const std::string& tenant, storage::LogHead head) {
                for (std::size_t i = 0; i < worlds_.size(); ++i) {
                    loops_[i]->post(
                        [world = worlds_[i].get(), tenant, head] { world->on_head(tenant, head); });
                }
            });
        if (!service) {
            return Failure{service.error().detail};
        }
        service_ = std::move(*service);
        if (config_.demo) {
            signer_ = std::make_unique<auth::TokenSigner>(secret_, clock_);
            page_ = std::make_unique<PageHandler>(
                files_, config_.page_dir.empty() ? default_page_dir() : config_.page_dir);
            demo_session_ = std::make_unique<DemoSession>(*signer_, clock_);
        }
        return {};
    }

    Result<void, std::string> make_policy() {
        auto policy = load_token_policy(files_, config_);
        if (!policy) {
            return Failure{policy.error()};
        }
        policy_ = std::move(*policy);
        if (policy_.keys.empty()) {
            policy_.keys.push_back(auth::make_secret_key(secret_));
        }
        return {};
    }

    Result<void, std::string> listen() {
        auto parsed = transport::parse_listen_address(config_.listen);
        if (!parsed) {
            return Failure{parsed.error()};
        }
        address_ = std::move(*parsed);
        if (!config_.admin_listen.empty()) {
            if (auto admin = listen_for_admin(); !admin) {
                return admin;
            }
        }
        for (std::size_t i = 0; i < loops_.size(); ++i) {
            // The first one fixes the port when any free one was asked for.
            auto listener =
                transport::open_listener(address_, i == 0 ? transport::ListenerShare::first
                                                          : transport::ListenerShare::another);
            if (!listener) {
                return Failure{listener.error() + "; choose another address with --listen"};
            }
            auto* world = worlds_[i].get();
            loops_[i]->listen(*listener, [world](std::unique_ptr<transport::Socket> socket) {
                world->sessions().accept(std::move(socket));
            });
        }
        return {};
    }

    // Metrics and health, on loop 0.
    Result<void, std::string> listen_for_admin() {
        auto address = transport::parse_listen_address(config_.admin_listen);
        if (!address) {
            return Failure{address.error()};
        }
        std::vector<const transport::ConnectionCounters*> counters;
        for (const auto& world : worlds_) {
            counters.push_back(&world->sessions().counters());
        }
        admin_ = std::make_unique<AdminWorld>(*shared_, worlds_.front()->scheduler(),
                                              std::move(counters));
        auto listener = transport::open_listener(*address, transport::ListenerShare::first);
        if (!listener) {
            return Failure{listener.error() + "; choose another address with --admin-listen"};
        }
        loops_.front()->listen(*listener, [this](std::unique_ptr<transport::Socket> socket) {
            admin_->sessions().accept(std::move(socket));
        });
        log_->info("admin_listening", {{"address", address->host}, {"port", address->port}});
        return {};
    }

    // Runs on loop 0. A second signal ends at once.
    void begin_shutdown() {
        if (draining_.exchange(true)) {
            loops_.front()->stop();
            return;
        }
        log_->info("stopping", {{"advice", "a second signal ends at once"}});
        for (std::size_t i = 0; i < loops_.size(); ++i) {
            loops_[i]->post([world = worlds_[i].get(), window = config_.drain_window_ns] {
                world->drain(window);
            });
        }
        shutdown_step_ns_ = clock_.steady_ns() + config_.drain_window_ns;
        poll_shutdown();
    }

    // While hub connections are sent away everything else is served as before, so that a balancer
    // notices; then all the others get a short time to take their goodbye.
    void poll_shutdown() {
        loops_.front()->call_after(kShutdownPollNs, [this] {
            std::size_t hub_connections = 0;
            std::size_t connections = 0;
            for (const auto& world : worlds_) {
                hub_connections += world->hub_connections();
                connections += world->connections();
            }
            const bool over = clock_.steady_ns() >= shutdown_step_ns_;
            if (goodbye_said_ && (connections == 0 || over)) {
                loops_.front()->stop();
                return;
            }
            if (!goodbye_said_ && (hub_connections == 0 || over)) {
                say_goodbye();
            }
            poll_shutdown();
        });
    }

    void say_goodbye() {
        goodbye_said_ = true;
        shutdown_step_ns_ = clock_.steady_ns() + kShutdownNs;
        for (std::size_t i = 0; i < loops_.size(); ++i) {
            loops_[i]->stop_listening();
            loops_[i]->post([world = worlds_[i].get()] { world->shut_down(); });
        }
    }

    void stop_loops() {
        for (const auto& loop : loops_) {
            loop->stop();
        }
        for (auto& thread : threads_) {
            thread.join();
        }
        threads_.clear();
    }

    const ServerConfig& config_;
    SystemClock clock_;
    SystemRandom random_;
    PosixFileSystem files_;
    std::unique_ptr<Log> log_;
    transport::ConnectionTokens tokens_;
    std::atomic<bool> draining_{false};
    std::unique_ptr<DataDir> data_;
    std::string secret_;
    std::unique_ptr<protocol::CursorCodec> codec_;
    std::unique_ptr<storage::LogStore> store_;
    std::unique_ptr<auth::TokenSigner> signer_;
    std::unique_ptr<PageHandler> page_;
    std::unique_ptr<DemoSession> demo_session_;
    auth::TokenPolicy policy_;
    std::vector<std::unique_ptr<transport::NetLoop>> loops_;
    std::unique_ptr<storage::LogService> service_;
    std::unique_ptr<Shared> shared_;
    std::unique_ptr<BenchHubs> bench_hubs_;
    std::vector<std::unique_ptr<LoopWorld>> worlds_;
    std::unique_ptr<AdminWorld> admin_;
    std::vector<std::thread> threads_;
    transport::ListenAddress address_;
    std::int64_t shutdown_step_ns_ =
        0;  ///< when the present step of the shutdown ends at the latest
    bool goodbye_said_ = false;
};

}  // namespace

int run_serve(const ServerConfig& config) {
    Server server(config);
    if (auto started = server.start(); !started) {
        std::fprintf(stderr, "hubtrail: %s\n", started.error().c_str());
        return 1;
    }
    return server.run();
}

}  // namespace hubtrail::server
