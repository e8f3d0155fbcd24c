#include "host/log/counted_log_service.h"

namespace hubtrail::host {

void CountedLogService::leave() {
    if (--open_ == 0) {
        open_.notify_all();
    }
}

void CountedLogService::wait_until_answered() const {
    for (auto open = open_.load(); open != 0; open = open_.load()) {
        open_.wait(open);
    }
}

bool CountedLogService::append(storage::AppendRequest request, AppendDone done) {
    const bool taken = inner_.append(std::move(request), counted(std::move(done)));
    if (!taken) {
        leave();
    }
    return taken;
}

void CountedLogService::read(storage::ReadRequest request, ReadDone done) {
    inner_.read(std::move(request), counted(std::move(done)));
}

void CountedLogService::head(std::string tenant, HeadDone done) {
    inner_.head(std::move(tenant), counted(std::move(done)));
}

void CountedLogService::at(std::string tenant, std::int64_t pos, EventDone done) {
    inner_.at(std::move(tenant), pos, counted(std::move(done)));
}

void CountedLogService::find(std::string tenant, std::string id, storage::EventFilter visible,
                             EventDone done) {
    inner_.find(std::move(tenant), std::move(id), std::move(visible), counted(std::move(done)));
}

void CountedLogService::last_before(std::string tenant, std::int64_t wall_us, PositionDone done) {
    inner_.last_before(std::move(tenant), wall_us, counted(std::move(done)));
}

void CountedLogService::set_floor(std::string tenant, std::int64_t first_pos,
                                  std::function<void(Result<void, storage::StoreError>)> done) {
    inner_.set_floor(std::move(tenant), first_pos, counted(std::move(done)));
}

void CountedLogService::reset(std::string tenant,
                              std::function<void(Result<void, storage::StoreError>)> done) {
    inner_.reset(std::move(tenant), counted(std::move(done)));
}

}  // namespace hubtrail::host
