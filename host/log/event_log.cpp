#include "host/log/event_log.h"

#include <algorithm>
#include <coroutine>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/file_system.h"
#include "host/log/counted_log_service.h"
#include "host/log/log_directory.h"
#include "host/log/log_features.h"
#include "hub/code/one_shot.h"
#include "protocol/cursor.h"
#include "storage/sqlite/sqlite_log_store.h"

namespace hubtrail::host {
namespace {

/// Thread: one caller.
class UuidMaker final : public protocol::IdMaker {
public:
    UuidMaker(const Clock& clock, Random& random) : clock_(clock), random_(random) {}
    std::string make_id() override { return make_uuid_v7(clock_.wall_us(), random_); }

private:
    const Clock& clock_;
    Random& random_;
};

std::string describe(const protocol::EventError& error) {
    std::string text = "event " + std::to_string(error.index) + ": ";
    if (!error.field.empty()) {
        text += error.field + ": ";
    }
    text += "expected " + error.expected;
    return error.found.empty() ? text : text + ", found " + error.found;
}

/// Waits for the outcome of one append. Thread: strand.
class AppendAwait {
public:
    explicit AppendAwait(std::shared_ptr<hub::OneShot<AppendOutcome>> outcome)
        : outcome_(std::move(outcome)) {}
    AppendAwait(const AppendAwait&) = delete;
    AppendAwait& operator=(const AppendAwait&) = delete;
    ~AppendAwait() { outcome_->forget(); }

    bool await_ready() const { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        return outcome_->wait(*handle.promise().scope, handle);
    }
    AppendOutcome await_resume() { return std::move(outcome_->value()); }

private:
    std::shared_ptr<hub::OneShot<AppendOutcome>> outcome_;  ///< owned with the append
};

}  // namespace

/// Thread: any; it does not change once it is open.
struct EventLog::Parts {
    /// What an EventLog has that nobody lends it.
    struct Own {
        SystemClock clock;
        SystemRandom random;
        std::unique_ptr<Log> log = make_stderr_log(LogLevel::warn, LogFormat::text);
    };

    Parts(const Clock& clock_of, Random& random_of, Log& log_of)
        : clock(clock_of), random(random_of), log(log_of) {}

    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    Result<void, std::string> open(const EventLogOptions& options);
    /// `through`: the service that takes it.
    void append(storage::LogService& through, std::string tenant, std::string_view events_json,
                std::function<void(AppendOutcome)> done);

    /// Whoever waits is answered, and the listeners are still there.
    ~Parts() { service.reset(); }

    std::unique_ptr<Own> own;
    const Clock& clock;
    Random& random;
    Log& log;
    PosixFileSystem files;
    std::unique_ptr<LogDirectory> directory;
    std::unique_ptr<protocol::CursorCodec> codec;
    std::unique_ptr<storage::LogStore> store;
    std::unique_ptr<storage::LogService> service;
    std::unique_ptr<CountedLogService> counted;  ///< for those who answer to a loop
    std::unique_ptr<LogFeature> feature;         ///< there before anything is appended
};

Result<void, std::string> EventLog::Parts::open(const EventLogOptions& options) {
    auto opened = LogDirectory::open(files, options.directory);
    if (!opened) {
        return Failure{opened.error()};
    }
    directory = std::make_unique<LogDirectory>(std::move(*opened));
    auto key = directory->cursor_key(files, random);
    if (!key) {
        return Failure{key.error()};
    }
    codec = std::make_unique<protocol::CursorCodec>(*key);
    auto made = storage::open_sqlite_log_store(directory->database(), random);
    if (!made) {
        return Failure{made.error().detail};
    }
    store = std::move(*made);
    storage::LogServiceOptions threads;
    threads.reader_threads = options.reader_threads;
    auto started = storage::start_log_service(
        *store, clock, log, threads,
        [this](const std::shared_ptr<const storage::CommittedBatch>& batch) {
            feature->on_commit(batch);
        },
        [this](const std::string& tenant, storage::LogHead head) {
            feature->on_head(tenant, head);
        });
    if (!started) {
        return Failure{started.error().detail};
    }
    service = std::move(*started);
    counted = std::make_unique<CountedLogService>(*service);
    feature = std::make_unique<LogFeature>(LogContext{*counted, *codec, clock, random, log},
                                           [this] { counted->wait_until_answered(); });
    return {};
}

void EventLog::Parts::append(storage::LogService& through, std::string tenant,
                             std::string_view events_json,
                             std::function<void(AppendOutcome)> done) {
    using Kind = AppendError::Kind;
    UuidMaker ids(clock, random);
    auto events = protocol::parse_events(events_json, {tenant, {}, clock.wall_us()}, ids);
    if (!events) {
        done(Failure{AppendError{Kind::bad_event, describe(events.error())}});
        return;
    }
    // Called once: by the service, or below when it took nothing.
    const auto shared = std::make_shared<std::function<void(AppendOutcome)>>(std::move(done));
    const bool taken = through.append(
        {std::move(tenant), std::move(*events), {}, {}},
        [shared](Result<storage::AppendResult, storage::StoreError> result) {
            if (result && result->taken) {
                (*shared)(
                    Failure{AppendError{Kind::id_taken, "event " + std::to_string(*result->taken) +
                                                            ": another event has this id"}});
            } else if (result) {
                (*shared)(std::move(result->events));
            } else {
                (*shared)(Failure{AppendError{Kind::failed, result.error().detail}});
            }
        });
    if (!taken) {
        (*shared)(Failure{AppendError{Kind::overloaded, "too many events wait to be written"}});
    }
}

EventLog::EventLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

EventLog::EventLog(const EventLogOptions& options) {
    auto own = std::make_unique<Parts::Own>();
    parts_ = std::make_unique<Parts>(own->clock, own->random, *own->log);
    parts_->own = std::move(own);
    if (auto opened = parts_->open(options); !opened) {
        throw std::runtime_error(opened.error());
    }
}

Result<std::unique_ptr<EventLog>, std::string> EventLog::open(const EventLogOptions& options,
                                                              const Clock& clock, Random& random,
                                                              Log& log) {
    auto parts = std::make_unique<Parts>(clock, random, log);
    if (auto opened = parts->open(options); !opened) {
        return Failure{opened.error()};
    }
    return std::unique_ptr<EventLog>(new EventLog(std::move(parts)));
}

EventLog::~EventLog() = default;

void EventLog::append(std::string tenant, std::string_view events_json,
                      std::function<void(AppendOutcome)> done) {
    parts_->append(*parts_->service, std::move(tenant), events_json, std::move(done));
}

hub::Task<AppendOutcome> EventLog::append(std::string tenant, std::string events_json) {
    auto outcome = std::make_shared<hub::OneShot<AppendOutcome>>();
    parts_->append(*parts_->counted, std::move(tenant), events_json,
                   [outcome](AppendOutcome value) { outcome->set(std::move(value)); });
    co_return co_await AppendAwait(std::move(outcome));
}

std::unique_ptr<EventReader> EventLog::follow(std::string tenant, const protocol::QueryItems& items,
                                              std::shared_ptr<EventListener> listener) {
    return std::make_unique<EventReader>(
        *parts_->feature,
        std::make_shared<EventReading>(std::move(tenant), protocol::parse_log_query(items),
                                       std::move(listener)));
}

LogFeature& EventLog::feature() {
    return *parts_->feature;
}

std::shared_ptr<Feature> EventLog::make_hub(HubConfig config) {
    config.endpoint.message_bytes_max =
        std::max(config.endpoint.message_bytes_max, hub::message_bytes_for(config.hub));
    auto owner = "the log hub mapped to '" + config.path + "'";
    return std::make_shared<LogHubFeature>(*parts_->feature, std::move(config), std::move(owner));
}

std::shared_ptr<Feature> EventLog::make_rest() {
    return std::make_shared<RestFeature>(*parts_->feature);
}

storage::LogService& EventLog::service() {
    return *parts_->counted;
}

}  // namespace hubtrail::host
