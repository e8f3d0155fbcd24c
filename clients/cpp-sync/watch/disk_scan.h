#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/cpp-sync/watch/file_change.h"
#include "clients/cpp-sync/watch/inotify.h"

namespace hubtrail::sync {

/// What is at one path now.
struct DiskMeta {
    FileMeta meta;
    /// No writer will close it later: a symbolic link, or a file with a second name.
    bool is_settled = false;
};

/// Nothing when there is nothing, or neither a file, a symbolic link nor a directory. Links are not
/// followed.
std::optional<DiskMeta> read_disk_meta(const std::string& path);

/// One directory as read from disk, its watch set before its entries were read, so that nothing can
/// appear unseen in between.
struct DiskDirectory {
    int watch = -1;
    FileMeta meta;
    std::map<std::string, FileMeta> entries;
};

/// Nothing when it is gone or no directory by now. Fails when it must not be read or watched.
Result<std::optional<DiskDirectory>, SyncError> read_disk_directory(const std::string& path,
                                                                    DirectoryWatches& watches,
                                                                    DirectoryWatches::Place place);

/// A whole tree as read from disk.
struct DiskNode {
    FileMeta meta;
    int watch = -1;
    std::map<std::string, DiskNode> children;
};

/// Directories that may not be read are told to `warn` and left without children.
Result<DiskNode, SyncError> read_disk_tree(const std::string& root, DirectoryWatches& watches,
                                           const std::function<void(const std::string&)>& warn);

}  // namespace hubtrail::sync
