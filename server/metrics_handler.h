#pragma once

#include <string_view>
#include <vector>

#include "transport/http_message.h"
#include "transport/session/connection_counters.h"

namespace hubtrail::server {

inline constexpr std::string_view kMetricsPath = "/metrics";

/// Serves kMetricsPath in the text format of Prometheus: the reference's
/// `signalr.server.active_connections` and `signalr.server.connection.duration` with their tags,
/// named as OpenTelemetry's exporter names them. `counters` must outlive the handler. Thread:
/// strand; the counters belong to any loops.
class MetricsHandler final : public transport::HttpHandler {
public:
    explicit MetricsHandler(std::vector<const transport::ConnectionCounters*> counters)
        : counters_(std::move(counters)) {}

    void handle(transport::HttpRequest request, transport::HttpReply reply) override;

private:
    const std::vector<const transport::ConnectionCounters*> counters_;
};

}  // namespace hubtrail::server
