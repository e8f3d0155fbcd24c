#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "storage/log_service.h"

namespace hubtrail::host {

/// A log service that knows how many of its calls are not answered yet, so that a server whose
/// loops are about to go can wait for those that answer to them. Thread: any; the count is one
/// atomic. `inner` must outlive it.
class CountedLogService final : public storage::LogService {
public:
    explicit CountedLogService(storage::LogService& inner) : inner_(inner) {}

    bool append(storage::AppendRequest request, AppendDone done) override;
    void read(storage::ReadRequest request, ReadDone done) override;
    void head(std::string tenant, HeadDone done) override;
    void at(std::string tenant, std::int64_t pos, EventDone done) override;
    void find(std::string tenant, std::string id, storage::EventFilter visible,
              EventDone done) override;
    void last_before(std::string tenant, std::int64_t wall_us, PositionDone done) override;
    void set_floor(std::string tenant, std::int64_t first_pos,
                   std::function<void(Result<void, storage::StoreError>)> done) override;
    void reset(std::string tenant,
               std::function<void(Result<void, storage::StoreError>)> done) override;
    bool healthy() const override { return inner_.healthy(); }

    /// Returns when every call was answered. Nobody calls meanwhile.
    void wait_until_answered() const;

private:
    template <typename Value>
    std::function<void(Value)> counted(std::function<void(Value)> done) {
        ++open_;
        // What the callback holds goes before it counts as answered.
        return [this, done = std::move(done)](Value value) mutable {
            std::exchange(done, nullptr)(std::move(value));
            leave();
        };
    }
    void leave();

    storage::LogService& inner_;
    std::atomic<std::size_t> open_{0};
};

}  // namespace hubtrail::host
