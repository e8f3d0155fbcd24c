#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "storage/log_store.h"

namespace hubtrail::storage {

/// A reader with its own connection to a log whose schema exists.
Result<std::unique_ptr<LogReader>, StoreError> open_sqlite_reader(const std::string& path,
                                                                  int busy_timeout_ms);

}  // namespace hubtrail::storage
