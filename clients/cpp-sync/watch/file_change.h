#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "clients/cpp-sync/batch_sender.h"

namespace hubtrail::sync {

/// What makes a file itself, whatever its name. An inode number is used again after a deletion; the
/// time of birth tells the two apart (0 where the file system keeps none).
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t born_ns = 0;

    bool operator==(const FileIdentity&) const = default;
};

struct FileIdentityHash {
    std::size_t operator()(const FileIdentity& identity) const {
        return std::hash<std::uint64_t>{}(identity.inode ^ (identity.device << 48U) ^
                                          static_cast<std::uint64_t>(identity.born_ns));
    }
};

enum class FileKind { file, folder };

struct FileMeta {
    FileKind kind = FileKind::file;
    FileIdentity identity;
    std::int64_t size = 0;  ///< 0 for folders
    std::int64_t mtime_ns = 0;

    bool operator==(const FileMeta&) const = default;
};

/// One thing that happened in a watched tree. Paths begin with '/' and are relative to its root;
/// they are bytes, as the kernel has them.
struct FileChange {
    enum class Kind { created, updated, deleted, moved, renamed };
    Kind kind = Kind::created;
    std::string path;
    std::string old_path;   ///< of `moved` (another parent) and `renamed` (the same)
    FileMeta meta;          ///< of a deleted file: as it was last seen
    bool replaced = false;  ///< moved or renamed onto an announced file, which is gone now

    bool operator==(const FileChange&) const = default;
};

/// docs/api.md 1.
inline constexpr std::size_t kPathBytesMax = 4096;

/// The change as the server can take it: with a path that is too long a move becomes a creation or
/// a deletion. Nothing when neither path can be told.
std::optional<FileChange> sendable(FileChange change);

/// The event of a sendable change. Names that are not UTF-8 are shown with U+FFFD, and whole in
/// `data.path_base64url`.
OutEvent make_file_event(const FileChange& change, const std::string& site, const std::string& id,
                         std::int64_t now_us);

/// "fd01:2a13f:18b9a3d2c41e0000": device, inode, birth.
std::string resource_id(const FileIdentity& identity);

}  // namespace hubtrail::sync
