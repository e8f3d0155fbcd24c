#include "tests/support/fake_log_store.h"

#include <algorithm>

#include "storage/head_rules.h"
#include "storage/page_rules.h"

namespace hubtrail::storage {
namespace {

std::size_t index_of(std::int64_t pos) {
    return static_cast<std::size_t>(pos - 1);
}

}  // namespace

class FakeLogReader final : public LogReader {
public:
    explicit FakeLogReader(FakeLogStore& store) : store_(store) {}

    Result<LogHead, StoreError> head(std::string_view tenant) override {
        const MutexLock lock(store_.mutex_);
        if (auto error = store_.pass(store_.reads_)) {
            return Failure{*error};
        }
        const auto found = store_.tenants_.find(tenant);
        return found == store_.tenants_.end() ? LogHead{} : found->second.head;
    }

    Result<Page, StoreError> read(const ReadRequest& request) override {
        const MutexLock lock(store_.mutex_);
        if (auto error = store_.pass(store_.reads_)) {
            return Failure{*error};
        }
        if (auto refusal = check_filter(request.filter)) {
            return Failure{std::move(*refusal)};
        }
        return store_.read_page(request);
    }

    Result<std::optional<protocol::LogEvent>, StoreError> at(std::string_view tenant,
                                                             std::int64_t pos) override {
        const MutexLock lock(store_.mutex_);
        if (auto error = store_.pass(store_.reads_)) {
            return Failure{*error};
        }
        const auto found = store_.tenants_.find(tenant);
        if (found == store_.tenants_.end() || pos < found->second.head.first_pos ||
            pos > found->second.head.last_pos) {
            return std::optional<protocol::LogEvent>{};
        }
        return std::optional(found->second.events[index_of(pos)]);
    }

    Result<std::optional<protocol::LogEvent>, StoreError> find(
        std::string_view tenant, std::string_view id, const EventFilter& visible) override {
        const MutexLock lock(store_.mutex_);
        if (auto error = store_.pass(store_.reads_)) {
            return Failure{*error};
        }
        const auto found = store_.tenants_.find(tenant);
        if (found == store_.tenants_.end()) {
            return std::optional<protocol::LogEvent>{};
        }
        const auto& events = found->second.events;
        const auto known = std::find_if(events.rbegin(), events.rend(), [&](const auto& event) {
            return event.id == id && matches(visible, event);
        });
        return known == events.rend() ? std::optional<protocol::LogEvent>{} : std::optional(*known);
    }

    Result<std::int64_t, StoreError> last_before(std::string_view tenant,
                                                 std::int64_t wall_us) override {
        const MutexLock lock(store_.mutex_);
        if (auto error = store_.pass(store_.reads_)) {
            return Failure{*error};
        }
        std::int64_t last = 0;
        const auto found = store_.tenants_.find(tenant);
        if (found != store_.tenants_.end()) {
            for (const auto& event : found->second.events) {
                last = event.recorded_us < wall_us ? event.pos : last;
            }
        }
        return last;
    }

private:
    FakeLogStore& store_;
};

class FakeLogWriter final : public LogWriter {
public:
    explicit FakeLogWriter(FakeLogStore& store) : store_(store) {}

    Result<std::vector<AppendResult>, StoreError> append(std::span<const AppendRequest> requests,
                                                         std::int64_t now_us) override {
        const MutexLock lock(store_.mutex_);
        if (auto error = store_.pass(store_.appends_)) {
            return Failure{*error};
        }
        std::vector<AppendResult> results;
        for (const auto& request : requests) {
            results.push_back(store_.append_one(request, now_us));
        }
        store_.commit_sizes_.push_back(requests.size());
        return results;
    }

    Result<LogHead, StoreError> set_floor(std::string_view tenant,
                                          std::int64_t first_pos) override {
        const MutexLock lock(store_.mutex_);
        const auto found = store_.tenants_.find(tenant);
        if (found == store_.tenants_.end()) {
            return LogHead{};
        }
        LogHead& head = found->second.head;
        head = move_floor(head, first_pos);
        return head;
    }

    Result<LogHead, StoreError> reset(std::string_view tenant) override {
        const MutexLock lock(store_.mutex_);
        LogHead& head = store_.tenants_[std::string(tenant)].head;
        head = begin_epoch(head);
        return head;
    }

    Result<void, StoreError> forget_keys(std::int64_t before_us) override {
        const MutexLock lock(store_.mutex_);
        std::erase_if(store_.keys_,
                      [&](const auto& entry) { return entry.second.at_us < before_us; });
        return {};
    }

private:
    FakeLogStore& store_;
};

Result<std::unique_ptr<LogReader>, StoreError> FakeLogStore::open_reader() {
    return std::unique_ptr<LogReader>(std::make_unique<FakeLogReader>(*this));
}

Result<std::unique_ptr<LogWriter>, StoreError> FakeLogStore::open_writer() {
    return std::unique_ptr<LogWriter>(std::make_unique<FakeLogWriter>(*this));
}

void FakeLogStore::fail_appends(int count, StoreErrc code) {
    const MutexLock lock(mutex_);
    appends_.failures = count;
    appends_.code = code;
}

void FakeLogStore::fail_reads(int count, StoreErrc code) {
    const MutexLock lock(mutex_);
    reads_.failures = count;
    reads_.code = code;
}

void FakeLogStore::hold_appends() {
    const MutexLock lock(mutex_);
    appends_.closed = true;
}

void FakeLogStore::release_appends() {
    const MutexLock lock(mutex_);
    appends_.closed = false;
    changed_.notify_all();
}

void FakeLogStore::wait_until_append_held() {
    const MutexLock lock(mutex_);
    while (appends_.waiting == 0) {
        changed_.wait(mutex_);
    }
}

void FakeLogStore::hold_reads() {
    const MutexLock lock(mutex_);
    reads_.closed = true;
}

void FakeLogStore::release_reads() {
    const MutexLock lock(mutex_);
    reads_.closed = false;
    changed_.notify_all();
}

void FakeLogStore::wait_until_reads_held(int count) {
    const MutexLock lock(mutex_);
    while (reads_.waiting < count) {
        changed_.wait(mutex_);
    }
}

std::vector<std::size_t> FakeLogStore::commit_sizes() const {
    const MutexLock lock(mutex_);
    return commit_sizes_;
}

std::optional<StoreError> FakeLogStore::pass(Gate& gate) {
    ++gate.waiting;
    changed_.notify_all();
    while (gate.closed) {
        changed_.wait(mutex_);
    }
    --gate.waiting;
    if (gate.failures > 0) {
        --gate.failures;
        return StoreError{gate.code, "the test said so"};
    }
    return std::nullopt;
}

AppendResult FakeLogStore::append_one(const AppendRequest& request, std::int64_t now_us) {
    AppendResult result;
    const std::tuple key{request.tenant, request.writer, request.idempotency_key};
    if (!request.idempotency_key.empty()) {
        if (const auto known = keys_.find(key); known != keys_.end()) {
            if (known->second.fingerprint != request.request_fingerprint) {
                result.key_reused = true;
            } else {
                result.replayed = true;
                result.events = known->second.events;
            }
            return result;
        }
    }
    Tenant& tenant = tenants_[request.tenant];
    const auto last_pos = tenant.head.last_pos;
    for (const auto& event : request.events) {
        auto appended = append_event(tenant, event, now_us);
        if (!appended) {
            tenant.head.last_pos = last_pos;
            tenant.events.resize(static_cast<std::size_t>(last_pos));
            std::erase_if(tenant.position_of,
                          [&](const auto& entry) { return entry.second > last_pos; });
            result.taken = result.events.size();
            result.events.clear();
            return result;
        }
        result.events.push_back(std::move(*appended));
    }
    if (!request.idempotency_key.empty()) {
        keys_[key] = {request.request_fingerprint, result.events, now_us};
    }
    return result;
}

std::optional<AppendedEvent> FakeLogStore::append_event(Tenant& tenant,
                                                        const protocol::NewEvent& event,
                                                        std::int64_t now_us) {
    const auto [known, added] = tenant.position_of.try_emplace(
        std::tuple(event.id, event.site_id, event.user_id), tenant.head.last_pos + 1);
    if (added) {
        const std::int64_t last_us = tenant.events.empty() ? 0 : tenant.events.back().recorded_us;
        tenant.head.last_pos += 1;
        tenant.events.push_back({tenant.head.last_pos, next_fingerprint_++,
                                 std::max(last_us, now_us), event.stream, event.type, event.site_id,
                                 event.user_id, event.id, event.body, event.path, event.old_path,
                                 event.actor_client_id, event.actor_device_id});
    }
    const protocol::LogEvent& stored = tenant.events[index_of(known->second)];
    if (!protocol::same_content(event, stored.body)) {
        return std::nullopt;
    }
    return AppendedEvent{event.id,           stored.pos,         tenant.head.epoch,
                         stored.fingerprint, stored.recorded_us, !added};
}

Page FakeLogStore::read_page(const ReadRequest& request) const {
    Page page;
    const auto found = tenants_.find(request.tenant);
    if (found == tenants_.end()) {
        return page;
    }
    const auto& [head, events, ids] = found->second;
    page.head = head;
    const std::int64_t after = std::clamp(request.after_pos, head.first_pos - 1, head.last_pos);
    page.to = after;
    std::size_t bytes = 0;
    const std::int64_t scan_max = std::max<std::int64_t>(request.scan_max, 1);
    const std::size_t events_max = std::max<std::size_t>(request.events_max, 1);
    for (std::int64_t pos = after + 1; pos <= head.last_pos && pos - after <= scan_max; ++pos) {
        const protocol::LogEvent& event = events[index_of(pos)];
        if (matches(request.filter, event)) {
            bytes += event.body.size();
            if (page.events.size() == events_max ||
                (!page.events.empty() && bytes > request.bytes_max)) {
                page.to = page.events.back().pos;
                break;
            }
            protocol::LogEvent& shown = page.events.emplace_back();
            shown.pos = event.pos;
            shown.fingerprint = event.fingerprint;
            shown.recorded_us = event.recorded_us;
            shown.body = event.body;
        }
        page.to = pos;
        if (page.events.size() == events_max) {
            break;
        }
    }
    if (page.to >= head.first_pos) {
        page.to_fingerprint = events[index_of(page.to)].fingerprint;
        page.to_recorded_us = events[index_of(page.to)].recorded_us;
    }
    return page;
}

}  // namespace hubtrail::storage
