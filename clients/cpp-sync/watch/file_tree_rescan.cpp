#include <algorithm>
#include <vector>

#include "clients/cpp-sync/stop_signal.h"
#include "clients/cpp-sync/watch/file_tree_node.h"

namespace hubtrail::sync {
namespace {

/// What the disk has at `path` (which begins with '/'), or null.
const DiskNode* find_on_disk(const DiskNode& top, const std::string& path) {
    const auto* node = &top;
    for (std::size_t at = 1; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto found = node->children.find(path.substr(at, end - at));
        if (found == node->children.end()) {
            return nullptr;
        }
        node = &found->second;
        at = end + 1;
    }
    return node;
}

}  // namespace

void FileTree::rescan() {
    rescan_wanted_ = false;
    auto disk = read_disk_tree(root_path_.empty() ? "/" : root_path_, watches_, warn_);
    if (!disk) {
        error_ = disk.error();
        return;
    }
    ++generation_;
    Rescan now{*disk, {}, {}, {}};
    const std::function<void(const DiskNode&)> index_disk = [&](const DiskNode& node) {
        now.on_disk.insert(node.meta.identity);
        if (node.watch >= 0) {
            now.watches.insert(node.watch);
        }
        for (const auto& [name, child] : node.children) {
            index_disk(child);
        }
    };
    const std::function<void(Node&)> index_nodes = [&](Node& node) {
        for (const auto& [name, child] : node.children) {
            if (child->announced) {
                now.nodes.emplace(child->meta.identity, child.get());
            }
            index_nodes(*child);
        }
    };
    index_disk(*disk);
    index_nodes(*root_);
    rescan_ = &now;
    root_->meta = disk->meta;
    merge(*root_, *disk);
    // Last, so that whatever moved out of a deleted folder has left it by now.
    drop_unseen(*root_);
    rescan_ = nullptr;
    rescan_not_before_ms_ = steady_ms(clock_) + kRescanPauseMs;
}

void FileTree::merge(Node& node, const DiskNode& disk) {
    node.seen = generation_;
    if (disk.watch >= 0) {
        adopt_watch(node, disk.watch);
    }
    for (const auto& [name, child] : disk.children) {
        Node* placed = place(node, name, child);
        placed->seen = generation_;
        if (child.meta.kind == FileKind::folder) {
            merge(*placed, child);
        }
    }
}

FileTree::Node* FileTree::place(Node& parent, const std::string& name, const DiskNode& disk) {
    if (Node* child = parent.find(name); child != nullptr) {
        const bool same_kind = child->meta.kind == disk.meta.kind;
        const bool same =
            same_kind && (!child->announced || child->meta.identity == disk.meta.identity);
        if (same || is_replacement(*child, disk)) {
            if (!child->is_folder() && child->meta != disk.meta) {
                mark_dirty(*child, kSettleMs, IfPending::keep);
            }
            return child;
        }
        forget(*child, Announce::yes);
    }
    if (Node* moved = find_moved(parent, disk); moved != nullptr) {
        move(*moved, parent, name);
        return moved;
    }
    auto& child = add_child(parent, name, disk.meta);
    if (disk.meta.kind == FileKind::folder) {
        child.announced = true;
        announce(FileChange::Kind::created, child);
    } else {
        mark_dirty(child, kSettleMs, IfPending::keep);
    }
    return &child;
}

/// Whether the file was saved anew under its name: the old one is nowhere, the new one was nowhere.
bool FileTree::is_replacement(const Node& node, const DiskNode& disk) const {
    return !node.is_folder() && disk.meta.kind == FileKind::file &&
           rescan_->on_disk.count(node.meta.identity) == 0 &&
           rescan_->nodes.count(disk.meta.identity) == 0;
}

FileTree::Node* FileTree::find_moved(const Node& parent, const DiskNode& disk) {
    const auto found = rescan_->nodes.find(disk.meta.identity);
    if (disk.meta.identity.born_ns == 0 || found == rescan_->nodes.end()) {
        return nullptr;  // without a time of birth an inode number proves nothing
    }
    Node& node = *found->second;
    if (node.seen == generation_ || node.meta.kind != disk.meta.kind || parent.is_below(node)) {
        return nullptr;
    }
    // An empty new file can be given inode and tick of birth of one just deleted.
    if (!node.is_folder() && node.meta != disk.meta) {
        return nullptr;
    }
    const auto* in_place = find_on_disk(rescan_->disk, path_of(node));
    if (in_place != nullptr && in_place->meta.identity == node.meta.identity) {
        return nullptr;  // a second name of the same file
    }
    return &node;
}

void FileTree::drop_unseen(Node& node) {
    std::vector<Node*> children;
    for (const auto& [name, child] : node.children) {
        children.push_back(child.get());
    }
    for (Node* child : children) {
        if (child->seen != generation_) {
            forget(*child, Announce::yes);
        } else {
            drop_unseen(*child);
        }
    }
}

}  // namespace hubtrail::sync
