#pragma once

#include <string>

#include "base/file_system.h"
#include "base/random.h"
#include "base/result.h"

namespace hubtrail::host {

/// The directory of the embedded default: the log, the keys, and a lock that one server holds.
/// Thread: main. The lock is released when it dies, whatever way the process ends.
class LogDirectory {
public:
    /// Creates the directory if needed and takes the lock. The error is a sentence for the
    /// operator.
    static Result<LogDirectory, std::string> open(FileSystem& files, const std::string& path);
    ~LogDirectory();
    LogDirectory(LogDirectory&& other) noexcept;
    LogDirectory& operator=(LogDirectory&&) = delete;
    LogDirectory(const LogDirectory&) = delete;
    LogDirectory& operator=(const LogDirectory&) = delete;

    std::string database() const { return path_ + "/log.db"; }

    /// The key of cursors (32 bytes), made on first use with mode 0600. Losing it makes every
    /// cursor invalid.
    Result<std::string, std::string> cursor_key(FileSystem& files, Random& random) const;

private:
    LogDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

    std::string path_;
    int lock_;
};

}  // namespace hubtrail::host
