#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "hub/log/log_subscription.h"
#include "hub/log/log_tails.h"
#include "protocol/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_log_service.h"
#include "tests/support/fake_log_store.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {

/// One loop's tails over a log in memory. Commits wait until the test announces them, as they do
/// between the writer's thread and a loop.
struct LogFixture {
    LogFixture() {
        service.on_commit = [this](std::shared_ptr<const storage::CommittedBatch> batch) {
            unannounced.push_back(std::move(batch));
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

    bool announce_one() {
        if (unannounced.empty()) {
            return false;
        }
        tails.on_commit(unannounced.front());
        unannounced.pop_front();
        return true;
    }

    /// Until nothing is left to do.
    void settle() {
        bool busy = true;
        while (busy) {
            busy = announce_one();
            busy = service.run() > 0 || busy;
            busy = loop.run_turn() > 0 || busy;
        }
    }

    std::int64_t last_pos() { return static_cast<std::int64_t>(made_); }

    transport::FakeLoop loop;
    transport::OutputScheduler scheduler{loop};
    storage::FakeLogStore store;
    FakeClock clock;
    storage::FakeLogService service{store, clock};
    protocol::CursorCodec codec{std::string(32, 'k')};
    std::unique_ptr<Log> log = make_null_log();
    LogTails tails{scheduler, service, codec, *log};
    std::deque<std::shared_ptr<const storage::CommittedBatch>> unannounced;

private:
    std::size_t made_ = 0;
};

}  // namespace hubtrail::hub
