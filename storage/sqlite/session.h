#pragma once

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "storage/log_store.h"

namespace soci {
class session;
class statement;
}  // namespace soci

// Inside this folder errors travel as exceptions, as SOCI throws them; the four interface classes
// turn them into StoreError at their edge and drop the connection, so that nothing of a broken
// transaction or a half-read statement can leak into the next call.
namespace hubtrail::storage {

enum class SessionRole {
    writer,  ///< the one connection of the store that writes and checkpoints
    reader,  ///< neither, ever
};

/// Rows that contradict each other; becomes StoreErrc::corrupt.
/// Thread: any.
class CorruptLog : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Opens a connection with every setting applied and read back. Throws. One thread at a time.
std::unique_ptr<soci::session> open_session(const std::string& path, SessionRole role,
                                            int busy_timeout_ms);

/// Runs a statement that returns at most one row, and ends it. True when there was a row.
bool fetch_row(soci::statement& statement);

/// Ends a statement that may have rows left. A statement left open keeps its snapshot, COMMIT or
/// not, and stops every checkpoint.
void finish(soci::statement& statement);

/// What the database said, without SOCI's context, which quotes the bound values.
StoreError store_error(const std::exception& error);

}  // namespace hubtrail::storage
