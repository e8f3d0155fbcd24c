#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace hubtrail {

/// What the operating system said, with the path, ready to print.
struct FileError {
    int code;  ///< errno
    std::string text;
};

/// The few file operations that the product needs beside its database.
/// Thread: any; every call is independent.
class FileSystem {
public:
    virtual ~FileSystem() = default;

    /// The whole file; nothing when it does not exist. Refuses files over `bytes_max`.
    virtual Result<std::optional<std::string>, FileError> read(const std::string& path,
                                                               std::size_t bytes_max) = 0;

    /// Replaces the file with `content` or leaves it as it was; never a part. Durable on return.
    /// `mode` are the permission bits of the new file.
    virtual Result<void, FileError> write_atomic(const std::string& path,
                                                 const std::string& content, unsigned mode) = 0;

    /// Creates the directory and its parents (0700 each). An existing one is fine.
    virtual Result<void, FileError> make_directories(const std::string& path) = 0;
};

/// The machine's files.
class PosixFileSystem final : public FileSystem {
public:
    Result<std::optional<std::string>, FileError> read(const std::string& path,
                                                       std::size_t bytes_max) override;
    Result<void, FileError> write_atomic(const std::string& path, const std::string& content,
                                         unsigned mode) override;
    Result<void, FileError> make_directories(const std::string& path) override;
};

}  // namespace hubtrail
