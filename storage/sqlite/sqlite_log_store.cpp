#include "storage/sqlite/sqlite_log_store.h"

#include <utility>

#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/log_writer.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/session.h"

namespace hubtrail::storage {
namespace {

/// Thread: any. Its members never change.
class SqliteLogStore final : public LogStore {
public:
    SqliteLogStore(std::string path, Random& random, SqliteLogOptions options)
        : path_(std::move(path)), random_(random), options_(options) {}

    Result<std::unique_ptr<LogReader>, StoreError> open_reader() override {
        return open_sqlite_reader(path_, options_.busy_timeout_ms);
    }

    Result<std::unique_ptr<LogWriter>, StoreError> open_writer() override {
        return open_sqlite_writer(path_, random_, options_.busy_timeout_ms);
    }

private:
    std::string path_;
    Random& random_;
    SqliteLogOptions options_;
};

}  // namespace

Result<std::unique_ptr<LogStore>, StoreError> open_sqlite_log_store(
    const std::string& path, Random& random, const SqliteLogOptions& options) {
    try {
        prepare_log(path, options.busy_timeout_ms, log_migrations());
    } catch (const std::exception& error) {
        StoreError failure = store_error(error);
        failure.detail = path + ": " + failure.detail;
        return Failure{std::move(failure)};
    }
    return std::unique_ptr<LogStore>(std::make_unique<SqliteLogStore>(path, random, options));
}

}  // namespace hubtrail::storage
