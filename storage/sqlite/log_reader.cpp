#include "storage/sqlite/log_reader.h"

#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <soci/soci.h>

#include "storage/head_rules.h"
#include "storage/page_rules.h"
#include "storage/sqlite/filter_sql.h"
#include "storage/sqlite/session.h"

namespace hubtrail::storage {
namespace {

// Texts of filters that stay prepared; padding keeps them few, this keeps a strange client from
// making them many.
constexpr std::size_t kPreparedFiltersMax = 64;

constexpr const char* kSelectPage =
    "SELECT pos, fp, at, body FROM change_log "
    "WHERE tenant_no = :tenant_no AND pos > :after AND pos <= :end";
constexpr const char* kSelectEvent =
    "SELECT pos, fp, at, event_id, stream, type, site_id, user_id, body, path, old_path, "
    "actor_client_id, actor_device_id FROM change_log WHERE tenant_no = :tenant_no AND ";

std::uint32_t to_u32(long long value, const char* what) {
    if (value < 0 || value > 0xFFFF'FFFFLL) {
        throw CorruptLog(std::string("a stored ") + what + " is " + std::to_string(value));
    }
    return static_cast<std::uint32_t>(value);
}

/// A prepared page of one filter shape. SOCI binds addresses, so it stays where it is made.
///
/// One row is fetched at a time, which is not SOCI's bulk path: that one copies each text twice,
/// through a buffer of its own per cell, and cannot stop at bytes_max, so that a page of large
/// bodies would first be read whole. Measured per row, pages of 1000, bodies of 300 bytes: bulk
/// 0.63-0.89 us, this 0.52-0.63 us, sqlite3_step() by hand 0.38-0.57 us.
class PageStatement {
public:
    PageStatement(soci::session& session, const FilterSql& filter)
        : values(filter.values), statement(session) {
        statement.exchange(soci::use(tenant_no));
        statement.exchange(soci::use(after));
        statement.exchange(soci::use(end));
        for (const auto& value : values) {
            statement.exchange(soci::use(value));
        }
        statement.exchange(soci::use(count));
        statement.exchange(soci::into(pos));
        statement.exchange(soci::into(fp));
        statement.exchange(soci::into(at));
        statement.exchange(soci::into(body));
        statement.alloc();
        statement.prepare(std::string(kSelectPage) + filter.conditions +
                          " ORDER BY pos LIMIT :count");
        statement.define_and_bind();
    }
    PageStatement(const PageStatement&) = delete;
    PageStatement& operator=(const PageStatement&) = delete;

    long long tenant_no = 0;
    long long after = 0;
    long long end = 0;
    long long count = 0;
    std::vector<std::string> values;  // same size for ever
    long long pos = 0;
    long long fp = 0;
    long long at = 0;
    std::string body;
    soci::statement statement;
};

/// The connection with its fixed statements and what they are bound to.
class Connection {
public:
    Connection(const std::string& file, int busy_timeout_ms)
        : session(open_session(file, SessionRole::reader, busy_timeout_ms)),
          begin((session->prepare << "BEGIN")),
          commit((session->prepare << "COMMIT")),
          select_head((session->prepare << "SELECT tenant_no, epoch, first_pos, last_pos, last_at "
                                           "FROM log_head WHERE tenant = :tenant",
                       soci::use(tenant, "tenant"), soci::into(tenant_no), soci::into(epoch),
                       soci::into(first_pos), soci::into(last_pos), soci::into(last_at))),
          select_at((session->prepare << std::string(kSelectEvent) + "pos = :pos",
                     soci::use(tenant_no, "tenant_no"), soci::use(pos, "pos"),
                     soci::into(event_pos), soci::into(fp), soci::into(at), soci::into(id),
                     soci::into(stream), soci::into(type), soci::into(site_id), soci::into(user_id),
                     soci::into(body), soci::into(path), soci::into(old_path),
                     soci::into(actor_client_id), soci::into(actor_device_id))),
          select_id((session->prepare
                         << std::string(kSelectEvent) + "event_id = :event_id ORDER BY pos DESC",
                     soci::use(tenant_no, "tenant_no"), soci::use(event_id, "event_id"),
                     soci::into(event_pos), soci::into(fp), soci::into(at), soci::into(id),
                     soci::into(stream), soci::into(type), soci::into(site_id), soci::into(user_id),
                     soci::into(body), soci::into(path), soci::into(old_path),
                     soci::into(actor_client_id), soci::into(actor_device_id))),
          select_stamp((session->prepare << "SELECT fp, at FROM change_log "
                                            "WHERE tenant_no = :tenant_no AND pos = :pos",
                        soci::use(tenant_no, "tenant_no"), soci::use(pos, "pos"), soci::into(fp),
                        soci::into(at))),
          select_lowest((session->prepare
                             << "SELECT pos FROM change_log WHERE tenant_no = :tenant_no "
                                "ORDER BY pos LIMIT 1",
                         soci::use(tenant_no, "tenant_no"), soci::into(event_pos))) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// False when the tenant has no row; the head is then the empty one.
    bool load_head(std::string_view name) {
        tenant = name;
        tenant_no = 0;
        epoch = 1;
        first_pos = 1;
        last_pos = 0;
        last_at = 0;
        return fetch_row(select_head);
    }

    LogHead head() const { return {to_u32(epoch, "epoch"), first_pos, last_pos}; }

    /// The event of the row that select_at or select_id fetched.
    protocol::LogEvent take_event() {
        protocol::LogEvent event;
        event.pos = event_pos;
        event.fingerprint = to_u32(fp, "fingerprint");
        event.recorded_us = at;
        event.id = std::move(id);
        event.stream = std::move(stream);
        event.type = std::move(type);
        event.site_id = std::move(site_id);
        event.user_id = std::move(user_id);
        event.body = std::move(body);
        event.path = std::move(path);
        event.old_path = std::move(old_path);
        event.actor_client_id = std::move(actor_client_id);
        event.actor_device_id = std::move(actor_device_id);
        return event;
    }

    /// Fills fp and at.
    void load_stamp(long long position) {
        pos = position;
        if (!fetch_row(select_stamp)) {
            throw CorruptLog("tenant \"" + tenant + "\": position " + std::to_string(position) +
                             " is missing between " + std::to_string(first_pos) + " and " +
                             std::to_string(last_pos));
        }
    }

    PageStatement& page_statement(const EventFilter& filter) {
        FilterSql sql = make_filter_sql(filter);
        auto found = pages.find(sql.conditions);
        if (found == pages.end()) {
            if (pages.size() >= kPreparedFiltersMax) {
                pages.clear();
            }
            auto page = std::make_unique<PageStatement>(*session, sql);
            found = pages.emplace(std::move(sql.conditions), std::move(page)).first;
        } else {
            std::move(sql.values.begin(), sql.values.end(), found->second->values.begin());
        }
        return *found->second;
    }

    // Bound to the statements below; the statements end before the session does, or SQLite would
    // keep the file open.
    std::unique_ptr<soci::session> session;
    std::string tenant;
    std::string event_id;
    long long pos = 0;
    long long tenant_no = 0;
    long long epoch = 1;
    long long first_pos = 1;
    long long last_pos = 0;
    long long last_at = 0;
    long long event_pos = 0;
    long long fp = 0;
    long long at = 0;
    std::string id;
    std::string stream;
    std::string type;
    std::string site_id;
    std::string user_id;
    std::string body;
    std::string path;
    std::string old_path;
    std::string actor_client_id;
    std::string actor_device_id;

    soci::statement begin;
    soci::statement commit;
    soci::statement select_head;
    soci::statement select_at;
    soci::statement select_id;
    soci::statement select_stamp;
    soci::statement select_lowest;
    std::unordered_map<std::string, std::unique_ptr<PageStatement>> pages;
};

// Takes over the rows that the rules let in.
void fetch_rows(Connection& connection, const ReadRequest& request, PageFill& fill,
                std::vector<protocol::LogEvent>& events) {
    PageStatement& page = connection.page_statement(request.filter);
    page.tenant_no = connection.tenant_no;
    page.after = fill.window().after;
    page.end = fill.window().end;
    page.count = fill.window().count;
    auto took = PageFill::Took::row;
    for (bool more = page.statement.execute(true); more; more = page.statement.fetch()) {
        took = fill.offer(page.pos, page.body.size());
        if (took != PageFill::Took::row) {
            break;
        }
        protocol::LogEvent& event = events.emplace_back();
        event.pos = page.pos;
        event.fingerprint = to_u32(page.fp, "fingerprint");
        event.recorded_us = page.at;
        event.body = std::move(page.body);
    }
    finish(page.statement);
    if (took == PageFill::Took::hole) {
        throw CorruptLog(fill.hole(connection.tenant));
    }
}

Page read_page(Connection& connection, const ReadRequest& request) {
    Page page;
    connection.load_head(request.tenant);
    page.head = connection.head();
    PageFill fill(request, page.head);
    if (!fill.window().empty()) {
        fetch_rows(connection, request, fill, page.events);
    }
    if (!fill.finish()) {
        throw CorruptLog(fill.hole(connection.tenant));
    }
    page.to = fill.to();
    if (!page.events.empty() && page.events.back().pos == page.to) {
        page.to_fingerprint = page.events.back().fingerprint;
        page.to_recorded_us = page.events.back().recorded_us;
    } else if (page.to >= page.head.first_pos) {
        connection.load_stamp(page.to);
        page.to_fingerprint = to_u32(connection.fp, "fingerprint");
        page.to_recorded_us = connection.at;
    }
    return page;
}

// Of the events with one id the newest that is shown: few have company.
std::optional<protocol::LogEvent> find_visible(Connection& connection, const EventFilter& visible) {
    std::optional<protocol::LogEvent> found;
    auto& rows = connection.select_id;
    for (bool more = rows.execute(true); more && !found; more = !found && rows.fetch()) {
        auto event = connection.take_event();
        if (matches(visible, event)) {
            found = std::move(event);
        }
    }
    finish(rows);
    return found;
}

std::int64_t search_last_before(Connection& connection, std::int64_t wall_us) {
    // Mostly the newest event answers; and its row may be gone, where its time is not.
    if (connection.last_pos == 0 || connection.last_at < wall_us) {
        return connection.last_pos;
    }
    if (!fetch_row(connection.select_lowest)) {
        return 0;
    }
    TimeSearch search(connection.event_pos, connection.last_pos, wall_us);
    while (const auto pos = search.probe()) {
        connection.load_stamp(*pos);
        search.tell(connection.at);
    }
    return search.found();
}

/// Thread: db.
class SqliteLogReader final : public LogReader {
public:
    SqliteLogReader(std::string path, int busy_timeout_ms)
        : path_(std::move(path)), busy_timeout_ms_(busy_timeout_ms) {}

    Result<void, StoreError> connect() {
        try {
            connection_ = std::make_unique<Connection>(path_, busy_timeout_ms_);
            return {};
        } catch (const std::exception& error) {
            return Failure{store_error(error)};
        }
    }

    Result<LogHead, StoreError> head(std::string_view tenant) override {
        return in_snapshot<LogHead>([&](Connection& connection) {
            connection.load_head(tenant);
            return connection.head();
        });
    }

    Result<Page, StoreError> read(const ReadRequest& request) override {
        if (auto refusal = check_filter(request.filter)) {
            return Failure{std::move(*refusal)};
        }
        return in_snapshot<Page>(
            [&](Connection& connection) { return read_page(connection, request); });
    }

    Result<std::optional<protocol::LogEvent>, StoreError> at(std::string_view tenant,
                                                             std::int64_t pos) override {
        using Found = std::optional<protocol::LogEvent>;
        return in_snapshot<Found>([&](Connection& connection) -> Found {
            connection.load_head(tenant);
            if (pos < connection.first_pos || pos > connection.last_pos) {
                return std::nullopt;
            }
            connection.pos = pos;
            if (!fetch_row(connection.select_at)) {
                throw CorruptLog(describe_hole(tenant, pos, 0));
            }
            return connection.take_event();
        });
    }

    Result<std::optional<protocol::LogEvent>, StoreError> find(
        std::string_view tenant, std::string_view id, const EventFilter& visible) override {
        using Found = std::optional<protocol::LogEvent>;
        return in_snapshot<Found>([&](Connection& connection) -> Found {
            connection.event_id = id;
            return connection.load_head(tenant) ? find_visible(connection, visible) : std::nullopt;
        });
    }

    Result<std::int64_t, StoreError> last_before(std::string_view tenant,
                                                 std::int64_t wall_us) override {
        return in_snapshot<std::int64_t>([&](Connection& connection) {
            connection.load_head(tenant);
            return search_last_before(connection, wall_us);
        });
    }

private:
    // One transaction, so that head and rows are of one moment.
    template <typename T, typename Work>
    Result<T, StoreError> in_snapshot(Work work) {
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
    int busy_timeout_ms_;
    std::unique_ptr<Connection> connection_;  // none after an error, until the next call
};

}  // namespace

Result<std::unique_ptr<LogReader>, StoreError> open_sqlite_reader(const std::string& path,
                                                                  int busy_timeout_ms) {
    auto reader = std::make_unique<SqliteLogReader>(path, busy_timeout_ms);
    if (auto connected = reader->connect(); !connected) {
        return Failure{connected.error()};
    }
    return std::unique_ptr<LogReader>(std::move(reader));
}

}  // namespace hubtrail::storage
