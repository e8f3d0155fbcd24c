#include "hub/code/failed_call.h"

#include "hub/code/trace_parent.h"

namespace hubtrail::hub {

void log_failed_call(Log& log, const FailedCall& call, const InvocationHeaders& headers) {
    constexpr std::string_view kEvent = "hub_method_failed";
    const auto parent = parse_trace_parent(headers.find("traceparent").value_or(""));
    if (parent) {
        log.error(kEvent, {{"hub", call.hub},
                           {"method", call.method},
                           {"connection", call.connection},
                           {"error", call.error},
                           {"trace", parent->trace_id}});
    } else {
        log.error(kEvent, {{"hub", call.hub},
                           {"method", call.method},
                           {"connection", call.connection},
                           {"error", call.error}});
    }
}

}  // namespace hubtrail::hub
