#include "host/log/log_directory.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "auth/key_file.h"

namespace hubtrail::host {

Result<LogDirectory, std::string> LogDirectory::open(FileSystem& files, const std::string& path) {
    if (auto made = files.make_directories(path); !made) {
        return Failure{"data directory: " + made.error().text};
    }
    const auto lock_path = path + "/lock";
    const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        return Failure{"data directory: open " + lock_path + ": " + std::strerror(errno)};
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return Failure{"another hubtrail serves from '" + path +
                       "'; stop it, or choose another directory with --data"};
    }
    return LogDirectory(path, lock);
}

LogDirectory::LogDirectory(LogDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

LogDirectory::~LogDirectory() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

Result<std::string, std::string> LogDirectory::cursor_key(FileSystem& files, Random& random) const {
    // The same kind of file as the token key: random bytes, as text, for nobody else's eyes.
    return auth::load_or_create_token_key(files, random, path_ + "/cursor.key");
}

}  // namespace hubtrail::host
