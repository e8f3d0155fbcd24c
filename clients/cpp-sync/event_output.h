#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "clients/cpp-sync/sync_error.h"

namespace hubtrail::sync {

/// Where `pull` puts its lines.
/// Thread: main. One owner.
class EventOutput {
public:
    virtual ~EventOutput() = default;

    /// Writes whole lines; on return they have left this process.
    virtual Result<void, SyncError> write(std::string_view lines) = 0;

    /// Bytes written so far, and on disk, when this output can be cut back to a length; else
    /// nothing.
    virtual std::optional<std::int64_t> length() const = 0;

    /// Forgets everything after `bytes`. Fails when there is less. Only with a length().
    virtual Result<void, SyncError> truncate(std::int64_t bytes) = 0;
};

/// A stream such as stdout. `stream` must outlive it and is not closed.
std::unique_ptr<EventOutput> make_stream_output(std::FILE* stream);

/// Appends to a regular file, made when it is missing (mode 0644), and locks it against a second
/// pull. Every write is fsynced.
Result<std::unique_ptr<EventOutput>, SyncError> open_file_output(const std::string& path);

}  // namespace hubtrail::sync
