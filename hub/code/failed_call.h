#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/log.h"
#include "hub/code/invocation_headers.h"
#include "protocol/value_reader.h"

namespace hubtrail::hub {

/// A call of a hub method that ended with an exception, or for its arguments never began.
struct FailedCall {
    std::string_view hub;
    std::string_view method;
    std::string_view connection;
    std::string_view error;
};

/// `argument 2, 'lines.count': expected an integer that fits`: why the argument (from 1) could not
/// be read, and in which member.
std::string binding_problem(std::size_t argument, const protocol::ValueReader& reader);

/// Logs it, with the trace that it is part of if its headers name one. Thread: any.
void log_failed_call(Log& log, const FailedCall& call, const InvocationHeaders& headers);

}  // namespace hubtrail::hub
