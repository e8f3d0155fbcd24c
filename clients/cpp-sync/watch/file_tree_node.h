#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "clients/cpp-sync/watch/file_tree.h"

namespace hubtrail::sync {

// Shared by file_tree.cpp and file_tree_rescan.cpp only.

struct FileTree::Node {
    std::string name;
    Node* parent = nullptr;
    FileMeta meta;
    bool announced = false;
    bool missed_once =
        false;  ///< was not on disk when it settled; asked once more before we say so
    int watch = -1;
    std::uint64_t seen = 0;  ///< generation of the last rescan that placed it
    std::int64_t dirty_since_ms = 0;
    std::optional<Deadlines::iterator> deadline;
    std::map<std::string, std::unique_ptr<Node>> children;

    Node* find(const std::string& child) const {
        const auto found = children.find(child);
        return found == children.end() ? nullptr : found->second.get();
    }
    bool is_folder() const { return meta.kind == FileKind::folder; }
    /// Itself counts.
    bool is_below(const Node& ancestor) const {
        for (const auto* node = this; node != nullptr; node = node->parent) {
            if (node == &ancestor) {
                return true;
            }
        }
        return false;
    }
};

struct FileTree::Rescan {
    const DiskNode& disk;
    std::unordered_map<FileIdentity, Node*, FileIdentityHash> nodes;
    std::unordered_set<FileIdentity, FileIdentityHash> on_disk;
    std::unordered_set<int> watches;  ///< in use on disk, whatever node they belong to so far
};

}  // namespace hubtrail::sync
