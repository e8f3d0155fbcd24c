#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "storage/log_store.h"

namespace hubtrail::storage {

struct SqliteLogOptions {
    int busy_timeout_ms = 5000;  ///< how long a call waits for another process before `unavailable`
};

/// Opens or creates the log in one SQLite file (WAL, `synchronous=FULL`; two more files appear
/// beside it, and `<path>-writer`, locked while a writer is open). The directory must exist and be
/// on a local disk.
///
/// Refused with StoreErrc::failed: a file that a newer Hubtrail wrote, one that is not ours, a path
/// with
/// `"`. With StoreErrc::corrupt: a file whose heads contradict its rows.
///
/// A second open_writer(), here or in another process, fails while the first writer lives: SQLite
/// before 3.51.3 can corrupt a WAL on which two connections write and checkpoint (spec
/// log-and-sync.md 9).
///
/// `random` makes the fingerprints on the writer's thread and must outlive the store's writer.
Result<std::unique_ptr<LogStore>, StoreError> open_sqlite_log_store(
    const std::string& path, Random& random, const SqliteLogOptions& options = {});

}  // namespace hubtrail::storage
