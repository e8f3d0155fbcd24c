#include "storage/sqlite/session.h"

#include <new>

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace hubtrail::storage {
namespace {

// The WAL is copied into the file after this many pages (of 4 KiB): larger writes each page that
// changes often less often, smaller keeps the WAL small.
constexpr int kCheckpointPages = 16000;
// Random event ids touch random pages of the unique index; they should be in memory. In KiB,
// negative by SQLite's convention.
constexpr int kWriterCacheKib = -32 * 1024;
// A WAL that grew under a long reader is cut to this after a checkpoint.
constexpr int kWalBytesMax = 128 * 1024 * 1024;

// Every PRAGMA answers with the value in force, and with nothing or the old value when it refuses.
void set_pragma(soci::session& session, const std::string& name, const std::string& value,
                const std::string& expected) {
    std::string answer;
    session << "PRAGMA " + name + "=" + value, soci::into(answer);
    if (answer != expected) {
        throw std::runtime_error("PRAGMA " + name + "=" + value +
                                 " is not possible here: it is \"" + answer + "\"");
    }
}

void set_pragma(soci::session& session, const std::string& name, int value) {
    set_pragma(session, name, std::to_string(value), std::to_string(value));
}

// These answer nothing when set, so they are asked.
void set_silent_pragma(soci::session& session, const std::string& name, int value) {
    session << "PRAGMA " + name + "=" + std::to_string(value);
    long long answer = 0;
    session << "PRAGMA " + name, soci::into(answer);
    if (answer != value) {
        throw std::runtime_error("PRAGMA " + name + " stays " + std::to_string(answer));
    }
}

StoreErrc code_of(int sqlite_code) {
    switch (sqlite_code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_NOMEM:
        case SQLITE_PROTOCOL:
        case SQLITE_INTERRUPT:
            return StoreErrc::unavailable;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        // The one constraint that an append may meet is handled by its statement (a known event
        // id); any other says that the head is behind its rows.
        case SQLITE_CONSTRAINT:
            return StoreErrc::corrupt;
        default:
            return StoreErrc::failed;
    }
}

}  // namespace

std::unique_ptr<soci::session> open_session(const std::string& path, SessionRole role,
                                            int busy_timeout_ms) {
    // SOCI's connection string has quotes but no escape for them.
    if (path.find('"') != std::string::npos) {
        throw std::runtime_error("the path of the log must not contain a double quote: " + path);
    }
    auto session = std::make_unique<soci::session>(soci::sqlite3, "dbname=\"" + path + "\"");
    // SOCI's own timeout is in whole seconds.
    set_pragma(*session, "busy_timeout", busy_timeout_ms);
    if (role == SessionRole::writer) {
        // Only takes effect before the first table; lets retention give pages back later.
        session->once << "PRAGMA auto_vacuum=INCREMENTAL";
        set_silent_pragma(*session, "cache_size", kWriterCacheKib);
        set_pragma(*session, "journal_size_limit", kWalBytesMax);
    }
    set_pragma(*session, "journal_mode", "WAL", "wal");
    set_silent_pragma(*session, "synchronous",
                      2);  // FULL: an acknowledged event survives power loss
    set_pragma(*session, "wal_autocheckpoint", role == SessionRole::writer ? kCheckpointPages : 0);
    if (role == SessionRole::reader) {
        set_silent_pragma(*session, "query_only", 1);
        // sqlite3.h itself, because SOCI has no call for it: the last connection to close would
        // checkpoint, and a reader never shall.
        auto* backend = static_cast<soci::sqlite3_session_backend*>(session->get_backend());
        sqlite_api::sqlite3_db_config(backend->conn_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
    return session;
}

bool fetch_row(soci::statement& statement) {
    const bool found = statement.execute(true);
    finish(statement);
    return found;
}

void finish(soci::statement& statement) {
    // sqlite3.h itself, because SOCI resets a statement only when it is executed again. The code
    // that it returns is the last step's, which has been dealt with.
    sqlite_api::sqlite3_reset(
        static_cast<soci::sqlite3_statement_backend*>(statement.get_backend())->stmt_);
}

StoreError store_error(const std::exception& error) {
    if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
        return {code_of(sqlite->result()), sqlite->get_error_message()};
    }
    if (const auto* soci = dynamic_cast<const soci::soci_error*>(&error)) {
        return {StoreErrc::failed, soci->get_error_message()};
    }
    if (dynamic_cast<const CorruptLog*>(&error) != nullptr) {
        return {StoreErrc::corrupt, error.what()};
    }
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
        return {StoreErrc::unavailable, "out of memory"};
    }
    return {StoreErrc::failed, error.what()};
}

}  // namespace hubtrail::storage
