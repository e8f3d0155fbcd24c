#include "clients/cpp-sync/batch_sender.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "protocol/json_slices.h"

namespace hubtrail::sync {
namespace {

const std::string kTarget = "/api/v1/events";
constexpr std::size_t kShownEventBytesMax = 400;

std::string body_of(const Batch& batch) {
    std::string body = "[";
    for (const auto& event : batch.events) {
        if (body.size() > 1) {
            body.push_back(',');
        }
        body += event.json;
    }
    body.push_back(']');
    return body;
}

/// The event that the server complains about, cut short, so that the sender can be mended.
std::string shown_event(const Batch& batch, const HttpReply& reply) {
    const auto index = find_problem_detail(reply, "index");
    const auto number = index ? to_integer<std::size_t>(*index) : std::nullopt;
    if (!number || *number >= batch.events.size()) {
        return "";
    }
    const auto& json = batch.events[*number].json;
    return "\n  the event: " + json.substr(0, kShownEventBytesMax) +
           (json.size() > kShownEventBytesMax ? " ..." : "");
}

/// Whether a 2xx answers for exactly this batch (docs/api.md 2): one result each, in order.
bool acknowledges(const HttpReply& reply, const Batch& batch) {
    const auto results = protocol::find_member(reply.body, "results");
    const auto elements = results ? protocol::array_elements(*results) : std::nullopt;
    if (!elements || elements->size() != batch.events.size()) {
        return false;
    }
    return std::equal(elements->begin(), elements->end(), batch.events.begin(),
                      [](std::string_view result, const OutEvent& event) {
                          return protocol::find_string(result, "id") == event.id;
                      });
}

}  // namespace

struct BatchSender::Attempt {
    enum class Outcome { acknowledged, retry, refused };
    Outcome outcome;
    std::string text;
    std::int64_t wait_ms_min = 0;
};

BatchSender::Attempt BatchSender::attempt(const Batch& batch) {
    using Outcome = Attempt::Outcome;
    auto reply =
        http_.post(kTarget, {{"Idempotency-Key", batch.key}}, body_of(batch), OnStop::finish);
    if (!reply) {
        return {Outcome::retry, reply.error().text};
    }
    if (reply->status == 200 || reply->status == 201) {
        // A 2xx for something else may come from a proxy; the key makes asking again harmless.
        return acknowledges(*reply, batch)
                   ? Attempt{Outcome::acknowledged, ""}
                   : Attempt{Outcome::retry, "the server's answer does not name the events sent"};
    }
    if (is_worth_retrying(reply->status)) {
        return {Outcome::retry, "the server says " + describe_problem(*reply),
                retry_after_ms(*reply).value_or(0)};
    }
    return {Outcome::refused,
            "the server refused a batch of " + std::to_string(batch.events.size()) +
                " events: " + describe_problem(*reply) + shown_event(batch, *reply)};
}

Result<void, SyncError> BatchSender::send(const Batch& batch) {
    bool told = false;
    int attempts_after_stop = 0;
    while (true) {
        const auto tried = attempt(batch);
        if (tried.outcome == Attempt::Outcome::acknowledged) {
            backoff_.reset();
            if (told) {
                say_("the server answers again");
            }
            return {};
        }
        if (tried.outcome == Attempt::Outcome::refused) {
            return Failure{SyncError{SyncErrc::refused, tried.text}};
        }
        if (attempts_after_stop == kAttemptsAfterStop) {
            return Failure{SyncError{SyncErrc::stopped, tried.text}};
        }
        if (!told) {
            say_(tried.text + "; trying again");
            told = true;
        }
        const auto wait_ms = std::max(backoff_.next_ms(), tried.wait_ms_min);
        if (pause_.wait(wait_ms) == Pause::Woken::by_stop && ++attempts_after_stop > 1) {
            pause_.wait_after_stop(kWaitAfterStopMs);
        }
    }
}

}  // namespace hubtrail::sync
