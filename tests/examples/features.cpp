// The examples of docs/hubs.md in one program: usage `example_features ADDRESS`.
#include <atomic>
#include <chrono>

#include <hubtrail/hub.h>

using namespace hubtrail;
using namespace std::chrono_literals;

enum class Color { red, green };
HUBTRAIL_ENUM(Color, red, green)

struct Point {
    int x = 0;
    int y = 0;
    std::optional<std::string> label;
    Color color = Color::red;
};
HUBTRAIL_MEMBERS(Point, x, y, label, color)

struct Celsius {
    double degrees = 0;
};

template <>
struct hubtrail::Convert<Celsius> {
    static void write(ValueWriter& writer, const Celsius& value) { writer.number(value.degrees); }
    static bool read(ValueReader& reader, Celsius& value) {
        return reader.read_number(value.degrees);
    }
};

struct TypesHub : Hub {
    Point mirror(Point point) { return {point.y, point.x, point.label, Color::green}; }
    Celsius warmer(Celsius now) { return {now.degrees + 1}; }
    std::vector<std::byte> reversed(std::vector<std::byte> bytes) {
        return {bytes.rbegin(), bytes.rend()};
    }

    static void methods(Methods<TypesHub>& hub) {
        hub.add("Mirror", &TypesHub::mirror)
            .add("Warmer", &TypesHub::warmer)
            .add("Reversed", &TypesHub::reversed);
    }
};

struct NotFound : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct ErrorsHub : Hub {
    void told() { throw HubException("The room is full."); }
    void untold() { throw NotFound("row 17"); }

    static void methods(Methods<ErrorsHub>& hub) {
        hub.add("Told", &ErrorsHub::told).add("Untold", &ErrorsHub::untold);
    }
};

struct StreamsHub : Hub {
    Stream<int> ticks(int n, CancellationToken stop) {
        for (int i = 0; i < n; ++i) {
            co_await delay(1ms, stop);
            if (stop.requested())
                co_return;
            co_yield i;
        }
    }
    Task<int> sum(Upload<int> numbers) {
        int total = 0;
        while (auto number = co_await numbers.next())
            total += *number;
        co_return total;
    }
    Task<std::string> wait(CancellationToken stop) {
        const bool in_time = co_await delay(1h, stop);
        co_return in_time ? "done" : "cancelled";
    }
    Task<std::string> load(std::string name) {
        co_return co_await on_worker([](std::string of) { return "contents of " + of; },
                                     name);  // may block there
    }

    static void methods(Methods<StreamsHub>& hub) {
        hub.add("Ticks", &StreamsHub::ticks).add("Sum", &StreamsHub::sum);
        hub.add("Wait", &StreamsHub::wait).add("Load", &StreamsHub::load);
    }
};

struct RoomHub : Hub {
    Task<> on_connected() override {
        const auto room = std::string(context().request().query("room").value_or("lobby"));
        context().items()["room"] = room;
        co_await groups().add(context().connection_id(), room);
        co_await clients().others_in_group(room).send("joined", context().user_identifier());
    }
    Task<> on_disconnected(std::optional<std::string>) override {
        co_await clients().group(room()).send("left");
    }

    Task<> say(std::string text) { co_await clients().group(room()).send("message", text); }
    void hurry(std::string user) { clients().user(user).send("hurry"); }  // sent, waited for or not
    Task<int> vote() { co_return co_await clients().caller().invoke<int>("Vote", "yes or no?"); }
    void leave() { context().abort(); }

    static void methods(Methods<RoomHub>& hub) {
        hub.add("Say", &RoomHub::say).add("Hurry", &RoomHub::hurry).add("Vote", &RoomHub::vote);
        hub.add("Leave", &RoomHub::leave);
    }

private:
    std::string room() { return std::any_cast<std::string>(context().items()["room"]); }
};

struct Counters {
    std::atomic<int> calls{0};
};

class CountingHub : public Hub {
public:
    explicit CountingHub(Counters& counters) : counters_(counters) {}
    int count() { return ++counters_.calls; }
    static void methods(Methods<CountingHub>& hub) { hub.add("Count", &CountingHub::count); }

private:
    Counters& counters_;
};

struct Polite : HubFilter {
    Task<Value> invoke_method(InvocationContext& call, Next next) override {
        auto value = co_await next(call);
        if (auto* text = value.get_if<std::string>())
            co_return Value(*text + ", please");
        co_return value;
    }
};

/// A span of whatever collects your traces.
struct Span {
    Span(const std::string& name, const std::optional<TraceParent>& parent)
        : line(name + " in " +
               (parent ? parent->trace_id + " under " + parent->span_id : "a trace of its own")) {}
    std::string line;
};

struct Tracing : HubFilter {
    Task<Value> invoke_method(InvocationContext& call, Next next) override {
        const Span span(call.method(), parse_trace_parent(call.header("traceparent").value_or("")));
        call.context().items()["span"] = span.line;
        co_return co_await next(call);
    }
};

struct TracedHub : Hub {
    std::string span() { return std::any_cast<std::string>(context().items()["span"]); }
    std::string tenant() { return invocation_header("tenant").value_or("none"); }
    static void methods(Methods<TracedHub>& hub) {
        hub.add("Span", &TracedHub::span).add("Tenant", &TracedHub::tenant);
    }
};

struct GuardedHub : Hub {
    std::string who() { return context().user_identifier(); }
    std::string ban(std::string name) { return name + " is banned"; }
    static void methods(Methods<GuardedHub>& hub) {
        hub.add("Who", &GuardedHub::who);
        hub.add("Ban", &GuardedHub::ban).authorize("admins");
    }
};

/// Believes what it is told, for the example's sake.
struct Credulous : auth::TokenVerifier {
    Result<std::shared_ptr<const auth::Principal>, auth::TokenError> verify(
        std::string_view token) override {
        auto user = std::make_shared<auth::Principal>();
        user->subject = token;
        return std::shared_ptr<const auth::Principal>(user);
    }
};

void map_rooms(HubServer& server) {
    auto room = server.map<RoomHub>("/room");
    room.options().parallel_invocations_max = 2;
    room.options().client_timeout_ns = 60'000'000'000;
    room.endpoint().allow_stateful_reconnects = true;
}

void map_guarded(HubServer& server) {
    server.add_policy(
        "admins", [](const AuthorizationContext& asks) { return asks.user().subject == "anna"; });
    server.map<GuardedHub>("/guarded")
        .require_authorization()
        .add_filter(std::make_shared<Polite>())
        .user_id([](const auth::Principal* user, const RequestInfo&) {
            return "user " + user->subject;
        });
}

void map_refreshing(HubServer& server) {
    auto& endpoint = server.map<GuardedHub>("/refreshing").endpoint();
    endpoint.enable_authentication_refresh = true;
    endpoint.close_on_authentication_expiration = true;
    endpoint.on_authentication_refresh = [](const AuthenticationRefresh& refresh) {
        return !refresh.next.has_claim("role", "blocked");
    };
}

void map_announcements(HubServer& server) {
    auto rooms = server.context<RoomHub>();
    server.map_http("/announce", [rooms](HttpRequest request) -> Task<HttpResponse> {
        co_await rooms.clients().all().send("announcement", request.body);
        HttpResponse accepted;
        accepted.status = 202;
        co_return accepted;
    });
}

int main(int, char** argv) {
    HubServer server(
        {.listen = argv[1], .make_verifier = [] { return std::make_unique<Credulous>(); }});
    server.map<TypesHub>("/types");
    server.map<ErrorsHub>("/errors");
    server.map<StreamsHub>("/streams");
    map_rooms(server);
    map_guarded(server);
    map_refreshing(server);
    server.map<TracedHub>("/traced").add_filter(std::make_shared<Tracing>());
    map_announcements(server);
    Counters counters;
    server.map<CountingHub>("/counting").create([&] {
        return std::make_unique<CountingHub>(counters);
    });
    return server.run();
}
