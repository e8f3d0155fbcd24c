#include "server/metrics_handler.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;
using transport::EndStatus;
using transport::TransportKind;

transport::HttpResponse ask(MetricsHandler& handler) {
    transport::HttpRequest request;
    transport::HttpResponse got;
    handler.handle(std::move(request),
                   [&got](transport::HttpResponse response) { got = std::move(response); });
    return got;
}

TEST_CASE("Metrics add up what the loops counted, with the reference's tags", "[server]") {
    transport::ConnectionCounters one;
    transport::ConnectionCounters two;
    one.started(TransportKind::web_sockets);
    two.started(TransportKind::web_sockets);
    two.started(TransportKind::long_polling);
    two.ended(TransportKind::long_polling, EndStatus::timeout, 1'500'000'000);
    MetricsHandler handler({&one, &two});
    const auto text = ask(handler).body;
    const std::string tags =
        "{signalr_connection_status=\"timeout\",signalr_transport=\"long_polling\"";
    CHECK_THAT(text,
               Contains("signalr_server_active_connections{signalr_transport=\"web_sockets\"} 2"));
    CHECK_THAT(text,
               Contains("signalr_server_active_connections{signalr_transport=\"long_polling\"} 0"));
    CHECK_THAT(text, Contains("signalr_server_connection_duration_seconds_count" + tags + "} 1"));
    CHECK_THAT(text, Contains("signalr_server_connection_duration_seconds_sum" + tags + "} 1.5"));
    CHECK_THAT(text, Contains("signalr_server_connection_duration_seconds_bucket" + tags +
                              ",le=\"1\"} 0"));
    CHECK_THAT(text, Contains("signalr_server_connection_duration_seconds_bucket" + tags +
                              ",le=\"2\"} 1"));
}

}  // namespace
}  // namespace hubtrail::server
