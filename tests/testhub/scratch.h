#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include <hubtrail/hub.h>

#include "base/mutex.h"

namespace hubtrail::testhub {

/// What the test suites expect where the reference gives up waiting.
class TimeoutException : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What connections of all routes share: gates that methods wait for, notes that they leave
/// (HUBS.md of tests/conformance). Thread: any; guarded by one mutex that is held for no callback.
class Scratch {
public:
    /// Waits until somebody opens the gate, up to 20 s, or until `stop` is requested.
    Task<void> gate(std::string name, CancellationToken stop = {});
    void open(const std::string& name);
    bool is_open(const std::string& name);

    void note(const std::string& key, std::string text);
    /// The oldest note that nobody has read yet; waits up to 20 s for one.
    Task<std::string> read(std::string key);
    int left(const std::string& key);

private:
    std::optional<std::string> take(const std::string& key);

    Mutex mutex_;
    std::set<std::string> open_ HUBTRAIL_GUARDED_BY(mutex_);
    std::map<std::string, std::deque<std::string>> notes_ HUBTRAIL_GUARDED_BY(mutex_);
};

/// The one of the process.
Scratch& scratch();

}  // namespace hubtrail::testhub
