#include "base/file_system.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hubtrail {
namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int value() const { return fd_; }

private:
    int fd_;
};

Failure<FileError> failure(const std::string& what, const std::string& path, int code = errno) {
    return Failure{FileError{code, what + " " + path + ": " + std::strerror(code)}};
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::optional<std::string>, FileError> PosixFileSystem::read(const std::string& path,
                                                                    std::size_t bytes_max) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.value() < 0) {
        if (errno == ENOENT) {
            return std::optional<std::string>{};
        }
        return failure("open", path);
    }
    std::string content;
    std::array<char, 16384> chunk;
    while (true) {
        const auto got = ::read(file.value(), chunk.data(), chunk.size());
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return failure("read", path);
        }
        if (got == 0) {
            return std::optional<std::string>{std::move(content)};
        }
        if (content.size() + static_cast<std::size_t>(got) > bytes_max) {
            return failure("read", path, EFBIG);
        }
        content.append(chunk.data(), static_cast<std::size_t>(got));
    }
}

Result<void, FileError> PosixFileSystem::write_atomic(const std::string& path,
                                                      const std::string& content, unsigned mode) {
    std::string temporary = path + ".XXXXXX";
    const Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
    if (file.value() < 0) {
        return failure("create", temporary);
    }
    const auto give_up = [&temporary](const std::string& what) {
        const int code = errno;
        unlink(temporary.c_str());
        return failure(what, temporary, code);
    };
    if (fchmod(file.value(), static_cast<mode_t>(mode)) != 0) {
        return give_up("chmod");
    }
    std::size_t done = 0;
    while (done < content.size()) {
        const auto wrote = write(file.value(), content.data() + done, content.size() - done);
        if (wrote < 0) {
            if (errno == EINTR) {
                continue;
            }
            return give_up("write");
        }
        done += static_cast<std::size_t>(wrote);
    }
    if (fsync(file.value()) != 0) {
        return give_up("fsync");
    }
    if (rename(temporary.c_str(), path.c_str()) != 0) {
        return give_up("rename to " + path + " from");
    }
    // The rename itself must reach the disk, or a crash brings the old file back.
    const auto parent = parent_of(path);
    const Descriptor directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.value() < 0 || fsync(directory.value()) != 0) {
        return failure("fsync", parent);
    }
    return {};
}

Result<void, FileError> PosixFileSystem::make_directories(const std::string& path) {
    for (std::size_t end = 1; end <= path.size(); ++end) {
        if (end != path.size() && path[end] != '/') {
            continue;
        }
        const auto prefix = path.substr(0, end);
        struct stat info {};
        if (mkdir(prefix.c_str(), 0700) != 0 &&
            (errno != EEXIST || stat(prefix.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
            return failure("mkdir", prefix, errno == EEXIST ? ENOTDIR : errno);
        }
    }
    return {};
}

}  // namespace hubtrail
