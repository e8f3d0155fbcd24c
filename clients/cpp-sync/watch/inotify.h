#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "clients/cpp-sync/sync_error.h"

namespace hubtrail::sync {

/// One record of inotify(7).
struct InotifyEvent {
    int watch = -1;
    std::uint32_t mask = 0;
    std::uint32_t cookie = 0;
    std::string name;
};

/// The kernel's list of watched directories, so that a test can run out of them.
/// Thread: main. One owner.
class DirectoryWatches {
public:
    enum class Place { root, below };

    virtual ~DirectoryWatches() = default;

    /// Watches the open directory; the same number for the same directory. `path` is for messages.
    /// Fails with `watch_limit` when the kernel gives no more, with `file` else.
    virtual Result<int, SyncError> add(int directory, const std::string& path, Place place) = 0;
    /// A watch that the kernel has dropped already is fine.
    virtual void remove(int watch) = 0;
};

/// An inotify instance. Thread: main. One owner.
class Inotify final : public DirectoryWatches {
public:
    static Result<std::unique_ptr<Inotify>, SyncError> open();
    ~Inotify() override;
    Inotify(const Inotify&) = delete;
    Inotify& operator=(const Inotify&) = delete;

    Result<int, SyncError> add(int directory, const std::string& path, Place place) override;
    void remove(int watch) override;

    /// Everything that waits in the kernel's queue now, in order.
    Result<std::vector<InotifyEvent>, SyncError> read();
    /// For poll().
    int descriptor() const { return descriptor_; }

private:
    explicit Inotify(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace hubtrail::sync
