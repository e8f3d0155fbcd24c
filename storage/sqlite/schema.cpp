#include "storage/sqlite/schema.h"

#include <array>
#include <stdexcept>
#include <string>

#include <soci/soci.h>

#include "storage/head_rules.h"
#include "storage/sqlite/session.h"

namespace hubtrail::storage {
namespace {

// Declared types are TEXT, BIGINT, BLOB or DOUBLE only: SOCI 4.0 reads INTEGER and BOOLEAN columns
// as 32 bits, and runs a statement once more to guess the type of a column declared with a name
// that it does not know (spec log-and-sync.md 10, no. 12 and 13).
constexpr std::array<const char*, 5> kVersion1 = {
    "CREATE TABLE log_head("
    "tenant TEXT NOT NULL PRIMARY KEY, tenant_no BIGINT NOT NULL UNIQUE, epoch BIGINT NOT NULL, "
    "first_pos BIGINT NOT NULL, last_pos BIGINT NOT NULL, last_at BIGINT NOT NULL) WITHOUT ROWID",

    // WITHOUT ROWID: the rows of a tenant lie together in the order of their positions.
    "CREATE TABLE change_log("
    "tenant_no BIGINT NOT NULL, pos BIGINT NOT NULL, fp BIGINT NOT NULL, at BIGINT NOT NULL, "
    "event_id TEXT NOT NULL, stream TEXT NOT NULL, type TEXT NOT NULL, site_id TEXT NOT NULL, "
    "user_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(tenant_no, pos)) WITHOUT ROWID",

    // Deduplication and the lookup of one event.
    "CREATE UNIQUE INDEX change_log_event_id ON change_log(tenant_no, event_id)",

    "CREATE TABLE idem_request("
    "tenant_no BIGINT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, "
    "response TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY(tenant_no, key)) WITHOUT ROWID",

    // Forgetting old keys must not scan the young ones under the write lock.
    "CREATE INDEX idem_request_at ON idem_request(at)",
};

// Where an event is and from whom it came, for filters. A body is compact JSON of ours, so a row
// that has none of the four is told by its text and is not written again.
constexpr std::array<const char*, 5> kVersion2 = {
    "ALTER TABLE change_log ADD COLUMN path TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE change_log ADD COLUMN old_path TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE change_log ADD COLUMN actor_client_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE change_log ADD COLUMN actor_device_id TEXT NOT NULL DEFAULT ''",
    "UPDATE change_log SET path = coalesce(json_extract(body, '$.path'), ''), "
    "old_path = coalesce(json_extract(body, '$.old_path'), ''), "
    "actor_client_id = coalesce(json_extract(body, '$.actor_client_id'), ''), "
    "actor_device_id = coalesce(json_extract(body, '$.actor_device_id'), '') "
    "WHERE (instr(body, 'path\":') > 0 OR instr(body, '\"actor_') > 0) AND json_valid(body)",
};

// An id is one of a site and user, a key is its writer's. Whose the keys of before are nobody
// knows: until they are forgotten they count for everybody, as they did.
constexpr std::array<const char*, 7> kVersion3 = {
    "DROP INDEX change_log_event_id",
    "CREATE UNIQUE INDEX change_log_event_id ON change_log(tenant_no, event_id, site_id, user_id)",
    "ALTER TABLE idem_request RENAME TO idem_request_2",
    "CREATE TABLE idem_request("
    "tenant_no BIGINT NOT NULL, key TEXT NOT NULL, writer TEXT NOT NULL, "
    "fingerprint TEXT NOT NULL, response TEXT NOT NULL, at BIGINT NOT NULL, "
    "PRIMARY KEY(tenant_no, key, writer)) WITHOUT ROWID",
    "INSERT INTO idem_request SELECT tenant_no, key, '', fingerprint, response, at "
    "FROM idem_request_2",
    "DROP TABLE idem_request_2",  // and its index
    "CREATE INDEX idem_request_at ON idem_request(at)",
};

int read_version(soci::session& session) {
    int version = 0;
    session << "PRAGMA user_version", soci::into(version);
    return version;
}

// A change of the schema is a row more: a step that files of the version before it have not taken.
constexpr std::array<Migration, 3> kMigrations = {{{1, kVersion1}, {2, kVersion2}, {3, kVersion3}}};
static_assert(kMigrations.back().version == kSchemaVersion);

std::span<const Migration> pending(std::span<const Migration> all, int version) {
    const auto steps = pending_migrations(all, version);
    if (!steps) {
        throw std::runtime_error(steps.error());
    }
    return *steps;
}

void migrate(soci::session& session, std::span<const Migration> all) {
    if (pending(all, read_version(session)).empty()) {
        return;
    }
    session << "BEGIN IMMEDIATE";
    // Another process may have been faster between our look and our lock.
    const int version = read_version(session);
    if (version == 0) {
        long long tables = 0;
        session << "SELECT count(*) FROM sqlite_master", soci::into(tables);
        if (tables != 0) {
            throw std::runtime_error("this SQLite file has tables but is not a Hubtrail log");
        }
    }
    for (const auto& step : pending(all, version)) {
        for (const char* statement : step.statements) {
            session << statement;
        }
    }
    session << "PRAGMA user_version=" + std::to_string(all.back().version);
    session << "COMMIT";
}

void check_heads(soci::session& session) {
    std::string tenant;
    long long first_pos = 0;
    long long last_pos = 0;
    long long last_row = 0;
    long long has_first = 0;
    {
        soci::statement heads =
            (session.prepare << "SELECT h.tenant, h.first_pos, h.last_pos, "
                                "coalesce((SELECT max(c.pos) FROM change_log c WHERE c.tenant_no = "
                                "h.tenant_no), 0), "
                                "EXISTS(SELECT 1 FROM change_log c WHERE c.tenant_no = h.tenant_no "
                                "AND c.pos = h.first_pos) FROM log_head h",
             soci::into(tenant), soci::into(first_pos), soci::into(last_pos), soci::into(last_row),
             soci::into(has_first));
        for (bool more = heads.execute(true); more; more = heads.fetch()) {
            const LogHead head{1, first_pos, last_pos};
            if (const auto wrong = check_rows(tenant, head, {last_row, has_first == 1})) {
                throw CorruptLog(*wrong);
            }
        }
    }
    long long orphan = 0;
    session << "SELECT coalesce((SELECT max(tenant_no) FROM change_log), 0) > "
               "coalesce((SELECT max(tenant_no) FROM log_head), 0)",
        soci::into(orphan);
    if (orphan != 0) {
        throw CorruptLog("events are stored for a tenant that has no head");
    }
}

}  // namespace

std::span<const Migration> log_migrations() {
    return kMigrations;
}

void prepare_log(const std::string& path, int busy_timeout_ms, std::span<const Migration> all) {
    const auto session = open_session(path, SessionRole::writer, busy_timeout_ms);
    migrate(*session, all);
    check_heads(*session);
}

}  // namespace hubtrail::storage
