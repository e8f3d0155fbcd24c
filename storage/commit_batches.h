#pragma once

#include <memory>
#include <vector>

#include "storage/log_service.h"
#include "storage/log_store.h"

namespace hubtrail::storage {

/// What a commit added, one batch per tenant in the order of their first new events. Moves the
/// strings of the new events out of the requests. Duplicates, replays and refused requests add
/// nothing.
std::vector<std::shared_ptr<const CommittedBatch>> make_committed_batches(
    std::vector<AppendRequest>& requests, const std::vector<AppendResult>& results);

}  // namespace hubtrail::storage
