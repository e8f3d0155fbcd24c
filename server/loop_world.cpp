#include "server/loop_world.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "rest/routes.h"
#include "server/product_routes.h"
#include "transport/http/http_parser.h"
#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::server {
namespace {

constexpr std::int64_t kTickNs = 1'000'000'000;
constexpr std::int64_t kShutdownWatchNs = 10'000'000;

transport::SessionOptions session_options(const Shared& shared) {
    transport::SessionOptions options;
    options.make_parser = transport::make_http_parser;
    options.make_decoder = transport::make_frame_decoder;
    options.connections_max = shared.connections_max;
    return options;
}

}  // namespace

LoopWorld::LoopWorld(const Shared& shared, transport::NetLoop& loop,
                     std::unique_ptr<auth::TokenVerifier> verifier)
    : shared_(shared),
      loop_(loop),
      verifier_(std::move(verifier)),
      scheduler_(loop, shared.config.gather_ns_max),
      tails_(scheduler_, shared.service, shared.codec, shared.log),
      api_{loop,         shared.service, shared.codec, *verifier_,
           shared.clock, shared.random,  shared.log,   watch_},
      events_(api_),
      sync_(api_),
      health_(shared.service, shared.draining),
      routes_(make_routes()),
      sessions_(scheduler_, routes_, shared.tokens, shared.clock, shared.log,
                session_options(shared)) {
    schedule_tick();
}

transport::RouteTable LoopWorld::make_routes() {
    transport::RouteTable routes;
    routes.allow_origins(shared_.config.endpoint);
    rest::add_event_routes(routes, &events_, &sync_);
    rest::add_health_routes(routes, &health_);
    if (shared_.page != nullptr) {
        add_demo_routes(routes, shared_.page, shared_.demo_session);
    }
    const hub::LogHubContext context{tails_, *verifier_, shared_.log, scratch_, shared_.clock};
    for (const auto& config : shared_.config.log_hubs) {
        hubs_.push_back(hub::make_log_hub(config, context));
        routes.add_hub(config.path, *hubs_.back(), log_hub_owner(""));
    }
    return routes;
}

void LoopWorld::map_bench_hub(BenchHubs& hubs) {
    hubs_.push_back(hubs.make_endpoint(loop_, *verifier_));
    routes_.add_hub(kBenchHubPath, *hubs_.back(), kBenchHubOwner);
}

std::size_t LoopWorld::hub_connections() const {
    const auto& counters = sessions_.counters();
    std::int64_t active = 0;
    for (const auto kind :
         {transport::TransportKind::web_sockets, transport::TransportKind::server_sent_events,
          transport::TransportKind::long_polling}) {
        active += counters.active(kind);
    }
    return static_cast<std::size_t>(std::max<std::int64_t>(active, 0));
}

void LoopWorld::on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    tails_.on_commit(batch);
    watch_.on_commit(batch->tenant, batch->to());
}

void LoopWorld::on_head(const std::string& tenant, const storage::LogHead& head) {
    tails_.on_head(tenant, head);
    watch_.on_commit(tenant, std::numeric_limits<std::int64_t>::max());
}

void LoopWorld::drain(std::int64_t window_ns) {
    sessions_.drain(window_ns);
    watch_shutdown();
}

void LoopWorld::shut_down() {
    sync_.finish_waits();
    sessions_.shut_down();
}

void LoopWorld::watch_shutdown() {
    connections_ = sessions_.connections();
    loop_.call_after(kShutdownWatchNs, [this] { watch_shutdown(); });
}

void LoopWorld::schedule_tick() {
    loop_.call_after(kTickNs, [this] {
        tails_.tick(loop_.now_ns());
        connections_ = sessions_.connections();
        schedule_tick();
    });
}

}  // namespace hubtrail::server
