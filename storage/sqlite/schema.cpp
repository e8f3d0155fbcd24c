#include "storage/sqlite/schema.h"

#include <array>
#include <stdexcept>
#include <string>

#include <soci/soci.h>

#include "storage/sqlite/session.h"

namespace hubtrail::storage {
namespace {

// Declared types are TEXT, BIGINT, BLOB or DOUBLE only: SOCI 4.0 reads INTEGER and BOOLEAN columns
// as 32 bits, and runs a statement once more to guess the type of a column declared with a name
// that it does not know (spec log-and-sync.md 10, no. 12 and 13).
constexpr std::array<const char*, 5> kTables = {
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

int read_version(soci::session& session) {
    int version = 0;
    session << "PRAGMA user_version", soci::into(version);
    return version;
}

void create_tables(soci::session& session) {
    session << "BEGIN IMMEDIATE";
    // Another process may have been faster between our look and our lock.
    if (read_version(session) == 0) {
        long long tables = 0;
        session << "SELECT count(*) FROM sqlite_master", soci::into(tables);
        if (tables != 0) {
            throw std::runtime_error("this SQLite file has tables but is not a Hubtrail log");
        }
        for (const char* table : kTables) {
            session << table;
        }
        session << "PRAGMA user_version=" + std::to_string(kSchemaVersion);
    }
    session << "COMMIT";
}

struct HeadRow {
    std::string tenant;
    long long first_pos = 0;
    long long last_pos = 0;
    long long last_row = 0;  ///< the highest position stored, 0: none
    long long has_first = 0;
};

void check_head(const HeadRow& head) {
    const bool readable = head.first_pos <= head.last_pos;
    const bool sound = head.first_pos >= 1 && head.first_pos <= head.last_pos + 1 &&
                       head.last_row <= head.last_pos &&
                       (!readable || (head.last_row == head.last_pos && head.has_first == 1));
    if (!sound) {
        throw CorruptLog("tenant \"" + head.tenant + "\": the head says positions " +
                         std::to_string(head.first_pos) + " to " + std::to_string(head.last_pos) +
                         ", the highest event stored is " + std::to_string(head.last_row) +
                         (head.has_first == 0 && readable ? ", and the first one is missing" : ""));
    }
}

}  // namespace

void prepare_schema(soci::session& session) {
    int version = read_version(session);
    if (version == 0) {
        create_tables(session);
        version = read_version(session);
    }
    if (version != kSchemaVersion) {
        throw std::runtime_error("the log was written by a newer Hubtrail (its schema is " +
                                 std::to_string(version) + ", this build knows " +
                                 std::to_string(kSchemaVersion) + "): install that one again");
    }
}

void check_heads(soci::session& session) {
    HeadRow head;
    {
        soci::statement heads =
            (session.prepare << "SELECT h.tenant, h.first_pos, h.last_pos, "
                                "coalesce((SELECT max(c.pos) FROM change_log c WHERE c.tenant_no = "
                                "h.tenant_no), 0), "
                                "EXISTS(SELECT 1 FROM change_log c WHERE c.tenant_no = h.tenant_no "
                                "AND c.pos = h.first_pos) FROM log_head h",
             soci::into(head.tenant), soci::into(head.first_pos), soci::into(head.last_pos),
             soci::into(head.last_row), soci::into(head.has_first));
        for (bool more = heads.execute(true); more; more = heads.fetch()) {
            check_head(head);
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

}  // namespace hubtrail::storage
