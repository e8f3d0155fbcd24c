#include <hubtrail/hub.h>
#include <hubtrail/log.h>
using namespace hubtrail;

struct DoorsHub : Hub {
    explicit DoorsHub(EventLog& log) : log_(log) {}
    Task<std::int64_t> open(std::string door) {
        const auto event =
            R"({"stream":"doors","type":"door.opened","resource_id":")" + door + "\"}";
        const auto outcome = co_await log_.append("house", event);
        if (!outcome)
            throw HubException(outcome.error().text);
        co_await clients().all().send("opened", door);  // now, on every server that shares Redis
        co_return outcome->front().pos;  // on the disk, and on its way to everybody who follows
    }
    static void methods(Methods<DoorsHub>& hub) { hub.add("Open", &DoorsHub::open); }

private:
    EventLog& log_;
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
    server.map<DoorsHub>("/doors").create([&] { return std::make_unique<DoorsHub>(log); });
    server.map_log_hub(log, {.path = "/changes",
                             .streams = {"doors"},
                             .scopes = {"events.read"},
                             .site_required = false});
    server.map_log_rest(log);
    say_hello(log);
    return server.run();
}
