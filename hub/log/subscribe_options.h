#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hubtrail::hub {

/// The argument of the Subscribe stream (docs/api.md 3).
struct SubscribeOptions {
    std::string cursor;
    std::string since;
    std::vector<std::string> sites;
    std::vector<std::string> streams;
    std::vector<std::string> types;
};

/// Parses the raw JSON argument; empty and `null` mean no options. The error is ready for the
/// client: it names the member and what was expected. Thread: any.
Result<SubscribeOptions, std::string> parse_subscribe_options(std::string_view raw_json);

/// `file.*,entry.granted` as a list; empty items are dropped. Thread: any.
std::vector<std::string> split_types(std::string_view text);

}  // namespace hubtrail::hub
