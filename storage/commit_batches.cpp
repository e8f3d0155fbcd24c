#include "storage/commit_batches.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace hubtrail::storage {
namespace {

void add_event(CommittedBatch& batch, protocol::NewEvent& event, const AppendedEvent& appended) {
    HUBTRAIL_CHECK(batch.events.empty() || batch.events.back().pos + 1 == appended.pos,
                   "a commit's positions are dense");
    protocol::LogEvent& out = batch.events.emplace_back();
    out.pos = appended.pos;
    out.fingerprint = appended.fingerprint;
    out.recorded_us = appended.recorded_us;
    out.stream = std::move(event.stream);
    out.type = std::move(event.type);
    out.site_id = std::move(event.site_id);
    out.user_id = std::move(event.user_id);
    out.id = std::move(event.id);
    out.body = std::move(event.body);
    out.path = std::move(event.path);
    out.old_path = std::move(event.old_path);
    out.actor_client_id = std::move(event.actor_client_id);
    out.actor_device_id = std::move(event.actor_device_id);
}

}  // namespace

std::vector<std::shared_ptr<const CommittedBatch>> make_committed_batches(
    std::vector<AppendRequest>& requests, const std::vector<AppendResult>& results) {
    HUBTRAIL_CHECK(requests.size() == results.size(), "one result per request");
    std::vector<std::shared_ptr<const CommittedBatch>> batches;
    std::unordered_map<std::string_view, CommittedBatch*> by_tenant;
    CommittedBatch* latest = nullptr;  // most commits are of one tenant
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const AppendResult& result = results[i];
        if (result.replayed || result.key_reused || result.taken) {
            continue;
        }
        HUBTRAIL_CHECK(requests[i].events.size() == result.events.size(), "one result per event");
        for (std::size_t j = 0; j < result.events.size(); ++j) {
            if (result.events[j].duplicate) {
                continue;
            }
            if (latest == nullptr || latest->tenant != requests[i].tenant) {
                CommittedBatch*& batch = by_tenant[requests[i].tenant];
                if (batch == nullptr) {
                    auto made = std::make_shared<CommittedBatch>();
                    made->tenant = requests[i].tenant;
                    made->epoch = result.events[j].epoch;
                    batch = made.get();
                    batches.push_back(std::move(made));
                }
                latest = batch;
            }
            add_event(*latest, requests[i].events[j], result.events[j]);
        }
    }
    return batches;
}

}  // namespace hubtrail::storage
