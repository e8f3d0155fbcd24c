#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "hub/fanout/hub_manager.h"

namespace hubtrail::hub {

/// The end of something that several loops, slow peers and nodes take part in: whoever it still
/// waits for owns a share, and Done is called when the last one lets go, however that comes about.
/// Thread: any; mutex_ guards the error.
class SharedDone {
public:
    /// `open` turns false before the loops die; then nothing is called any more.
    using Open = std::shared_ptr<const std::atomic<bool>>;

    SharedDone(Open open, transport::Loop* from, HubManager::Done done)
        : open_(std::move(open)), from_(from), done_(std::move(done)) {}
    ~SharedDone();
    SharedDone(const SharedDone&) = delete;
    SharedDone& operator=(const SharedDone&) = delete;

    /// The first reason stays.
    void fail(std::string_view error);
    /// By the only owner, within the caller's own call: calls Done at once.
    void finish_now();

private:
    const Open open_;
    transport::Loop* const from_;
    HubManager::Done done_;
    Mutex mutex_;
    std::string error_ HUBTRAIL_GUARDED_BY(mutex_);
};

using SharedDonePtr = std::shared_ptr<SharedDone>;  ///< owners: everyone who still has to do a part

}  // namespace hubtrail::hub
