#include <atomic>
#include <cstdio>
#include <fstream>

#include <hubtrail/hub.h>
#include <hubtrail/log.h>
using namespace hubtrail;

/// Counts doors, and keeps the cursor beside what it has made of the events: here in a file.
struct Counter : EventListener {
    explicit Counter(std::string file) : file_(std::move(file)) {
        std::int64_t before = 0;
        std::ifstream(file_) >> before >> since_;
        count_ = before;
    }
    void on_event(const FollowedEvent&) override { ++count_; }
    void on_cursor(std::string_view cursor) override {
        const auto next = file_ + ".new";
        std::ofstream(next) << count_ << ' ' << cursor;
        std::rename(next.c_str(), file_.c_str());  // both or neither
    }
    void on_end(const FollowEnd& end) override { std::fprintf(stderr, "%s\n", end.text.c_str()); }

    const std::string& since() const { return since_; }
    std::int64_t count() const { return count_; }

private:
    const std::string file_;
    std::string since_ = "earliest";
    std::atomic<std::int64_t> count_{0};
};

struct DoorsHub : Hub {
    DoorsHub(EventLog& log, const Counter& counter) : log_(log), counter_(counter) {}
    Task<std::int64_t> open(std::string door) {
        const auto event =
            R"({"stream":"doors","type":"door.opened","resource_id":")" + door + "\"}";
        const auto outcome = co_await log_.append("house", event);
        if (!outcome)
            throw HubException(outcome.error().text);
        co_await clients().all().send("opened", door);  // now, on every server that shares Redis
        co_return outcome->front().pos;  // on the disk, and on its way to everybody who follows
    }
    std::int64_t count() { return counter_.count(); }
    static void methods(Methods<DoorsHub>& hub) {
        hub.add("Open", &DoorsHub::open).add("Count", &DoorsHub::count);
    }

private:
    EventLog& log_;
    const Counter& counter_;
};

/// Believes what it is told, for the example's sake.
struct Credulous : auth::TokenVerifier {
    Result<std::shared_ptr<const auth::Principal>, auth::TokenError> verify(
        std::string_view token) override {
        auto user = std::make_shared<auth::Principal>();
        user->subject = token;
        user->tenant = "house";  // whose log it is
        user->scopes = {"events.read", "events.write"};
        user->sites["*"] = auth::SiteRole::admin;
        return std::shared_ptr<const auth::Principal>(user);
    }
};

void say_hello(EventLog& log) {
    log.append("house", R"({"stream":"doors","type":"house.ready"})", [](AppendOutcome outcome) {
        if (!outcome)
            std::fprintf(stderr, "%s\n", outcome.error().text.c_str());
    });
}

int main(int, char** argv) {
    EventLog log({.directory = argv[2]});
    HubServer server({.listen = argv[1],
                      .make_verifier = [] { return std::make_unique<Credulous>(); },
                      .redis_url = argv[3] == nullptr ? "" : argv[3]});
    auto counter = std::make_shared<Counter>(std::string(argv[2]) + "/counter.cursor");
    const auto reader =
        log.follow("house", {{"types", "door.opened"}, {"since", counter->since()}}, counter);
    server.map<DoorsHub>("/doors").create(
        [&] { return std::make_unique<DoorsHub>(log, *counter); });
    server.map_log_hub(log, {.path = "/changes",
                             .streams = {"doors"},
                             .scopes = {"events.read"},
                             .site_required = false});
    server.map_log_rest(log);
    say_hello(log);
    return server.run();
}
