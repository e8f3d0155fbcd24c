#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/log_store.h"

namespace hubtrail::storage {

/// The results of a request as text, kept beside its idempotency key.
std::string encode_results(const std::vector<AppendedEvent>& events);

/// Nothing when the text is not whole.
std::optional<std::vector<AppendedEvent>> decode_results(std::string_view text);

}  // namespace hubtrail::storage
