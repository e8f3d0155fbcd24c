#pragma once

#include <span>
#include <string>

#include "storage/migrations.h"

namespace hubtrail::storage {

/// The version in `PRAGMA user_version` of the files that this build writes.
inline constexpr int kSchemaVersion = 3;

/// Every step from an empty file to kSchemaVersion.
std::span<const Migration> log_migrations();

/// Makes a file ready, or creates it: takes it through the steps of `all` that it lacks, in one
/// transaction, and compares each tenant's head with its rows by a few seeks per tenant. (Not a
/// check of every row: pages check themselves as they are read.)
///
/// Throws, and then nothing has changed: a file that a newer build wrote, or a stranger's; or
/// CorruptLog, which names the tenant and the numbers.
void prepare_log(const std::string& path, int busy_timeout_ms, std::span<const Migration> all);

}  // namespace hubtrail::storage
