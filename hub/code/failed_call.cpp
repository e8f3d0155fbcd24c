#include "hub/code/failed_call.h"

#include "hub/code/trace_parent.h"

namespace hubtrail::hub {

std::string binding_problem(std::size_t argument, const protocol::ValueReader& reader) {
    auto text = "argument " + std::to_string(argument);
    if (!reader.problem_member().empty()) {
        text += ", '" + reader.problem_member() + "'";
    }
    const auto* problem = reader.problem();
    return text + ": " + (problem == nullptr ? "cannot be read" : problem);
}

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
