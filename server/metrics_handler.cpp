#include "server/metrics_handler.h"

#include <array>
#include <limits>
#include <string>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace hubtrail::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using transport::ConnectionCounters;
using transport::EndStatus;
using transport::TransportKind;

// Tag values of the reference's instruments.
constexpr std::array<const char*, transport::kTransportKinds> kTransports = {
    "web_sockets", "server_sent_events", "long_polling"};
constexpr std::array<const char*, transport::kEndStatuses> kStatuses = {"normal_closure", "timeout",
                                                                        "app_shutdown"};
constexpr double kNsPerSecond = 1e9;

using Counters = std::vector<const ConnectionCounters*>;

ClientMetric::Histogram add_up(const Counters& all, TransportKind kind, EndStatus status) {
    ClientMetric::Histogram sum;
    constexpr auto kBuckets = transport::kDurationBounds.size() + 1;
    sum.bucket.resize(kBuckets);
    for (const auto* counters : all) {
        const auto& durations = counters->durations(kind, status);
        std::uint64_t cumulative = 0;
        for (std::size_t i = 0; i < kBuckets; ++i) {
            cumulative += durations.buckets[i].load(std::memory_order_relaxed);
            sum.bucket[i].cumulative_count += cumulative;
        }
        sum.sample_sum +=
            static_cast<double>(durations.sum_ns.load(std::memory_order_relaxed)) / kNsPerSecond;
    }
    for (std::size_t i = 0; i < kBuckets; ++i) {
        sum.bucket[i].upper_bound = i < transport::kDurationBounds.size()
                                        ? transport::kDurationBounds[i]
                                        : std::numeric_limits<double>::infinity();
    }
    // Not the counter: what a reader sees must add up.
    sum.sample_count = sum.bucket.back().cumulative_count;
    return sum;
}

MetricFamily active_connections(const Counters& all) {
    MetricFamily family;
    family.name = "signalr_server_active_connections";
    family.help = "Connections that are open, from their first transport request on.";
    family.type = prometheus::MetricType::Gauge;
    for (std::size_t kind = 0; kind < kTransports.size(); ++kind) {
        ClientMetric metric;
        metric.label = {{"signalr_transport", kTransports[kind]}};
        for (const auto* counters : all) {
            metric.gauge.value +=
                static_cast<double>(counters->active(static_cast<TransportKind>(kind)));
        }
        family.metric.push_back(std::move(metric));
    }
    return family;
}

MetricFamily durations(const Counters& all) {
    MetricFamily family;
    family.name = "signalr_server_connection_duration_seconds";
    family.help = "How long connections lasted that have ended.";
    family.type = prometheus::MetricType::Histogram;
    for (std::size_t kind = 0; kind < kTransports.size(); ++kind) {
        for (std::size_t status = 0; status < kStatuses.size(); ++status) {
            ClientMetric metric;
            metric.label = {{"signalr_connection_status", kStatuses[status]},
                            {"signalr_transport", kTransports[kind]}};
            metric.histogram =
                add_up(all, static_cast<TransportKind>(kind), static_cast<EndStatus>(status));
            family.metric.push_back(std::move(metric));
        }
    }
    return family;
}

}  // namespace

void MetricsHandler::handle(transport::HttpRequest, transport::HttpReply reply) {
    transport::HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = prometheus::TextSerializer().Serialize(
        {active_connections(counters_), durations(counters_)});
    reply(std::move(response));
}

}  // namespace hubtrail::server
