#pragma once
// What the tests of every LogStore share: the stores under test and a log to speak to in one line.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <stdlib.h>

#include "base/random.h"
#include "storage/log_store.h"
#include "storage/sqlite/sqlite_log_store.h"
#include "tests/support/catch.h"
#include "tests/support/fake_log_store.h"

namespace hubtrail::storage::contract {

/// A directory that goes with the test. Its name has what a connection string might trip over.
/// Thread: any.
class ScratchDirectory {
public:
    ScratchDirectory() {
        std::string name =
            (std::filesystem::temp_directory_path() / "hub trail=log XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// A store under test: default constructible, `store()`, and `restart()`, which is what a new
/// process would find. To run the suite on another database, write one of these and add it to
/// kStores' list in log_store_contract_test.cpp. Thread: any.
class FakeUnderTest {
public:
    LogStore& store() { return store_; }
    void restart() {}

private:
    FakeLogStore store_;
};

/// Thread: any.
class SqliteUnderTest {
public:
    SqliteUnderTest() { restart(); }

    LogStore& store() { return *store_; }
    std::string path() const { return directory_.file("log.db"); }

    void restart() {
        store_.reset();
        auto opened = open_sqlite_log_store(path(), random_, {200});
        INFO((opened ? "" : opened.error().detail));
        REQUIRE(opened);
        store_ = std::move(*opened);
    }

private:
    ScratchDirectory directory_;
    SeededRandom random_{7};
    std::unique_ptr<LogStore> store_;
};

inline protocol::NewEvent make_event(std::string id, std::string body = "{\"tenant_id\":\"t\"}") {
    return {std::move(id), "entries", "entry.granted", "site-1", "user-1", std::move(body)};
}

inline AppendRequest make_request(std::string tenant, std::vector<protocol::NewEvent> events) {
    AppendRequest request;
    request.tenant = std::move(tenant);
    request.events = std::move(events);
    return request;
}

/// A store's writer and a reader; fails the test on any error.
/// Thread: any.
template <typename Store>
class ContractLog {
public:
    ContractLog() { open(); }

    void restart() {
        reader.reset();
        writer.reset();
        under_test.restart();
        open();
    }

    std::vector<AppendResult> append(const std::vector<AppendRequest>& requests,
                                     std::int64_t now_us = 1'000) {
        auto results = writer->append(requests, now_us);
        INFO((results ? "" : results.error().detail));
        REQUIRE(results);
        REQUIRE(results->size() == requests.size());
        return std::move(*results);
    }

    AppendResult append(AppendRequest request, std::int64_t now_us = 1'000) {
        return append(std::vector{std::move(request)}, now_us).front();
    }

    AppendedEvent append(const std::string& tenant, const protocol::NewEvent& event,
                         std::int64_t now_us = 1'000) {
        auto result = append(make_request(tenant, {event}), now_us);
        REQUIRE(result.events.size() == 1);
        return result.events.front();
    }

    /// Events with the ids prefix1 to prefix<count>.
    void append_many(const std::string& tenant, int count, const std::string& prefix = "e") {
        AppendRequest request = make_request(tenant, {});
        for (int i = 1; i <= count; ++i) {
            request.events.push_back(make_event(prefix + std::to_string(i)));
        }
        append(std::move(request));
    }

    LogHead head(const std::string& tenant) { return value(reader->head(tenant)); }
    Page read(const ReadRequest& request) { return value(reader->read(request)); }
    std::optional<protocol::LogEvent> at(const std::string& tenant, std::int64_t pos) {
        return value(reader->at(tenant, pos));
    }
    std::optional<protocol::LogEvent> find(const std::string& tenant, const std::string& id,
                                           const EventFilter& visible = {}) {
        return value(reader->find(tenant, id, visible));
    }
    std::int64_t last_before(const std::string& tenant, std::int64_t wall_us) {
        return value(reader->last_before(tenant, wall_us));
    }

    template <typename T>
    static T value(Result<T, StoreError> result) {
        INFO((result ? "" : result.error().detail));
        REQUIRE(result);
        return std::move(*result);
    }

    Store under_test;
    std::unique_ptr<LogReader> reader;
    std::unique_ptr<LogWriter> writer;

private:
    void open() {
        reader = value(under_test.store().open_reader());
        writer = value(under_test.store().open_writer());
    }
};

inline std::vector<std::int64_t> positions(const Page& page) {
    std::vector<std::int64_t> result;
    for (const auto& event : page.events) {
        result.push_back(event.pos);
    }
    return result;
}

inline ReadRequest read_after(std::string tenant, std::int64_t after_pos) {
    ReadRequest request;
    request.tenant = std::move(tenant);
    request.after_pos = after_pos;
    return request;
}

}  // namespace hubtrail::storage::contract
