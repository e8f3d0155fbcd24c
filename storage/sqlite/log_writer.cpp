#include "storage/sqlite/log_writer.h"

#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <soci/soci.h>
#include <sys/file.h>
#include <unistd.h>

#include "storage/append_rules.h"
#include "storage/head_rules.h"
#include "storage/idempotent_result.h"
#include "storage/sqlite/session.h"

namespace hubtrail::storage {
namespace {

constexpr long long kForgetChunk = 5000;  // keys per transaction: appends wait for it

/// A tenant's row of log_head, as it is in the open transaction.
struct Head {
    long long tenant_no = 0;
    long long epoch = 1;
    long long first_pos = 1;
    long long last_pos = 0;
    long long last_at = 0;

    LogHead log_head() const { return {static_cast<std::uint32_t>(epoch), first_pos, last_pos}; }
    void set(const LogHead& head) {
        epoch = head.epoch;
        first_pos = head.first_pos;
        last_pos = head.last_pos;
    }
};

/// The connection with its fixed statements and what they are bound to.
class Connection {
public:
    Connection(const std::string& path, int busy_timeout_ms)
        : session(open_session(path, SessionRole::writer, busy_timeout_ms)),
          // IMMEDIATE takes the write lock before the first read: a deferred transaction that reads
          // and then writes fails at once when another process committed in between.
          begin((session->prepare << "BEGIN IMMEDIATE")),
          commit((session->prepare << "COMMIT")),
          select_head((session->prepare << "SELECT tenant_no, epoch, first_pos, last_pos, last_at "
                                           "FROM log_head WHERE tenant = :tenant",
                       soci::use(tenant, "tenant"), soci::into(head.tenant_no),
                       soci::into(head.epoch), soci::into(head.first_pos),
                       soci::into(head.last_pos), soci::into(head.last_at))),
          insert_head(
              (
                  session->prepare
                      << "INSERT INTO log_head(tenant, tenant_no, epoch, first_pos, last_pos, "
                         "last_at) SELECT :tenant, coalesce(max(tenant_no), 0) + 1, 1, 1, 0, 0 "
                         "FROM log_head",
                  soci::use(tenant, "tenant"))),
          update_head(
              (
                  session->prepare
                      << "UPDATE log_head SET epoch = :epoch, first_pos = :first_pos, "
                         "last_pos = :last_pos, last_at = :last_at WHERE tenant_no = :tenant_no",
                  soci::use(head.epoch, "epoch"), soci::use(head.first_pos, "first_pos"),
                  soci::use(head.last_pos, "last_pos"), soci::use(head.last_at, "last_at"),
                  soci::use(head.tenant_no, "tenant_no"))),
          // Only a known event is passed over; a position that is taken is an error.
          insert_event(
              (session->prepare
                   << "INSERT INTO change_log(tenant_no, pos, fp, at, event_id, stream, type, "
                      "site_id, user_id, body, path, old_path, actor_client_id, actor_device_id) "
                      "VALUES(:tenant_no, :pos, :fp, :at, :event_id, :stream, :type, :site_id, "
                      ":user_id, :body, :path, :old_path, :actor_client_id, :actor_device_id) "
                      "ON CONFLICT(tenant_no, event_id, site_id, user_id) DO NOTHING",
               soci::use(tenant_no, "tenant_no"), soci::use(pos, "pos"), soci::use(fp, "fp"),
               soci::use(at, "at"), soci::use(event.id, "event_id"),
               soci::use(event.stream, "stream"), soci::use(event.type, "type"),
               soci::use(event.site_id, "site_id"), soci::use(event.user_id, "user_id"),
               soci::use(event.body, "body"), soci::use(event.path, "path"),
               soci::use(event.old_path, "old_path"),
               soci::use(event.actor_client_id, "actor_client_id"),
               soci::use(event.actor_device_id, "actor_device_id"))),
          select_known(
              (
                  session->prepare
                      << "SELECT pos, fp, at, body FROM change_log WHERE tenant_no = :tenant_no "
                         "AND event_id = :event_id AND site_id = :site_id AND user_id = :user_id",
                  soci::use(tenant_no, "tenant_no"), soci::use(event.id, "event_id"),
                  soci::use(event.site_id, "site_id"), soci::use(event.user_id, "user_id"),
                  soci::into(pos), soci::into(fp), soci::into(at), soci::into(known_body))),
          delete_events((session->prepare << "DELETE FROM change_log WHERE tenant_no = :tenant_no "
                                             "AND pos > :pos",
                         soci::use(tenant_no, "tenant_no"), soci::use(pos, "pos"))),
          // The writer's own key before one of a time that did not note whose it was.
          select_key((session->prepare
                          << "SELECT fingerprint, response FROM idem_request WHERE tenant_no = "
                             ":tenant_no AND key = :key AND writer IN (:writer, '') "
                             "ORDER BY writer DESC LIMIT 1",
                      soci::use(tenant_no, "tenant_no"), soci::use(key, "key"),
                      soci::use(key_writer, "writer"), soci::into(fingerprint),
                      soci::into(response))),
          insert_key(
              (
                  session->prepare
                      << "INSERT INTO idem_request(tenant_no, key, writer, fingerprint, response, "
                         "at) VALUES(:tenant_no, :key, :writer, :fingerprint, :response, :at)",
                  soci::use(tenant_no, "tenant_no"), soci::use(key, "key"),
                  soci::use(key_writer, "writer"), soci::use(fingerprint, "fingerprint"),
                  soci::use(response, "response"), soci::use(at, "at"))),
          delete_keys(
              (
                  session->prepare
                      << "DELETE FROM idem_request WHERE (tenant_no, key, writer) IN (SELECT "
                         "tenant_no, key, writer FROM idem_request WHERE at < :at LIMIT :count)",
                  soci::use(at, "at"), soci::use(kForgetChunk, "count"))) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool load_head(std::string_view name) {
        tenant = name;
        return fetch_row(select_head);
    }

    void load_or_create_head(std::string_view name) {
        if (!load_head(name)) {
            insert_head.execute(true);
            load_head(name);
        }
    }

    void store_head(const Head& changed) {
        head = changed;
        update_head.execute(true);
    }

    // Bound to the statements below; the statements end before the session does, or SQLite would
    // keep the file and its lock.
    std::unique_ptr<soci::session> session;
    std::string tenant;
    Head head;
    long long tenant_no = 0;
    long long pos = 0;
    long long fp = 0;
    long long at = 0;
    protocol::NewEvent event;
    std::string known_body;
    std::string key;
    std::string key_writer;
    std::string fingerprint;
    std::string response;

    soci::statement begin;
    soci::statement commit;
    soci::statement select_head;
    soci::statement insert_head;
    soci::statement update_head;
    soci::statement insert_event;
    soci::statement select_known;
    soci::statement delete_events;
    soci::statement select_key;
    soci::statement insert_key;
    soci::statement delete_keys;
};

/// One append() in its transaction.
/// Thread: db.
class AppendBatch {
public:
    AppendBatch(Connection& connection, Random& random, std::span<const AppendRequest> requests,
                std::int64_t now_us)
        : connection_(connection), requests_(requests), now_us_(now_us) {
        std::size_t events = 0;
        for (const auto& request : requests) {
            events += request.events.size();
        }
        fingerprints_.resize(events);
        random.fill(fingerprints_.data(), fingerprints_.size() * sizeof(std::uint32_t));
    }

    std::vector<AppendResult> run() {
        std::vector<AppendResult> results;
        results.reserve(requests_.size());
        for (const auto& request : requests_) {
            results.push_back(append(request));
        }
        for (auto& [tenant, log] : logs_) {
            if (log.numbering.changed()) {
                log.head.set(log.numbering.head());
                log.head.last_at = log.numbering.last_us();
                connection_.store_head(log.head);
            }
        }
        return results;
    }

private:
    /// One tenant's log in this transaction.
    struct TenantLog {
        Head head;
        Numbering numbering;
    };

    TenantLog& log_of(const std::string& tenant) {
        const auto found = logs_.find(tenant);
        if (found != logs_.end()) {
            return found->second;
        }
        connection_.load_or_create_head(tenant);
        const Head& head = connection_.head;
        return logs_
            .emplace(tenant, TenantLog{head, Numbering(head.log_head(), head.last_at, now_us_)})
            .first->second;
    }

    AppendResult append(const AppendRequest& request) {
        TenantLog& log = log_of(request.tenant);
        connection_.tenant_no = log.head.tenant_no;
        if (!request.idempotency_key.empty()) {
            connection_.key = request.idempotency_key;
            connection_.key_writer = request.writer;
            if (fetch_row(connection_.select_key)) {
                return answer_from_key(request);
            }
        }
        AppendResult result;
        result.events.reserve(request.events.size());
        const auto before = log.numbering.mark();
        for (const auto& event : request.events) {
            auto appended = append_event(event, log.numbering);
            if (!appended) {
                take_back(log, before);
                result.taken = result.events.size();
                result.events.clear();
                return result;
            }
            result.events.push_back(std::move(*appended));
        }
        if (!request.idempotency_key.empty()) {
            connection_.fingerprint = request.request_fingerprint;
            connection_.response = encode_results(result.events);
            connection_.at = now_us_;
            connection_.insert_key.execute(true);
        }
        return result;
    }

    AppendResult answer_from_key(const AppendRequest& request) {
        auto result = answer_again(request, {connection_.fingerprint, connection_.response});
        if (!result) {
            throw CorruptLog("tenant \"" + request.tenant +
                             "\": the stored result of an idempotency key cannot be read");
        }
        return std::move(*result);
    }

    // Rarely needed, so it costs nothing before.
    void take_back(TenantLog& log, const Numbering::Mark& before) {
        connection_.pos = before.last_pos;
        connection_.delete_events.execute(true);
        log.numbering.rewind(before);
    }

    // Nothing: its id is taken by an event of other content.
    std::optional<AppendedEvent> append_event(const protocol::NewEvent& event,
                                              Numbering& numbering) {
        if (const auto* earlier = numbering.earlier(event)) {
            return numbering.know(event, earlier->place, earlier->event->body);
        }
        const auto place = numbering.next(make_fingerprint(fingerprints_[fingerprints_used_++]));
        connection_.pos = place.pos;
        connection_.fp = place.fingerprint;
        connection_.at = place.recorded_us;
        connection_.event = event;
        connection_.insert_event.execute(true);
        if (connection_.insert_event.get_affected_rows() == 1) {
            return numbering.take(event, place);
        }
        if (!fetch_row(connection_.select_known)) {
            throw CorruptLog("an event id is in the index but has no row");
        }
        return numbering.know(
            event, {connection_.pos, static_cast<std::uint32_t>(connection_.fp), connection_.at},
            connection_.known_body);
    }

    Connection& connection_;
    std::span<const AppendRequest> requests_;
    std::int64_t now_us_;
    std::unordered_map<std::string_view, TenantLog> logs_;
    std::vector<std::uint32_t> fingerprints_;
    std::size_t fingerprints_used_ = 0;
};

/// A lock that ends with the process, however it ends. Thread: db.
class WriterLock {
public:
    WriterLock() = default;
    ~WriterLock() {
        if (file_ >= 0) {
            ::close(file_);
        }
    }
    WriterLock(const WriterLock&) = delete;
    WriterLock& operator=(const WriterLock&) = delete;

    Result<void, StoreError> take(const std::string& path) {
        file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file_ < 0) {
            return Failure{StoreError{StoreErrc::unavailable, path + ": " + std::strerror(errno)}};
        }
        if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
            return Failure{StoreError{
                StoreErrc::unavailable,
                errno == EWOULDBLOCK ? "another writer has the log open (" + path + " is locked)"
                                     : path + ": " + std::strerror(errno)}};
        }
        return {};
    }

private:
    int file_ = -1;
};

/// Thread: db.
class SqliteLogWriter final : public LogWriter {
public:
    SqliteLogWriter(std::string path, Random& random, int busy_timeout_ms)
        : path_(std::move(path)), random_(random), busy_timeout_ms_(busy_timeout_ms) {}

    Result<void, StoreError> open() {
        if (auto locked = lock_.take(path_ + "-writer"); !locked) {
            return locked;
        }
        try {
            connection_ = std::make_unique<Connection>(path_, busy_timeout_ms_);
            return {};
        } catch (const std::exception& error) {
            return Failure{store_error(error)};
        }
    }

    Result<std::vector<AppendResult>, StoreError> append(std::span<const AppendRequest> requests,
                                                         std::int64_t now_us) override {
        return in_transaction<std::vector<AppendResult>>([&](Connection& connection) {
            return AppendBatch(connection, random_, requests, now_us).run();
        });
    }

    Result<LogHead, StoreError> set_floor(std::string_view tenant,
                                          std::int64_t first_pos) override {
        return in_transaction<LogHead>([&](Connection& connection) {
            if (!connection.load_head(tenant)) {
                return LogHead{};
            }
            return change_head(connection, move_floor(connection.head.log_head(), first_pos));
        });
    }

    Result<LogHead, StoreError> reset(std::string_view tenant) override {
        return in_transaction<LogHead>([&](Connection& connection) {
            connection.load_or_create_head(tenant);
            return change_head(connection, begin_epoch(connection.head.log_head()));
        });
    }

    Result<void, StoreError> forget_keys(std::int64_t before_us) override {
        for (;;) {
            const auto forgotten = in_transaction<long long>([&](Connection& connection) {
                connection.at = before_us;
                connection.delete_keys.execute(true);
                return connection.delete_keys.get_affected_rows();
            });
            if (!forgotten) {
                return Failure{forgotten.error()};
            }
            if (*forgotten < kForgetChunk) {
                return {};
            }
        }
    }

private:
    static LogHead change_head(Connection& connection, const LogHead& changed) {
        Head head = connection.head;
        head.set(changed);
        connection.store_head(head);
        return changed;
    }

    // Any error, COMMIT's own included, drops the connection: SQLite rolls back what was open on
    // it.
    template <typename T, typename Work>
    Result<T, StoreError> in_transaction(Work work) {
        try {
            if (!connection_) {
                connection_ = std::make_unique<Connection>(path_, busy_timeout_ms_);
            }
            connection_->begin.execute(true);
            T result = work(*connection_);
            connection_->commit.execute(true);
            return result;
        } catch (const std::exception& error) {
            StoreError failure = store_error(error);
            connection_.reset();
            return Failure{std::move(failure)};
        }
    }

    std::string path_;
    Random& random_;
    int busy_timeout_ms_;
    WriterLock lock_;                         // released after the connection is closed
    std::unique_ptr<Connection> connection_;  // none after an error, until the next call
};

}  // namespace

Result<std::unique_ptr<LogWriter>, StoreError> open_sqlite_writer(const std::string& path,
                                                                  Random& random,
                                                                  int busy_timeout_ms) {
    auto writer = std::make_unique<SqliteLogWriter>(path, random, busy_timeout_ms);
    if (auto opened = writer->open(); !opened) {
        return Failure{opened.error()};
    }
    return std::unique_ptr<LogWriter>(std::move(writer));
}

}  // namespace hubtrail::storage
