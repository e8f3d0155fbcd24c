#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "follow/tails.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_log_service.h"
#include "tests/support/fake_log_store.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::follow {

/// One loop's tails over a log in memory, of tenant t. News of commits and heads wait until the
/// test tells them, as they do between the writer's thread and a loop. Thread: strand.
struct FollowedLog {
    FollowedLog() {
        service.on_commit = [this](std::shared_ptr<const storage::CommittedBatch> batch) {
            untold.emplace_back([this, batch] { tails.on_commit(batch); });
        };
        service.on_head = [this](const std::string& tenant, const storage::LogHead& head) {
            untold.emplace_back([this, tenant, head] { tails.on_head(tenant, head); });
        };
    }

    protocol::NewEvent event(const std::string& site, const std::string& user,
                             std::size_t bytes = 0) {
        protocol::NewEvent made;
        made.id = "e" + std::to_string(++made_);
        made.stream = "entries";
        made.type = "entry.granted";
        made.site_id = site;
        made.user_id = user;
        made.body = R"({"tenant_id":"t","id":")" + made.id + R"(","pad":")" +
                    std::string(bytes, 'x') + "\"}";
        return made;
    }

    void append(std::vector<protocol::NewEvent> events) {
        storage::AppendRequest request;
        request.tenant = "t";
        request.events = std::move(events);
        static_cast<void>(service.append_now(std::move(request)));
    }
    /// So many events of site a and user u, each a commit.
    void append_each(int count) {
        for (int i = 0; i < count; ++i) {
            append({event("a", "u")});
        }
    }

    bool tell_one() {
        if (untold.empty()) {
            return false;
        }
        const auto news = std::move(untold.front());
        untold.pop_front();
        news();
        return true;
    }

    /// Until nothing is left to do but timers.
    void settle() {
        bool busy = true;
        while (busy) {
            busy = tell_one();
            busy = service.run() > 0 || busy;
            busy = loop.run_turn() > 0 || busy;
        }
    }

    std::int64_t last_pos() const { return static_cast<std::int64_t>(made_); }

    transport::FakeLoop loop;
    storage::FakeLogStore store;
    FakeClock clock;
    storage::FakeLogService service{store, clock};
    protocol::CursorCodec codec{std::string(32, 'k')};
    Tails tails{loop, service, codec};
    std::deque<std::function<void()>> untold;

private:
    std::size_t made_ = 0;
};

}  // namespace hubtrail::follow
