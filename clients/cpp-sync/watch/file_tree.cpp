#include "clients/cpp-sync/watch/file_tree.h"

#include <algorithm>
#include <utility>

#include <sys/inotify.h>

#include "base/check.h"
#include "clients/cpp-sync/stop_signal.h"
#include "clients/cpp-sync/watch/file_tree_node.h"

namespace hubtrail::sync {

FileTree::FileTree(std::string root, DirectoryWatches& watches, const Clock& clock, Sink sink,
                   Warn warn)
    : root_path_(root == "/" ? "" : std::move(root)),
      watches_(watches),
      clock_(clock),
      sink_(std::move(sink)),
      warn_(std::move(warn)),
      root_(std::make_unique<Node>()) {
    root_->meta.kind = FileKind::folder;
    root_->announced = true;
}

FileTree::~FileTree() = default;

void FileTree::load(const std::string& path, const FileMeta& meta) {
    Node* parent = root_.get();
    const auto last_slash = path.rfind('/');
    HUBTRAIL_CHECK(last_slash != std::string::npos, "paths begin with /");
    for (std::size_t at = 1; parent != nullptr && at <= last_slash;) {
        const auto end = path.find('/', at);
        parent = parent->find(path.substr(at, end - at));
        at = end + 1;
    }
    if (parent != nullptr && parent->is_folder()) {
        add_child(*parent, path.substr(last_slash + 1), meta).announced = true;
    }
}

Result<void, SyncError> FileTree::start() {
    rescan();
    return settle_all();
}

void FileTree::push(InotifyEvent event) {
    if ((event.mask & IN_MOVED_TO) != 0) {
        moved_to_[event.cookie] = queue_begin_ + queue_.size();
    }
    queue_.push_back({std::move(event), steady_ms(clock_), false});
}

std::optional<InotifyEvent> FileTree::take_partner(const InotifyEvent& moved_from) {
    const auto found = moved_to_.find(moved_from.cookie);
    if (found == moved_to_.end()) {
        return std::nullopt;
    }
    auto& partner = queue_[found->second - queue_begin_];
    partner.consumed = true;
    moved_to_.erase(found);
    return partner.event;
}

Result<void, SyncError> FileTree::process() {
    const auto now_ms = steady_ms(clock_);
    while (!queue_.empty() && !error_) {
        const auto& front = queue_.front();
        const bool is_from = (front.event.mask & IN_MOVED_FROM) != 0;
        if (is_from && !ending_ && moved_to_.count(front.event.cookie) == 0 &&
            now_ms - front.read_ms < kMovePairMs) {
            return {};  // the other half may still come
        }
        const auto next = std::move(queue_.front());
        // Its partner is found by sequence number, so the front leaves only afterwards.
        if (!next.consumed) {
            if ((next.event.mask & IN_MOVED_TO) != 0) {
                moved_to_.erase(next.event.cookie);
            }
            handle(next.event);
        }
        queue_.pop_front();
        ++queue_begin_;
    }
    if (!error_ && rescan_wanted_ && (ending_ || now_ms >= rescan_not_before_ms_)) {
        rescan();
    }
    if (!error_) {
        settle_due(now_ms);
    }
    if (error_) {
        return Failure{*error_};
    }
    return {};
}

Result<void, SyncError> FileTree::settle_all() {
    while (!deadlines_.empty() && !error_) {
        settle(*deadlines_.begin()->second, WhenMissing::believe);
    }
    if (error_) {
        return Failure{*error_};
    }
    return {};
}

Result<void, SyncError> FileTree::finish() {
    ending_ = true;
    auto done = process();
    return done ? settle_all() : done;
}

std::optional<std::int64_t> FileTree::next_deadline_ms() const {
    std::optional<std::int64_t> next;
    const auto consider = [&next](std::int64_t at) { next = next ? std::min(*next, at) : at; };
    if (!queue_.empty()) {
        consider(queue_.front().read_ms + kMovePairMs);
        return next;
    }
    if (!deadlines_.empty()) {
        consider(deadlines_.begin()->first);
    }
    if (rescan_wanted_) {
        consider(rescan_not_before_ms_);
    }
    return next;
}

void FileTree::for_each(
    const std::function<void(const std::string&, const FileMeta&)>& visit) const {
    const std::function<void(const Node&, const std::string&)> walk = [&](const Node& node,
                                                                          const std::string& path) {
        for (const auto& [name, child] : node.children) {
            if (child->announced) {
                visit(path + "/" + name, child->meta);
                walk(*child, path + "/" + name);
            }
        }
    };
    walk(*root_, "");
}

void FileTree::handle_root(const InotifyEvent& event) {
    if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) {
        error_ = SyncError{SyncErrc::file, "the watched directory " + root_path_ +
                                               " was removed, moved or unmounted"};
    }
}

void FileTree::handle(const InotifyEvent& event) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
        warn_(
            "the kernel's queue overflowed: reading the whole tree again to find what was missed");
        request_rescan();
        return;
    }
    const auto watched = by_watch_.find(event.watch);
    if (watched == by_watch_.end()) {
        return;  // a directory that is gone or has left
    }
    Node& parent = *watched->second;
    if (&parent == root_.get()) {
        handle_root(event);
    }
    if ((event.mask & IN_IGNORED) != 0) {
        parent.watch = -1;
        by_watch_.erase(watched);
        return;
    }
    if (event.name.empty()) {
        return;  // about the directory itself
    }
    const bool is_folder = (event.mask & IN_ISDIR) != 0;
    if ((event.mask & IN_CREATE) != 0) {
        on_created(parent, event);
    } else if ((event.mask & (IN_CLOSE_WRITE | IN_ATTRIB)) != 0 && !is_folder) {
        on_written(parent, event);
    } else if ((event.mask & IN_DELETE) != 0) {
        on_deleted(parent, event.name, is_folder ? FileKind::folder : FileKind::file);
    } else if ((event.mask & IN_MOVED_FROM) != 0) {
        const auto partner = take_partner(event);
        if (partner && by_watch_.count(partner->watch) != 0) {
            on_moved(parent, event, *partner);
        } else {
            on_deleted(parent, event.name, is_folder ? FileKind::folder : FileKind::file);
        }
    } else if ((event.mask & IN_MOVED_TO) != 0) {
        on_arrived(parent, event.name);
    }
}

void FileTree::on_created(Node& parent, const InotifyEvent& event) {
    const auto found = read_disk_meta(disk_path(parent, event.name));
    if (!found) {
        return;  // gone already: later events tell the rest
    }
    Node* child = parent.find(event.name);
    if (child != nullptr && child->meta.kind != found->meta.kind) {
        forget(*child, Announce::yes);
        child = nullptr;
    }
    if (found->meta.kind == FileKind::folder) {
        if (child != nullptr && child->meta.identity == found->meta.identity && child->watch >= 0) {
            return;  // a scan was faster
        }
        if (child != nullptr) {
            forget(*child, Announce::yes);
        }
        add_folder(parent, event.name, found->meta);
        return;
    }
    auto& node = child != nullptr ? *child : add_child(parent, event.name, found->meta);
    const bool will_be_closed = !node.announced && !found->is_settled;
    mark_dirty(node, will_be_closed ? kUnclosedMs : kSettleMs, IfPending::keep);
}

void FileTree::on_written(Node& parent, const InotifyEvent& event) {
    Node* child = parent.find(event.name);
    if (child == nullptr) {
        child = &add_child(parent, event.name, FileMeta{});
    } else if (child->is_folder()) {
        request_rescan();
        return;
    }
    // Times and rights of a new file change before its writer closes it, so that tells nothing.
    const bool is_closed = (event.mask & IN_CLOSE_WRITE) != 0;
    mark_dirty(*child, kSettleMs, is_closed ? IfPending::shorten : IfPending::keep);
}

void FileTree::on_deleted(Node& parent, const std::string& name, FileKind kind) {
    Node* child = parent.find(name);
    if (child == nullptr || child->meta.kind != kind) {
        return;
    }
    // A scan may be ahead of the queue: then this is about an earlier file of the same name.
    const auto found = read_disk_meta(disk_path(*child));
    if (found && (!child->announced || found->meta.identity == child->meta.identity)) {
        return;
    }
    forget(*child, Announce::yes);
}

void FileTree::on_arrived(Node& parent, const std::string& name) {
    const auto found = read_disk_meta(disk_path(parent, name));
    if (!found) {
        return;
    }
    Node* child = parent.find(name);
    if (child != nullptr &&
        (child->meta.kind != found->meta.kind ||
         (child->is_folder() && child->meta.identity != found->meta.identity))) {
        forget(*child, Announce::yes);
        child = nullptr;
    }
    if (found->meta.kind == FileKind::folder) {
        if (child == nullptr) {
            add_folder(parent, name, found->meta);
        }
        return;
    }
    settle(child != nullptr ? *child : add_child(parent, name, found->meta),
           WhenMissing::look_again);
}

void FileTree::on_moved(Node& parent, const InotifyEvent& from, const InotifyEvent& to) {
    Node& target_parent = *by_watch_.at(to.watch);
    Node* child = parent.find(from.name);
    if (child == nullptr) {
        on_arrived(target_parent, to.name);
        return;
    }
    if (!child->announced) {
        move_pending(*child, target_parent, to.name);
        return;
    }
    const auto at_target = read_disk_meta(disk_path(target_parent, to.name));
    const bool arrived = at_target && at_target->meta.identity == child->meta.identity;
    if (!arrived) {
        // We are ahead or behind. If the node is where we have it, the event is about another file.
        request_rescan();
        const auto at_source = read_disk_meta(disk_path(*child));
        if (at_source && at_source->meta.identity == child->meta.identity) {
            return;
        }
    }
    if (target_parent.is_below(*child)) {
        request_rescan();
        return;
    }
    move(*child, target_parent, to.name);
}

void FileTree::move_pending(Node& node, Node& parent, const std::string& name) {
    // Nobody was told of it yet, so there is no move to tell: an editor saved through a new file.
    auto meta = node.meta;
    forget(node, Announce::no);
    Node* target = parent.find(name);
    if (target != nullptr && target->is_folder()) {
        request_rescan();
        return;
    }
    mark_dirty(target != nullptr ? *target : add_child(parent, name, meta), kSettleMs,
               IfPending::shorten);
}

void FileTree::move(Node& node, Node& parent, const std::string& name) {
    FileChange change;
    change.kind = node.parent == &parent ? FileChange::Kind::renamed : FileChange::Kind::moved;
    change.old_path = path_of(node);
    if (Node* target = parent.find(name); target != nullptr && target != &node) {
        change.replaced = target->announced && !target->is_folder();
        const bool silent = change.replaced || !target->announced;
        forget(*target, silent ? Announce::no : Announce::yes);
    }
    auto& siblings = node.parent->children;
    const auto found = siblings.find(node.name);
    auto owned = std::move(found->second);
    siblings.erase(found);
    owned->parent = &parent;
    owned->name = name;
    parent.children[name] = std::move(owned);
    change.path = path_of(node);
    change.meta = node.meta;
    sink_(change);
}

void FileTree::add_folder(Node& parent, const std::string& name, const FileMeta& meta) {
    auto& node = add_child(parent, name, meta);
    const auto path = disk_path(node);
    auto read = read_disk_directory(path, watches_, DirectoryWatches::Place::below);
    if (!read) {
        if (read.error().code == SyncErrc::watch_limit) {
            error_ = read.error();
            return;
        }
        warn_(read.error().text + "; what happens inside is not seen");
    } else if (!read->has_value()) {
        forget(node, Announce::no);
        return;
    }
    node.announced = true;
    if (!read) {
        announce(FileChange::Kind::created, node);
        return;
    }
    node.meta = (*read)->meta;
    adopt_watch(node, (*read)->watch);
    announce(FileChange::Kind::created, node);
    for (const auto& [child_name, child_meta] : (*read)->entries) {
        if (child_meta.kind == FileKind::folder) {
            add_folder(node, child_name, child_meta);
        } else {
            mark_dirty(add_child(node, child_name, child_meta), kSettleMs, IfPending::keep);
        }
        if (error_) {
            return;
        }
    }
}

void FileTree::adopt_watch(Node& node, int watch) {
    if (node.watch >= 0 && node.watch != watch) {
        if (const auto old = by_watch_.find(node.watch);
            old != by_watch_.end() && old->second == &node) {
            by_watch_.erase(old);
        }
    }
    auto& owner = by_watch_[watch];
    if (owner != nullptr && owner != &node) {
        // One watch is one directory, so the other node is not what we took it for.
        owner->watch = -1;
        if (rescan_ == nullptr) {
            request_rescan();
        }
    }
    owner = &node;
    node.watch = watch;
}

void FileTree::settle_due(std::int64_t now_ms) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms && !error_) {
        settle(*deadlines_.begin()->second, WhenMissing::look_again);
    }
}

void FileTree::settle(Node& node, WhenMissing when_missing) {
    mark_clean(node);
    const auto found = read_disk_meta(disk_path(node));
    if (!found) {
        if (node.announced && !node.missed_once && when_missing == WhenMissing::look_again) {
            // It may have been renamed this very moment; the queue will tell.
            mark_dirty(node, kSettleMs, IfPending::keep);
            node.missed_once = true;
            return;
        }
        forget(node, Announce::yes);
        return;
    }
    if (found->meta.kind == FileKind::folder) {
        if (when_missing == WhenMissing::look_again) {
            request_rescan();
        }
        return;
    }
    settle_found(node, found->meta);
}

void FileTree::settle_found(Node& node, const FileMeta& found) {
    if (!node.announced) {
        node.announced = true;
        node.meta = found;
        announce(FileChange::Kind::created, node);
    } else if (node.meta != found) {
        node.meta = found;
        announce(FileChange::Kind::updated, node);
    }
}

void FileTree::mark_dirty(Node& node, std::int64_t delay_ms, IfPending if_pending) {
    const auto now_ms = steady_ms(clock_);
    auto at = now_ms + delay_ms;
    if (node.deadline) {
        if (if_pending == IfPending::keep) {
            return;
        }
        at = std::min(at, node.dirty_since_ms + kSettleMaxMs);
        deadlines_.erase(*node.deadline);
    } else {
        node.dirty_since_ms = now_ms;
        node.missed_once = false;
    }
    node.deadline = deadlines_.emplace(at, &node);
}

void FileTree::mark_clean(Node& node) {
    if (node.deadline) {
        deadlines_.erase(*node.deadline);
        node.deadline.reset();
    }
}

FileTree::Node& FileTree::add_child(Node& parent, const std::string& name, const FileMeta& meta) {
    auto node = std::make_unique<Node>();
    node->name = name;
    node->parent = &parent;
    node->meta = meta;
    auto& slot = parent.children[name];
    HUBTRAIL_CHECK(slot == nullptr, "one node per path");
    slot = std::move(node);
    return *slot;
}

void FileTree::forget(Node& node, Announce announce_it) {
    while (!node.children.empty()) {
        forget(*node.children.begin()->second, Announce::yes);
    }
    mark_clean(node);
    if (rescan_ != nullptr) {
        const auto indexed = rescan_->nodes.find(node.meta.identity);
        if (indexed != rescan_->nodes.end() && indexed->second == &node) {
            rescan_->nodes.erase(indexed);
        }
    }
    if (const auto watched = by_watch_.find(node.watch);
        watched != by_watch_.end() && watched->second == &node) {
        by_watch_.erase(watched);
        // A rescan has seen this directory elsewhere: its new node takes the watch over.
        if (rescan_ == nullptr || rescan_->watches.count(node.watch) == 0) {
            watches_.remove(node.watch);
        }
    }
    if (node.announced && announce_it == Announce::yes) {
        announce(FileChange::Kind::deleted, node);
    }
    node.parent->children.erase(std::string(node.name));
}

void FileTree::announce(FileChange::Kind kind, const Node& node) {
    FileChange change;
    change.kind = kind;
    change.path = path_of(node);
    change.meta = node.meta;
    sink_(change);
}

std::string FileTree::path_of(const Node& node) const {
    return node.parent == nullptr ? "" : path_of(*node.parent) + "/" + node.name;
}

std::string FileTree::disk_path(const Node& node) const {
    return node.parent == nullptr && root_path_.empty() ? "/" : root_path_ + path_of(node);
}

std::string FileTree::disk_path(const Node& parent, const std::string& name) const {
    return root_path_ + path_of(parent) + "/" + name;
}

}  // namespace hubtrail::sync
