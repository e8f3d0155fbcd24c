#include "server/metrics_feature.h"

#include <string>
#include <utility>
#include <vector>

#include "server/metrics_handler.h"

namespace hubtrail::server {
namespace {

/// Thread: strand.
class MetricsPart final : public host::LoopFeature {
public:
    explicit MetricsPart(std::vector<const transport::ConnectionCounters*> counters)
        : handler_(std::move(counters)) {}
    void add_routes(transport::RouteTable& routes) override {
        routes.add({{"GET"}, std::string(kMetricsPath), &handler_, "the metrics"});
    }

private:
    MetricsHandler handler_;
};

}  // namespace

std::unique_ptr<host::LoopFeature> MetricsFeature::on_loop(const host::LoopScope&) {
    return std::make_unique<MetricsPart>(host_.counters());
}

}  // namespace hubtrail::server
