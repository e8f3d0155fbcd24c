#include "clients/cpp-sync/watch/inotify.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <sys/inotify.h>
#include <unistd.h>

namespace hubtrail::sync {
namespace {

constexpr std::size_t kReadBytes = 256UL * 1024;
constexpr std::uint32_t kMask = IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM |
                                IN_MOVED_TO | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::uint32_t kRootMask = IN_DELETE_SELF | IN_MOVE_SELF;

std::string limit_text(const char* name) {
    std::ifstream file(std::string("/proc/sys/fs/inotify/") + name);
    std::string value;
    return file >> value ? value : "unknown";
}

SyncError add_error(const std::string& path, int code) {
    if (code == ENOSPC) {
        return {SyncErrc::watch_limit,
                "cannot watch " + path +
                    ": the kernel's limit of watched directories is reached. "
                    "Raise fs.inotify.max_user_watches (now " +
                    limit_text("max_user_watches") +
                    "), for example: sysctl -w fs.inotify.max_user_watches=1000000"};
    }
    return {SyncErrc::file, "cannot watch " + path + ": " + std::strerror(code)};
}

}  // namespace

Result<std::unique_ptr<Inotify>, SyncError> Inotify::open() {
    const int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor >= 0) {
        return std::unique_ptr<Inotify>(new Inotify(descriptor));
    }
    if (errno == EMFILE) {
        return Failure{SyncError{SyncErrc::watch_limit,
                                 "cannot use inotify: raise fs.inotify.max_user_instances (now " +
                                     limit_text("max_user_instances") + ")"}};
    }
    return Failure{
        SyncError{SyncErrc::file, std::string("cannot use inotify: ") + std::strerror(errno)}};
}

Inotify::~Inotify() {
    close(descriptor_);
}

Result<int, SyncError> Inotify::add(int directory, const std::string& path, Place place) {
    const auto mask = place == Place::root ? kMask | kRootMask : kMask;
    // By descriptor: the name may belong to another directory by now.
    auto watch = inotify_add_watch(descriptor_,
                                   ("/proc/self/fd/" + std::to_string(directory)).c_str(), mask);
    if (watch < 0 && errno == ENOENT) {
        watch = inotify_add_watch(descriptor_, path.c_str(), mask | IN_DONT_FOLLOW);
    }
    if (watch < 0) {
        return Failure{add_error(path, errno)};
    }
    return watch;
}

void Inotify::remove(int watch) {
    inotify_rm_watch(descriptor_, watch);
}

Result<std::vector<InotifyEvent>, SyncError> Inotify::read() {
    std::vector<InotifyEvent> events;
    std::vector<char> buffer(kReadBytes);
    while (true) {
        const auto got = ::read(descriptor_, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            return events;
        }
        if (got <= 0) {
            return Failure{SyncError{SyncErrc::file,
                                     std::string("cannot read inotify: ") + std::strerror(errno)}};
        }
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
            inotify_event header{};
            std::memcpy(&header, buffer.data() + at, sizeof header);
            at += sizeof header;
            // The name is padded with NULs.
            const auto length = strnlen(buffer.data() + at, header.len);
            events.push_back(
                {header.wd, header.mask, header.cookie, std::string(buffer.data() + at, length)});
            at += header.len;
        }
    }
}

}  // namespace hubtrail::sync
