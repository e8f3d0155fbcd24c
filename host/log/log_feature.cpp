#include "host/log/log_feature.h"

#include <stdexcept>
#include <utility>

#include "host/log/event_reader.h"

namespace hubtrail::host {
namespace {

/// Thread: strand.
class LogPart final : public LoopFeature {
public:
    LogPart(const LoopScope& scope, const LogContext& context)
        : part_(scope, context.service, context.codec) {}
    void on_second(std::int64_t now_ns) override { part_.tails.tick(now_ns); }
    LogLoop& part() { return part_; }

private:
    LogLoop part_;
};

}  // namespace

LogLoop::~LogLoop() {
    for (const auto& [key, reading] : std::exchange(readings, {})) {
        reading->end();
    }
}

std::unique_ptr<LoopFeature> LogFeature::on_loop(const LoopScope& scope) {
    if (parts_.size() != scope.index) {
        throw std::logic_error("a log is shown by one server");
    }
    auto made = std::make_unique<LogPart>(scope, context_);
    parts_.push_back(&made->part());
    const MutexLock lock(mutex_);
    targets_.push_back({scope.group, scope.index, &made->part()});
    if (scope.index == 0) {
        for (auto& task : std::exchange(early_, {})) {
            post(targets_.front(), std::move(task));
        }
    }
    return made;
}

void LogFeature::post(const Target& target, LoopTask task) {
    target.group->loop(target.loop).post([part = target.part, task = std::move(task)] {
        task(*part);
    });
}

void LogFeature::when_shown(LoopTask task) {
    const MutexLock lock(mutex_);
    if (targets_.empty()) {
        early_.push_back(std::move(task));
    } else {
        post(targets_.front(), std::move(task));
    }
}

void LogFeature::on_first_loop(LoopTask task) {
    const MutexLock lock(mutex_);
    if (!targets_.empty()) {
        post(targets_.front(), std::move(task));
    }
}

void LogFeature::stop() {
    std::vector<Target> last;  // released outside of the lock
    {
        const MutexLock lock(mutex_);
        last.swap(targets_);
    }
    parts_.clear();
    if (on_stop_) {
        on_stop_();
    }
}

std::vector<LogFeature::Target> LogFeature::targets() const {
    const MutexLock lock(mutex_);
    return targets_;
}

void LogFeature::on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    for (const auto& target : targets()) {
        target.group->loop(target.loop).post([part = target.part, batch] {
            part->tails.on_commit(batch);
        });
    }
}

void LogFeature::on_head(const std::string& tenant, const storage::LogHead& head) {
    for (const auto& target : targets()) {
        target.group->loop(target.loop).post([part = target.part, tenant, head] {
            part->tails.on_head(tenant, head);
        });
    }
}

}  // namespace hubtrail::host
