#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "clients/cpp-sync/sync_error.h"
#include "clients/cpp-sync/watch/disk_scan.h"
#include "clients/cpp-sync/watch/file_change.h"
#include "clients/cpp-sync/watch/inotify.h"

namespace hubtrail::sync {

/// A file is told this long after it was last closed, so that a burst of writes is one event.
inline constexpr std::int64_t kSettleMs = 100;
/// A new file that nobody closes is told after this.
inline constexpr std::int64_t kUnclosedMs = 2'000;
/// A file that is written again and again is told at least this often.
inline constexpr std::int64_t kSettleMaxMs = 2'000;
/// The kernel queues both halves of a move in one call; this covers a read between the two.
inline constexpr std::int64_t kMovePairMs = 20;
/// Rest between two rescans of the whole tree.
inline constexpr std::int64_t kRescanPauseMs = 500;

/// A watched tree as the log knows it: replaying the changes given to the sink builds exactly the
/// announced nodes. inotify events say where to look; what is told is what lstat finds there, so
/// late, doubled or lost events cannot make the two differ for long.
///
/// Owns no thread and reads no descriptor: feed it with push(), then call process().
/// Thread: main. `watches` and `clock` must outlive it.
class FileTree {
public:
    using Sink = std::function<void(const FileChange&)>;
    using Warn = std::function<void(const std::string&)>;

    /// `root` without a slash at its end, unless it is "/".
    FileTree(std::string root, DirectoryWatches& watches, const Clock& clock, Sink sink, Warn warn);
    ~FileTree();
    FileTree(const FileTree&) = delete;
    FileTree& operator=(const FileTree&) = delete;

    /// A node of an earlier run, parents first. Before start().
    void load(const std::string& path, const FileMeta& meta);

    /// Watches and reads the whole tree; everything that differs from what was loaded goes to the
    /// sink before it returns.
    Result<void, SyncError> start();

    void push(InotifyEvent event);
    /// Works through what was pushed and what is due. A failure is final: the limit of watches, or
    /// the root is gone.
    Result<void, SyncError> process();
    /// Tells now what process() would still wait for: other halves of moves, the next rescan, files
    /// that settle. Nothing is pushed afterwards.
    Result<void, SyncError> finish();
    /// On clock.steady_ns() / 1e6; nothing while there is nothing to wait for.
    std::optional<std::int64_t> next_deadline_ms() const;

    std::size_t directories() const { return by_watch_.size(); }
    /// Every announced path but the root, parents first.
    void for_each(const std::function<void(const std::string&, const FileMeta&)>& visit) const;

private:
    struct Node;
    using Deadlines = std::multimap<std::int64_t, Node*>;
    enum class Announce { yes, no };
    enum class IfPending { shorten, keep };
    struct Queued {
        InotifyEvent event;
        std::int64_t read_ms;
        bool consumed;
    };

    void handle(const InotifyEvent& event);
    void handle_root(const InotifyEvent& event);
    std::optional<InotifyEvent> take_partner(const InotifyEvent& moved_from);
    void on_created(Node& parent, const InotifyEvent& event);
    void on_written(Node& parent, const InotifyEvent& event);
    void on_deleted(Node& parent, const std::string& name, FileKind kind);
    void on_moved(Node& parent, const InotifyEvent& from, const InotifyEvent& to);
    void on_arrived(Node& parent, const std::string& name);
    void move(Node& node, Node& parent, const std::string& name);
    void move_pending(Node& node, Node& parent, const std::string& name);
    void add_folder(Node& parent, const std::string& name, const FileMeta& meta);
    void adopt_watch(Node& node, int watch);

    Result<void, SyncError> settle_all();
    void settle_due(std::int64_t now_ms);
    enum class WhenMissing { look_again, believe };
    void settle(Node& node, WhenMissing when_missing);
    void settle_found(Node& node, const FileMeta& found);
    void mark_dirty(Node& node, std::int64_t delay_ms, IfPending if_pending);
    void mark_clean(Node& node);

    void rescan();
    void merge(Node& node, const DiskNode& disk);
    Node* place(Node& parent, const std::string& name, const DiskNode& disk);
    bool is_replacement(const Node& node, const DiskNode& disk) const;
    Node* find_moved(const Node& parent, const DiskNode& disk);
    void drop_unseen(Node& node);
    void request_rescan() { rescan_wanted_ = true; }

    Node& add_child(Node& parent, const std::string& name, const FileMeta& meta);
    void forget(Node& node, Announce announce);
    void announce(FileChange::Kind kind, const Node& node);
    std::string path_of(const Node& node) const;
    std::string disk_path(const Node& node) const;
    std::string disk_path(const Node& parent, const std::string& name) const;

    struct Rescan;  // lives only during rescan()

    std::string root_path_;
    DirectoryWatches& watches_;
    const Clock& clock_;
    Sink sink_;
    Warn warn_;
    std::unique_ptr<Node> root_;
    std::unordered_map<int, Node*> by_watch_;
    Deadlines deadlines_;
    std::deque<Queued> queue_;
    std::uint64_t queue_begin_ = 0;  ///< sequence number of queue_.front()
    std::unordered_map<std::uint32_t, std::uint64_t> moved_to_;  ///< cookie -> sequence number
    bool rescan_wanted_ = false;
    bool ending_ = false;  ///< nothing more is waited for
    std::int64_t rescan_not_before_ms_ = 0;
    std::uint64_t generation_ = 0;
    Rescan* rescan_ = nullptr;
    std::optional<SyncError> error_;
};

}  // namespace hubtrail::sync
