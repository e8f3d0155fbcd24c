#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace hubtrail::storage {

/// One step of a store's schema: what turns version - 1 into `version`.
struct Migration {
    int version = 0;
    std::span<const char* const> statements;  ///< in order, in the transaction of all steps
};

/// The steps that a database of version `found` still needs, in order; none when it is up to date.
/// `all` begins with version 1 and leaves out none. The error is for the operator: the database was
/// written by a newer Hubtrail. Thread: any.
Result<std::span<const Migration>, std::string> pending_migrations(std::span<const Migration> all,
                                                                   int found);

}  // namespace hubtrail::storage
