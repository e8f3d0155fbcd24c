#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/log_query.h"

namespace hubtrail::hub {

/// Parses the raw JSON argument of the Subscribe stream (docs/api.md 3): the log's own grammar, a
/// list as a string or an array of strings. Empty, `null` and members that are null ask for
/// nothing. The error is ready for the client. Thread: any.
Result<protocol::LogQuery, std::string> parse_subscribe_options(std::string_view raw_json);

/// "Subscribe: 'types' must be at most 100 types."
std::string describe_refusal(const protocol::QueryError& error);

}  // namespace hubtrail::hub
