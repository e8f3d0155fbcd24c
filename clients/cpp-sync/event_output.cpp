#include "clients/cpp-sync/event_output.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hubtrail::sync {
namespace {

Failure<SyncError> failure(const std::string& what, const std::string& path, int code = errno) {
    return Failure{
        SyncError{SyncErrc::file, "cannot " + what + " " + path + ": " + std::strerror(code)}};
}

class StreamOutput final : public EventOutput {
public:
    explicit StreamOutput(std::FILE* stream) : stream_(stream) {}

    Result<void, SyncError> write(std::string_view lines) override {
        if (std::fwrite(lines.data(), 1, lines.size(), stream_) != lines.size() ||
            std::fflush(stream_) != 0) {
            return failure("write to", "standard output");
        }
        return {};
    }
    std::optional<std::int64_t> length() const override { return std::nullopt; }
    Result<void, SyncError> truncate(std::int64_t /*bytes*/) override {
        return failure("truncate", "standard output", EINVAL);
    }

private:
    std::FILE* stream_;
};

class FileOutput final : public EventOutput {
public:
    FileOutput(std::string path, int fd, std::int64_t length)
        : path_(std::move(path)), fd_(fd), length_(length) {}
    ~FileOutput() override { close(fd_); }
    FileOutput(const FileOutput&) = delete;
    FileOutput& operator=(const FileOutput&) = delete;

    Result<void, SyncError> write(std::string_view lines) override {
        while (!lines.empty()) {
            const auto wrote = ::write(fd_, lines.data(), lines.size());
            if (wrote < 0 && errno == EINTR) {
                continue;
            }
            if (wrote < 0) {
                return failure("write to", path_);
            }
            length_ += wrote;
            lines.remove_prefix(static_cast<std::size_t>(wrote));
        }
        if (fsync(fd_) != 0) {
            return failure("fsync", path_);
        }
        return {};
    }

    std::optional<std::int64_t> length() const override { return length_; }

    Result<void, SyncError> truncate(std::int64_t bytes) override {
        if (bytes > length_) {
            return Failure{
                SyncError{SyncErrc::file,
                          path_ + " holds " + std::to_string(length_) +
                              " bytes, but its cursor file says " + std::to_string(bytes) +
                              ": somebody else changed it. Restore it, or remove both files to "
                              "start over."}};
        }
        if (ftruncate(fd_, bytes) != 0 || fsync(fd_) != 0) {
            return failure("truncate", path_);
        }
        length_ = bytes;
        return {};
    }

private:
    std::string path_;
    int fd_;
    std::int64_t length_;
};

/// A new file must not vanish in a crash that its cursor file survives.
void sync_parent(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto parent = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
    if (const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

}  // namespace

std::unique_ptr<EventOutput> make_stream_output(std::FILE* stream) {
    return std::make_unique<StreamOutput>(stream);
}

Result<std::unique_ptr<EventOutput>, SyncError> open_file_output(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0) {
        return failure("open", path);
    }
    struct stat info {};
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return Failure{SyncError{SyncErrc::usage, path + " is not a regular file"}};
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return Failure{SyncError{SyncErrc::file, "another pull is writing to " + path}};
    }
    // The size counts only once we hold the lock.
    if (fstat(fd, &info) != 0) {
        close(fd);
        return failure("stat", path);
    }
    sync_parent(path);
    return std::unique_ptr<EventOutput>(std::make_unique<FileOutput>(path, fd, info.st_size));
}

}  // namespace hubtrail::sync
