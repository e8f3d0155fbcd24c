#pragma once

#include <cerrno>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"

namespace hubtrail::server::testing {

/// Files that never touch a disk. Thread: main.
class MemoryFiles final : public FileSystem {
public:
    Result<std::optional<std::string>, FileError> read(const std::string& path,
                                                       std::size_t bytes_max) override {
        const auto found = files.find(path);
        if (found == files.end()) {
            return std::optional<std::string>{};
        }
        if (found->second.size() > bytes_max) {
            return Failure{FileError{EFBIG, "read " + path + ": File too large"}};
        }
        return std::optional<std::string>{found->second};
    }
    Result<void, FileError> write_atomic(const std::string& path, const std::string& content,
                                         unsigned mode) override {
        if (read_only) {
            return Failure{FileError{ENOENT, "open " + path + ": No such file or directory"}};
        }
        files[path] = content;
        modes[path] = mode;
        return {};
    }
    Result<void, FileError> make_directories(const std::string&) override { return {}; }

    std::map<std::string, std::string> files;
    std::map<std::string, unsigned> modes;
    bool read_only = false;
};

/// A clock that stands still. Thread: main.
class StillClock final : public Clock {
public:
    std::int64_t wall_us() const override { return now_us; }
    std::int64_t steady_ns() const override { return 0; }

    std::int64_t now_us = 1'800'000'000'000'000;
};

}  // namespace hubtrail::server::testing
