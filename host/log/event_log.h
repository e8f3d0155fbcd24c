#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "host/feature.h"
#include "host/log/event_reader.h"
#include "host/log/log_feature.h"
#include "hub/code/task.h"
#include "hub/log/log_hub.h"
#include "protocol/event.h"
#include "protocol/log_query.h"
#include "storage/log_service.h"

namespace hubtrail::host {

struct EventLogOptions {
    std::string directory = "data";  ///< made when it is not there; one process has it open
    int reader_threads = 2;
};

/// Where one event of an append is, or why the append failed.
using Appended = std::vector<storage::AppendedEvent>;
struct AppendError {
    enum class Kind {
        bad_event,   ///< `text` says which and what was expected
        id_taken,    ///< another event of its site and user has the id; `text` says which
        overloaded,  ///< too much waits to be written: try again
        failed       ///< the store could not write it
    };
    Kind kind;
    std::string text;
};
using AppendOutcome = Result<Appended, AppendError>;

/// A durable log in a directory, with its own threads, and the features of a server that show it.
/// Outlives the servers that have its features. Thread: main for construction and features;
/// append() and follow() from any.
class EventLog {
public:
    using HubConfig = hub::LogHubConfig;

    /// Opens it. `clock`, `random` and `log` must outlive it; `log` null: standard error, warnings
    /// and worse. The first constructor throws std::runtime_error, open() says what is wrong.
    explicit EventLog(const EventLogOptions& options);
    static Result<std::unique_ptr<EventLog>, std::string> open(const EventLogOptions& options,
                                                               const Clock& clock, Random& random,
                                                               Log& log);
    /// Commits what was taken, tells everybody who waits, and closes.
    ~EventLog();
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;

    /// Appends events given as the body of `POST /api/v1/events` (docs/api.md 1): one, or an array
    /// that is taken whole or not at all. Durable when `done` is called, on a thread of the log or,
    /// for a refusal, within the call: return from it soon. Any thread.
    void append(std::string tenant, std::string_view events_json,
                std::function<void(AppendOutcome)> done);
    /// The same in a coroutine of a hub, which goes on when it is durable.
    hub::Task<AppendOutcome> append(std::string tenant, std::string events_json);

    /// Follows events of the tenant, from a start: `items` are the names and values of docs/api.md
    /// 2, such as {{"stream", "doors"}, {"since", cursor}}; without `since` what comes from now.
    /// No event is lost, doubled or out of order, and the reader has its place by cursor over a
    /// restart. `listener` is called while a server shows the log, and until the reader dies; what
    /// is wrong with the question it is told too. Any thread. The reader must not outlive the log.
    std::unique_ptr<EventReader> follow(std::string tenant, const protocol::QueryItems& items,
                                        std::shared_ptr<EventListener> listener);

    /// Of every server that shows the log, before the features below.
    LogFeature& feature();
    /// For HubServer::map_log_hub().
    std::shared_ptr<Feature> make_hub(HubConfig config);
    /// The paths of docs/api.md 2.
    std::shared_ptr<Feature> make_rest();

    storage::LogService& service();

private:
    struct Parts;
    explicit EventLog(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace hubtrail::host
