#include "clients/cpp-sync/watch/disk_scan.h"

#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hubtrail::sync {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::int64_t nanoseconds(const struct statx_timestamp& time) {
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

std::optional<DiskMeta> read_meta(int directory, const char* name, int flags) {
    struct statx info {};
    if (statx(directory, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME,
              &info) != 0) {
        return std::nullopt;
    }
    DiskMeta found;
    if (S_ISDIR(info.stx_mode)) {
        found.meta.kind = FileKind::folder;
    } else if (S_ISREG(info.stx_mode) || S_ISLNK(info.stx_mode)) {
        found.meta.size = static_cast<std::int64_t>(info.stx_size);
        found.is_settled = S_ISLNK(info.stx_mode) || info.stx_nlink > 1;
    } else {
        return std::nullopt;
    }
    found.meta.identity.device =
        (static_cast<std::uint64_t>(info.stx_dev_major) << 32U) | info.stx_dev_minor;
    found.meta.identity.inode = info.stx_ino;
    if ((info.stx_mask & STATX_BTIME) != 0) {
        found.meta.identity.born_ns = nanoseconds(info.stx_btime);
    }
    found.meta.mtime_ns = nanoseconds(info.stx_mtime);
    return found;
}

bool is_gone(int code) {
    return code == ENOENT || code == ENOTDIR || code == ELOOP;
}

/// Reads the entries of the directory; takes the descriptor.
std::map<std::string, FileMeta> read_entries(int directory) {
    std::map<std::string, FileMeta> entries;
    DIR* stream = fdopendir(directory);
    if (stream == nullptr) {
        close(directory);
        return entries;
    }
    while (const auto* entry = readdir(stream)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") {
            continue;
        }
        if (const auto found = read_meta(directory, name.c_str(), 0)) {
            entries.emplace(name, found->meta);
        }
    }
    closedir(stream);
    return entries;
}

}  // namespace

std::optional<DiskMeta> read_disk_meta(const std::string& path) {
    return read_meta(AT_FDCWD, path.c_str(), 0);
}

Result<std::optional<DiskDirectory>, SyncError> read_disk_directory(const std::string& path,
                                                                    DirectoryWatches& watches,
                                                                    DirectoryWatches::Place place) {
    const int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0 && is_gone(errno)) {
        return std::optional<DiskDirectory>{};
    }
    if (directory < 0) {
        return Failure{
            SyncError{SyncErrc::file, "cannot read " + path + ": " + std::strerror(errno)}};
    }
    DiskDirectory found;
    if (const auto meta = read_meta(directory, "", AT_EMPTY_PATH)) {
        found.meta = meta->meta;
    }
    auto watch = watches.add(directory, path, place);
    if (!watch) {
        close(directory);
        return Failure{watch.error()};
    }
    found.watch = *watch;
    found.entries = read_entries(directory);
    return std::optional(std::move(found));
}

Result<DiskNode, SyncError> read_disk_tree(const std::string& root, DirectoryWatches& watches,
                                           const std::function<void(const std::string&)>& warn) {
    DiskNode top;
    std::vector<std::pair<std::string, DiskNode*>> to_read{{root, &top}};
    while (!to_read.empty()) {
        const auto [path, node] = to_read.back();
        to_read.pop_back();
        const bool is_root = node == &top;
        auto read = read_disk_directory(
            path, watches,
            is_root ? DirectoryWatches::Place::root : DirectoryWatches::Place::below);
        if (!read) {
            if (is_root || read.error().code == SyncErrc::watch_limit) {
                return Failure{read.error()};
            }
            warn(read.error().text);
            continue;
        }
        if (!read->has_value()) {
            if (is_root) {
                return Failure{SyncError{SyncErrc::file, path + " is no directory (any more)"}};
            }
            continue;  // it went away meanwhile; its parent's watch will say so
        }
        node->meta = (*read)->meta;
        node->watch = (*read)->watch;
        for (const auto& [name, meta] : (*read)->entries) {
            auto& child = node->children[name];
            child.meta = meta;
            if (meta.kind == FileKind::folder) {
                to_read.emplace_back(path + "/" + name, &child);
            }
        }
    }
    return top;
}

}  // namespace hubtrail::sync
