#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/mutex.h"
#include "base/result.h"
#include "clients/cpp-sync/event_poster.h"
#include "clients/cpp-sync/watch/file_change.h"

namespace hubtrail::sync {

/// Path to what is there, as the log has been told; parents sort before their children.
using FileSnapshot = std::map<std::string, FileMeta>;

/// Applies one change, a folder's with everything below it.
void apply_change(FileSnapshot& snapshot, const FileChange& change);

inline constexpr std::size_t kStateBytesMax = 4UL * 1024 * 1024 * 1024;
/// The state file is written anew when what was appended exceeds this and the snapshot itself.
inline constexpr std::size_t kStateAppendedBytesMax = 1024UL * 1024;

/// The memory of `watch` across its own restarts: the tree as the server was told, and the batch on
/// its way. A text file: a header, the snapshot, then one record for each batch, appended and
/// synced before that batch is sent. A record cut short by a crash was never sent and is ignored.
/// Thread: main. note() is called there while the poster's thread calls before_send() and
/// acknowledged(): what they share is guarded by mutex_. Everything else is over before the poster
/// starts.
class WatchState final : public BatchJournal {
public:
    struct Scope {
        std::string directory;
        std::string site;
        std::uint64_t device = 0;  ///< of the directory; numbers change over a reboot
    };

    /// Reads the file. Fails when it is no state file, or belongs to another directory or site.
    static Result<std::unique_ptr<WatchState>, SyncError> open(const std::string& path,
                                                               const Scope& scope,
                                                               FileSystem& files);
    ~WatchState() override;
    WatchState(const WatchState&) = delete;
    WatchState& operator=(const WatchState&) = delete;

    bool existed() const { return existed_; }
    const FileSnapshot& snapshot() const { return snapshot_; }
    /// The last batch of the earlier run, when it is not known to have arrived.
    const std::optional<Batch>& unacknowledged() const { return last_batch_; }

    /// Writes the file with this snapshot and no batch, for the first run.
    Result<void, SyncError> begin(FileSnapshot snapshot);
    /// The change behind the event that is submitted to the poster next.
    void note(FileChange change);

    Result<void, SyncError> before_send(const Batch& batch) override;
    Result<void, SyncError> acknowledged(const Batch& batch) override;

private:
    WatchState(std::string path, Scope scope, FileSystem& files);
    bool parse(std::string_view text);
    bool parse_batch(std::string_view& text, std::string_view header);
    std::string header_and_snapshot() const;
    Result<void, SyncError> rewrite(const std::string& tail);
    enum class Durable { yes, no };
    Result<void, SyncError> append(const std::string& record, Durable durable);

    const std::string path_;
    const Scope scope_;
    FileSystem& files_;
    bool existed_ = false;

    FileSnapshot snapshot_;
    std::optional<Batch> last_batch_;
    std::deque<FileChange> last_changes_;  ///< of last_batch_, only while the file is read
    int descriptor_ = -1;
    std::size_t snapshot_bytes_ = 0;
    std::size_t appended_bytes_ = 0;

    Mutex mutex_;
    std::deque<FileChange> noted_ HUBTRAIL_GUARDED_BY(mutex_);
};

}  // namespace hubtrail::sync
