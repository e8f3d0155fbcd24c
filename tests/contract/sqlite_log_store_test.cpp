// What only the SQLite store promises: files, locks, faults, and the traps of SOCI that it avoids.
#include "storage/sqlite/sqlite_log_store.h"

#include <array>
#include <csignal>
#include <fstream>
#include <set>

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/sqlite/filter_sql.h"
#include "storage/sqlite/schema.h"
#include "tests/contract/log_store_contract.h"

namespace hubtrail::storage::contract {
namespace {

using SqliteLog = ContractLog<SqliteUnderTest>;

/// SQLite without SOCI and without our store, to look at the file and to break it. Thread: any.
class RawDatabase {
public:
    explicit RawDatabase(const std::string& path) {
        REQUIRE(sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
    }
    ~RawDatabase() { sqlite3_close(database_); }
    RawDatabase(const RawDatabase&) = delete;
    RawDatabase& operator=(const RawDatabase&) = delete;

    int try_run(const std::string& sql) {
        return sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
    }

    /// The first column of every row.
    std::vector<std::string> run(const std::string& sql) {
        std::vector<std::string> rows;
        char* message = nullptr;
        const int code = sqlite3_exec(
            database_, sql.c_str(),
            [](void* out, int, char** values, char**) {
                static_cast<std::vector<std::string>*>(out)->emplace_back(
                    values[0] == nullptr ? "" : values[0]);
                return 0;
            },
            &rows, &message);
        INFO(sql << ": " << (message == nullptr ? "" : message));
        sqlite3_free(message);
        REQUIRE(code == SQLITE_OK);
        return rows;
    }

private:
    sqlite3* database_ = nullptr;
};

StoreError open_error(const std::string& path) {
    SeededRandom random(1);
    auto opened = open_sqlite_log_store(path, random, {50});
    REQUIRE_FALSE(opened);
    return opened.error();
}

// SOCI trap 12 and 13: any other declared type is read as 32 bits, or makes SOCI run the statement
// twice.
TEST_CASE("The schema declares no type but TEXT, BIGINT, BLOB and DOUBLE", "[contract][sqlite]") {
    SqliteUnderTest under_test;
    RawDatabase database(under_test.path());
    const auto types = database.run(
        "SELECT c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'");
    CHECK(types.size() == 26);
    const std::set<std::string> allowed = {"TEXT", "BIGINT", "BLOB", "DOUBLE"};
    for (const auto& type : types) {
        CHECK(allowed.count(type) == 1);
    }
    CHECK(database.run("SELECT count(*) FROM sqlite_master m, pragma_table_info(m.name) c "
                       "WHERE m.type = 'table' AND c.\"notnull\" = 0 AND c.pk = 0") ==
          std::vector<std::string>{"0"});
}

TEST_CASE("A new file is WAL, gives pages back, and has our schema version", "[contract][sqlite]") {
    SqliteUnderTest under_test;
    RawDatabase database(under_test.path());
    CHECK(database.run("PRAGMA journal_mode").at(0) == "wal");
    CHECK(database.run("PRAGMA auto_vacuum").at(0) == "2");
    CHECK(database.run("PRAGMA user_version").at(0) == std::to_string(kSchemaVersion));
}

TEST_CASE("A file of a newer schema is refused in words", "[contract][sqlite]") {
    const ScratchDirectory directory;
    RawDatabase(directory.file("log.db")).run("PRAGMA user_version=99");
    const StoreError error = open_error(directory.file("log.db"));
    CHECK(error.code == StoreErrc::failed);
    CHECK_THAT(error.detail, Catch::Contains("newer Hubtrail (its schema is 99, this build knows " +
                                             std::to_string(kSchemaVersion) + ")"));
}

// The file as version 1 made it, word for word; it stays as it is when the schema moves on.
constexpr const char* kFileOfVersion1 =
    "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
    "CREATE TABLE log_head(tenant TEXT NOT NULL PRIMARY KEY, tenant_no BIGINT NOT NULL UNIQUE, "
    "epoch BIGINT NOT NULL, first_pos BIGINT NOT NULL, last_pos BIGINT NOT NULL, last_at BIGINT "
    "NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE change_log(tenant_no BIGINT NOT NULL, pos BIGINT NOT NULL, fp BIGINT NOT NULL, "
    "at BIGINT NOT NULL, event_id TEXT NOT NULL, stream TEXT NOT NULL, type TEXT NOT NULL, site_id "
    "TEXT NOT NULL, user_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(tenant_no, pos)) "
    "WITHOUT ROWID;"
    "CREATE UNIQUE INDEX change_log_event_id ON change_log(tenant_no, event_id);"
    "CREATE TABLE idem_request(tenant_no BIGINT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT "
    "NULL, response TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY(tenant_no, key)) WITHOUT ROWID;"
    "CREATE INDEX idem_request_at ON idem_request(at);"
    "PRAGMA user_version=1;"
    "INSERT INTO log_head VALUES('acme', 1, 3, 2, 3, 77);"
    "INSERT INTO change_log VALUES(1, 2, 12, 70, 'b', 'entries', 'entry.granted', 's', 'u', '{2}'),"
    "(1, 3, 13, 77, 'c', 'files', 'file.moved', 's', 'u', "
    "'{\"tenant_id\":\"acme\",\"actor_client_id\":\"app\",\"actor_device_id\":\"phone\","
    "\"old_path\":\"in/\\u00e9\",\"path\":\"docs/a\\\"b\"}');"
    "INSERT INTO idem_request VALUES(1, 'k', 'f', '3 3 13 77 0 1 c' || char(10), 77);";

TEST_CASE("A file of version 1 is taken to this build's version with all that it holds",
          "[contract][sqlite]") {
    const ScratchDirectory directory;
    const auto path = directory.file("log.db");
    RawDatabase(path).run(kFileOfVersion1);
    SeededRandom random(1);
    auto store = open_sqlite_log_store(path, random);
    REQUIRE(store);
    CHECK(RawDatabase(path).run("PRAGMA user_version").at(0) == std::to_string(kSchemaVersion));
    auto reader = SqliteLog::value((*store)->open_reader());
    const Page page = SqliteLog::value(reader->read(read_after("acme", 0)));
    CHECK(page.head == LogHead{3, 2, 3});
    CHECK(positions(page) == std::vector<std::int64_t>{2, 3});
    CHECK(SqliteLog::value(reader->find("acme", "b", {}))->body == "{2}");
    CHECK(SqliteLog::value(reader->find("acme", "b", {}))->path.empty());
    const auto moved = SqliteLog::value(reader->find("acme", "c", {}));
    CHECK(moved->path == "docs/a\"b");
    CHECK(moved->old_path == "in/\xC3\xA9");
    CHECK(moved->actor_client_id == "app");
    CHECK(moved->actor_device_id == "phone");
    auto asked = read_after("acme", 0);
    asked.filter.path_prefix = "docs/";
    CHECK(positions(SqliteLog::value(reader->read(asked))) == std::vector<std::int64_t>{3});
    asked.filter.exclude_origins = {"phone"};
    CHECK(SqliteLog::value(reader->read(asked)).events.empty());
    auto writer = SqliteLog::value((*store)->open_writer());
    auto keyed = make_request("acme", {make_event("c")});
    keyed.idempotency_key = "k";
    keyed.request_fingerprint = "f";
    keyed.writer = "anybody";  // whose a key of that time is was not noted
    const auto results = SqliteLog::value(
        writer->append(std::vector{keyed, make_request("acme", {make_event("d")})}, 80));
    CHECK(results[0].replayed);
    CHECK(results[0].events.at(0).pos == 3);
    CHECK(results[1].events.at(0).pos == 4);
    CHECK(results[1].events.at(0).epoch == 3);
}

// The list itself is the product's; a step more is what the next version will be.
TEST_CASE("A further step is taken once, and one that fails leaves the file as it was",
          "[contract][sqlite]") {
    const ScratchDirectory directory;
    const auto path = directory.file("log.db");
    RawDatabase(path).run(kFileOfVersion1);
    constexpr std::array<const char*, 2> kStep = {
        "CREATE TABLE extra(name TEXT NOT NULL)",
        "INSERT INTO extra SELECT tenant FROM log_head",
    };
    constexpr std::array<const char*, 2> kBroken = {"DELETE FROM extra", "NO SQL AT ALL"};
    const auto known = log_migrations();
    std::vector<Migration> all(known.begin(), known.end());
    all.push_back({kSchemaVersion + 1, kStep});
    prepare_log(path, 50, all);
    prepare_log(path, 50, all);
    RawDatabase database(path);
    CHECK(database.run("SELECT name FROM extra") == std::vector<std::string>{"acme"});
    all.push_back({kSchemaVersion + 2, kBroken});
    CHECK_THROWS(prepare_log(path, 50, all));
    CHECK(database.run("SELECT name FROM extra") == std::vector<std::string>{"acme"});
    CHECK(database.run("PRAGMA user_version").at(0) == std::to_string(kSchemaVersion + 1));
    const StoreError error = open_error(path);
    CHECK(error.code == StoreErrc::failed);
    CHECK_THAT(error.detail, Catch::Contains("newer Hubtrail"));
}

TEST_CASE("Files that are no log are refused", "[contract][sqlite]") {
    const ScratchDirectory directory;
    SECTION("another application's database") {
        RawDatabase(directory.file("log.db")).run("CREATE TABLE recipes(name TEXT)");
        CHECK_THAT(open_error(directory.file("log.db")).detail,
                   Catch::Contains("not a Hubtrail log"));
        CHECK(RawDatabase(directory.file("log.db")).run("SELECT name FROM sqlite_master").size() ==
              1);
    }
    SECTION("no database at all") {
        std::ofstream(directory.file("log.db")) << std::string(5000, 'x');
        CHECK(open_error(directory.file("log.db")).code == StoreErrc::corrupt);
    }
    SECTION("a directory that does not exist") {
        const StoreError error = open_error(directory.file("missing/log.db"));
        CHECK(error.code == StoreErrc::unavailable);
        CHECK_THAT(error.detail, Catch::Contains("missing/log.db"));
    }
    SECTION("a path that SOCI cannot quote") {
        CHECK_THAT(open_error(directory.file("a\"b.db")).detail, Catch::Contains("double quote"));
    }
    SECTION("memory, which has no WAL") {
        CHECK_THAT(open_error(":memory:").detail, Catch::Contains("journal_mode"));
    }
}

TEST_CASE("A head that contradicts its rows is found when the file is opened",
          "[contract][sqlite]") {
    SqliteUnderTest under_test;
    {
        SeededRandom random(3);
        auto writer = under_test.store().open_writer();
        REQUIRE(writer);
        REQUIRE(
            (*writer)->append(std::vector{make_request("acme", {make_event("1"), make_event("2")}),
                                          make_request("other", {make_event("1")})},
                              5));
    }
    RawDatabase database(under_test.path());
    std::string expected;
    SECTION("head ahead") {
        database.run("UPDATE log_head SET last_pos = 7 WHERE tenant = 'acme'");
        expected = "tenant \"acme\": the head says positions 1 to 7, the highest event stored is 2";
    }
    SECTION("head behind") {
        database.run("UPDATE log_head SET last_pos = 1 WHERE tenant = 'acme'");
        expected = "tenant \"acme\": the head says positions 1 to 1, the highest event stored is 2";
    }
    SECTION("first one missing") {
        database.run("DELETE FROM change_log WHERE pos = 1 AND tenant_no = 1");
        expected = "and the first one is missing";
    }
    SECTION("all rows gone") {
        database.run("DELETE FROM change_log");
        expected = "the highest event stored is 0";
    }
    SECTION("no head") {
        database.run("DELETE FROM log_head WHERE tenant = 'other'");
        expected = "no head";
    }
    const StoreError error = open_error(under_test.path());
    CHECK(error.code == StoreErrc::corrupt);
    CHECK_THAT(error.detail, Catch::Contains(expected));
}

TEST_CASE("Rows below the floor may be gone", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 10);
    REQUIRE(log.writer->set_floor("t", 6));
    RawDatabase(log.under_test.path()).run("DELETE FROM change_log WHERE pos < 6");
    log.restart();
    CHECK(log.read(read_after("t", 0)).events.size() == 5);
    CHECK_FALSE(log.find("t", "e1").has_value());
    REQUIRE(log.writer->reset("t"));
    RawDatabase(log.under_test.path()).run("DELETE FROM change_log");
    log.restart();
    CHECK(log.last_before("t", 1'001) == 10);
    CHECK(log.last_before("t", 1'000) == 0);
    CHECK(log.append("t", make_event("next")).pos == 11);
}

TEST_CASE("A hole between rows is corrupt to every read that meets it", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 10);
    RawDatabase database(log.under_test.path());
    const auto code_of_read = [&](std::int64_t after, std::int64_t scan_max, const char* type) {
        ReadRequest request = read_after("t", after);
        request.scan_max = scan_max;
        if (*type != '\0') {
            request.filter.types = {type};
        }
        const auto page = log.reader->read(request);
        return page ? std::string("page") : std::to_string(static_cast<int>(page.error().code));
    };
    const std::string corrupt = std::to_string(static_cast<int>(StoreErrc::corrupt));
    database.run("DELETE FROM change_log WHERE pos = 5");
    CHECK(code_of_read(0, 100, "") == corrupt);
    CHECK(code_of_read(4, 100, "") == corrupt);
    CHECK(code_of_read(0, 5, "") == corrupt);
    CHECK(code_of_read(0, 4, "") == "page");
    CHECK(code_of_read(5, 100, "") == "page");
    CHECK(code_of_read(0, 5, "none.*") == corrupt);
    const auto at = log.reader->at("t", 5);
    REQUIRE_FALSE(at);
    CHECK(at.error().code == StoreErrc::corrupt);
    CHECK_THAT(at.error().detail, Catch::Contains("tenant \"t\": position 5 is missing"));
    CHECK(log.at("t", 6).has_value());
}

TEST_CASE("A position that is already taken is corrupt and not passed over", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 3);
    RawDatabase(log.under_test.path()).run("UPDATE log_head SET last_pos = 2");
    const auto result = log.writer->append(std::vector{make_request("t", {make_event("new")})}, 1);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == StoreErrc::corrupt);
}

TEST_CASE("A busy file is unavailable and writes nothing, then works again", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 2);
    {
        RawDatabase other(log.under_test.path());
        other.run("BEGIN IMMEDIATE");
        const auto result =
            log.writer->append(std::vector{make_request("t", {make_event("x")})}, 1);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == StoreErrc::unavailable);
        CHECK(log.head("t").last_pos == 2);  // readers do not wait
        other.run("ROLLBACK");
    }
    CHECK(log.append("t", make_event("x")).pos == 3);
}

/// Makes every write over `bytes` of a file fail while it lives, as a full disk does. Thread: main.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
        const rlimit limit{bytes, before_.rlim_max};
        REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
};

TEST_CASE("A full disk is unavailable, loses nothing acknowledged and leaves no half batch",
          "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 5);
    AppendRequest large = make_request("t", {});
    for (int i = 0; i < 100; ++i) {
        large.events.push_back(make_event("large" + std::to_string(i), std::string(30'000, 'x')));
    }
    {
        const FileSizeLimit limit(1024 * 1024);
        for (int attempt = 0; attempt < 3; ++attempt) {
            const auto result =
                log.writer->append(std::vector{make_request("t", {make_event("x")}), large}, 1);
            REQUIRE_FALSE(result);
            CHECK(result.error().code == StoreErrc::unavailable);
        }
        CHECK(log.head("t").last_pos == 5);
        CHECK_FALSE(log.find("t", "x").has_value());
        CHECK(log.append("t", make_event("small")).pos == 6);  // there is room for this one
    }
    log.restart();
    CHECK(log.append(large).events.back().pos == 106);
    CHECK(log.read(read_after("t", 0)).head == LogHead{1, 1, 106});
    CHECK(RawDatabase(log.under_test.path()).run("PRAGMA integrity_check").at(0) == "ok");
}

// The victim: appends two events a commit and tells each acknowledgement, until it is killed.
[[noreturn]] void append_until_killed(const std::string& path, int cycle, int acknowledgements) {
    SeededRandom random(static_cast<std::uint64_t>(cycle));
    auto store = open_sqlite_log_store(path, random);
    auto writer = store ? (*store)->open_writer() : Failure{store.error()};
    for (int i = 0; writer; ++i) {
        const std::string id = std::to_string(cycle) + "-" + std::to_string(i);
        if (!(*writer)->append(
                std::vector{make_request("t", {make_event(id), make_event(id + "b")})}, 1'000)) {
            break;
        }
        if (::write(acknowledgements, &i, sizeof(i)) != sizeof(i)) {
            break;
        }
    }
    ::_exit(1);
}

TEST_CASE("What was acknowledged survives kill -9, and nothing comes in halves",
          "[contract][sqlite]") {
    const ScratchDirectory directory;
    const std::string path = directory.file("log.db");
    for (int cycle = 0; cycle < 8; ++cycle) {
        int ends[2] = {-1, -1};
        REQUIRE(::pipe(ends) == 0);
        const pid_t victim = ::fork();
        REQUIRE(victim >= 0);
        if (victim == 0) {
            append_until_killed(path, cycle, ends[1]);
        }
        ::close(ends[1]);
        int last = -1;
        while (last < 10 + cycle && ::read(ends[0], &last, sizeof(last)) == sizeof(last)) {
        }
        REQUIRE(::kill(victim, SIGKILL) == 0);
        while (::read(ends[0], &last, sizeof(last)) == sizeof(last)) {
        }
        ::close(ends[0]);
        REQUIRE(::waitpid(victim, nullptr, 0) == victim);
        REQUIRE(last >= 10 + cycle);

        SeededRandom random(1);
        auto store = open_sqlite_log_store(path, random);
        REQUIRE(store);
        auto reader = (*store)->open_reader();
        REQUIRE(reader);
        ReadRequest all = read_after("t", 0);
        all.events_max = 100'000;
        all.scan_max = 100'000;
        const Page page = SqliteLog::value((*reader)->read(all));  // which checks that it is dense
        CHECK(page.to == page.head.last_pos);
        CHECK(page.head.last_pos % 2 == 0);
        for (int i = 0; i <= last; ++i) {
            CAPTURE(cycle, i);
            const std::string id = std::to_string(cycle) + "-" + std::to_string(i);
            REQUIRE(SqliteLog::value((*reader)->find("t", id, {})).has_value());
            REQUIRE(SqliteLog::value((*reader)->find("t", id + "b", {})).has_value());
        }
    }
}

TEST_CASE("A batch is written whole or not at all", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 1);
    RawDatabase(log.under_test.path())
        .run(
            "CREATE TRIGGER fault BEFORE INSERT ON change_log WHEN new.event_id = 'bad' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END");
    AppendRequest keyed = make_request("t", {make_event("a")});
    keyed.idempotency_key = "k";
    const auto result = log.writer->append(
        std::vector{keyed, make_request("new tenant", {make_event("b")}),
                    make_request("t", {make_event("c"), make_event("bad"), make_event("d")})},
        1);
    REQUIRE_FALSE(result);
    RawDatabase(log.under_test.path()).run("DROP TRIGGER fault");
    CHECK(log.head("t").last_pos == 1);
    CHECK(log.head("new tenant") == LogHead{});
    CHECK_FALSE(log.find("t", "a").has_value());
    const AppendResult again = log.append(keyed);
    CHECK_FALSE(again.replayed);
    CHECK(again.events.at(0).pos == 2);
}

TEST_CASE("An error does not quote the events", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 1);
    RawDatabase(log.under_test.path())
        .run(
            "CREATE TRIGGER fault BEFORE INSERT ON change_log BEGIN SELECT RAISE(ABORT, 'no'); "
            "END");
    const auto result =
        log.writer->append(std::vector{make_request("t", {make_event("x", "the secret body")})}, 1);
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().detail, !Catch::Contains("secret"));
    CHECK_THAT(result.error().detail, !Catch::Contains("INSERT"));
}

TEST_CASE("A second writer is refused while the first one lives", "[contract][sqlite]") {
    SqliteLog log;
    const auto second = log.under_test.store().open_writer();
    REQUIRE_FALSE(second);
    CHECK(second.error().code == StoreErrc::unavailable);
    CHECK_THAT(second.error().detail, Catch::Contains("another writer"));
    log.writer.reset();
    CHECK(log.under_test.store().open_writer());
}

// A statement or a transaction left open would pin the WAL: then this checkpoint could not empty
// it.
TEST_CASE("No call leaves a snapshot open", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 50);
    ReadRequest stopped_early = read_after("t", 0);
    stopped_early.bytes_max = 30;
    log.read(stopped_early);
    stopped_early.filter.types = {"entry.*"};
    log.read(stopped_early);
    log.head("t");
    log.at("t", 3);
    log.find("t", "e3");
    log.find("t", "unknown");
    log.last_before("t", 1'000);
    log.append("t", make_event("e3"));
    RawDatabase database(log.under_test.path());
    CHECK(database.run("PRAGMA wal_checkpoint(TRUNCATE)").at(0) == "0");  // not busy
    CHECK(std::filesystem::file_size(log.under_test.path() + "-wal") == 0);
    CHECK(database.try_run("BEGIN EXCLUSIVE") == SQLITE_OK);
}

TEST_CASE("A reader never writes and never checkpoints", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 5);
    const auto wal_bytes = [&] {
        return std::filesystem::file_size(log.under_test.path() + "-wal");
    };
    const auto before = wal_bytes();
    REQUIRE(before > 0);
    log.writer.reset();
    log.head("t");
    log.reader.reset();  // the last connection of all
    CHECK(wal_bytes() == before);
    log.restart();
    CHECK(log.head("t").last_pos == 5);
}

TEST_CASE("Many filter shapes and repeated values are served from few statements",
          "[contract][sqlite]") {
    EventFilter filter;
    filter.types = {"a", "b", "c"};
    const FilterSql three = make_filter_sql(filter);
    filter.types.emplace_back("d");
    const FilterSql four = make_filter_sql(filter);
    CHECK(three.conditions == four.conditions);
    CHECK(three.values == std::vector<std::string>{"a", "b", "c", "c"});
    CHECK(make_filter_sql(EventFilter{}).conditions.empty());
    CHECK(three.conditions.find("'a'") == std::string::npos);

    SqliteLog log;
    log.append_many("t", 3);
    for (std::size_t count = 0; count < 200; ++count) {
        ReadRequest request = read_after("t", 0);
        request.filter.types.assign(1U << (count % 9), "entry.granted");
        request.filter.streams.assign(1U << (count / 9 % 9), "entries");
        request.filter.user_id = count % 2 == 0 ? "" : "user-1";
        REQUIRE(log.read(request).events.size() == 3);
    }
}

TEST_CASE("An unreadable stored result is corrupt", "[contract][sqlite]") {
    SqliteLog log;
    AppendRequest request = make_request("t", {make_event("a")});
    request.idempotency_key = "k";
    log.append(request);
    RawDatabase(log.under_test.path()).run("UPDATE idem_request SET response = 'rubbish'");
    const auto result = log.writer->append(std::vector{request}, 1);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == StoreErrc::corrupt);
}

TEST_CASE("Forgetting keys works over more than one chunk", "[contract][sqlite]") {
    SqliteLog log;
    log.append_many("t", 1);
    RawDatabase database(log.under_test.path());
    database.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12001) "
        "INSERT INTO idem_request SELECT 1, 'k' || i, '', '', '', i FROM n");
    REQUIRE(log.writer->forget_keys(12'001));
    CHECK(database.run("SELECT key FROM idem_request") == std::vector<std::string>{"k12001"});
}

}  // namespace
}  // namespace hubtrail::storage::contract
