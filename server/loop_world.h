#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "auth/token_verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "hub/log/log_hub.h"
#include "hub/log/log_tails.h"
#include "protocol/cursor.h"
#include "rest/api_context.h"
#include "rest/commit_watch.h"
#include "rest/events_handler.h"
#include "rest/health_handler.h"
#include "rest/sync_handler.h"
#include "server/bench_hub.h"
#include "server/config.h"
#include "storage/log_service.h"
#include "transport/net/net_loop.h"
#include "transport/outbox.h"
#include "transport/session/session_server.h"

namespace hubtrail::server {

/// What every loop of the process shares. All must outlive the worlds. Thread: any.
struct Shared {
    const ServerConfig& config;
    const Clock& clock;
    Random& random;
    Log& log;
    storage::LogService& service;
    const protocol::CursorCodec& codec;
    transport::ConnectionTokens& tokens;
    const std::atomic<bool>& draining;
    transport::HttpHandler* page;          ///< null: no demo
    transport::HttpHandler* demo_session;  ///< null: no demo
    std::size_t connections_max;           ///< per loop
};

/// Everything that lives on one loop, wired together. Thread: strand, of `loop`.
class LoopWorld {
public:
    LoopWorld(const Shared& shared, transport::NetLoop& loop,
              std::unique_ptr<auth::TokenVerifier> verifier);

    transport::SessionServer& sessions() { return sessions_; }
    transport::OutputScheduler& scheduler() { return scheduler_; }
    /// Before the first connection.
    void map_bench_hub(BenchHubs& hubs);
    /// Sends the hubs' clients away, evenly over the window; takes no new ones.
    void drain(std::int64_t window_ns);
    /// Says goodbye to every peer.
    void shut_down();
    /// Connections at the last tick or change. Any thread.
    std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
    /// Of hubs, over any transport. Any thread.
    std::size_t hub_connections() const;
    void on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch);
    void on_head(const std::string& tenant, const storage::LogHead& head);

private:
    transport::RouteTable make_routes();
    void schedule_tick();
    void watch_shutdown();

    const Shared& shared_;
    transport::NetLoop& loop_;
    std::unique_ptr<auth::TokenVerifier> verifier_;
    transport::OutputScheduler scheduler_;
    hub::HubScratch scratch_;
    hub::LogTails tails_;
    rest::CommitWatch watch_;
    rest::ApiContext api_;
    rest::EventsHandler events_;
    rest::SyncHandler sync_;
    rest::HealthHandler health_;
    std::vector<std::unique_ptr<transport::HubEndpoint>> hubs_;
    transport::RouteTable routes_;
    transport::SessionServer sessions_;
    std::atomic<std::size_t> connections_{0};
};

}  // namespace hubtrail::server
