#include "tests/support/fake_log_service.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "storage/commit_batches.h"

namespace hubtrail::storage {

FakeLogService::FakeLogService(LogStore& store, const Clock& clock) : clock_(clock) {
    auto reader = store.open_reader();
    auto writer = store.open_writer();
    HUBTRAIL_CHECK(reader && writer, "the store of a test opens");
    reader_ = std::move(*reader);
    writer_ = std::move(*writer);
}

bool FakeLogService::append(AppendRequest request, AppendDone done) {
    last_append_ = request;
    if (appends_ == Appends::refused) {
        return false;
    }
    call([this, request = std::move(request), done = std::move(done)] {
        done(append_now(request));
    });
    return true;
}

Result<AppendResult, StoreError> FakeLogService::append_now(AppendRequest request) {
    std::vector<AppendRequest> requests{std::move(request)};
    auto results = writer_->append(requests, clock_.wall_us());
    if (!results) {
        return Failure{results.error()};
    }
    for (auto& batch : make_committed_batches(requests, *results)) {
        if (on_commit) {
            on_commit(std::move(batch));
        }
    }
    return std::move(results->front());
}

Result<LogHead, StoreError> FakeLogService::set_floor_now(const std::string& tenant,
                                                          std::int64_t first_pos) {
    return tell_head(tenant, writer_->set_floor(tenant, first_pos));
}

Result<LogHead, StoreError> FakeLogService::reset_now(const std::string& tenant) {
    return tell_head(tenant, writer_->reset(tenant));
}

Result<LogHead, StoreError> FakeLogService::tell_head(const std::string& tenant,
                                                      Result<LogHead, StoreError> head) {
    if (head && on_head) {
        on_head(tenant, *head);
    }
    return head;
}

void FakeLogService::read(ReadRequest request, ReadDone done) {
    ++reads_;
    last_read_ = request;
    call([this, request = std::move(request), done = std::move(done)] {
        done(reader_->read(request));
    });
}

void FakeLogService::head(std::string tenant, HeadDone done) {
    call([this, tenant = std::move(tenant), done = std::move(done)] {
        done(reader_->head(tenant));
    });
}

void FakeLogService::at(std::string tenant, std::int64_t pos, EventDone done) {
    call([this, tenant = std::move(tenant), pos, done = std::move(done)] {
        done(reader_->at(tenant, pos));
    });
}

void FakeLogService::find(std::string tenant, std::string id, EventFilter visible, EventDone done) {
    call([this, tenant = std::move(tenant), id = std::move(id), visible = std::move(visible),
          done = std::move(done)] { done(reader_->find(tenant, id, visible)); });
}

void FakeLogService::last_before(std::string tenant, std::int64_t wall_us, PositionDone done) {
    call([this, tenant = std::move(tenant), wall_us, done = std::move(done)] {
        done(reader_->last_before(tenant, wall_us));
    });
}

void FakeLogService::set_floor(std::string tenant, std::int64_t first_pos,
                               std::function<void(Result<void, StoreError>)> done) {
    call([this, tenant = std::move(tenant), first_pos, done = std::move(done)] {
        const auto head = set_floor_now(tenant, first_pos);
        head ? done({}) : done(Failure{head.error()});
    });
}

void FakeLogService::reset(std::string tenant, std::function<void(Result<void, StoreError>)> done) {
    call([this, tenant = std::move(tenant), done = std::move(done)] {
        const auto head = reset_now(tenant);
        head ? done({}) : done(Failure{head.error()});
    });
}

bool FakeLogService::run_one() {
    if (calls_.empty()) {
        return false;
    }
    const auto work = std::move(calls_.front());
    calls_.pop_front();
    work();
    return true;
}

std::size_t FakeLogService::run() {
    std::size_t ran = 0;
    while (run_one()) {
        ++ran;
    }
    return ran;
}

}  // namespace hubtrail::storage
