#pragma once

#include <string_view>

#include "base/log.h"
#include "hub/code/invocation_headers.h"

namespace hubtrail::hub {

/// A call of a hub method that ended with an exception.
struct FailedCall {
    std::string_view hub;
    std::string_view method;
    std::string_view connection;
    std::string_view error;
};

/// Logs it, with the trace that it is part of if its headers name one. Thread: any.
void log_failed_call(Log& log, const FailedCall& call, const InvocationHeaders& headers);

}  // namespace hubtrail::hub
