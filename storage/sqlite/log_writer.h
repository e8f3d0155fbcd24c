#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "storage/log_store.h"

namespace hubtrail::storage {

/// The writer of a log whose schema exists. Fails while another one has the file.
Result<std::unique_ptr<LogWriter>, StoreError> open_sqlite_writer(const std::string& path,
                                                                  Random& random,
                                                                  int busy_timeout_ms);

}  // namespace hubtrail::storage
