#include "tests/testhub/conformance_hub.h"

#include <any>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "tests/testhub/scratch.h"
#include "tests/testhub/server.h"

namespace hubtrail::testhub {
namespace {

using namespace std::chrono_literals;

Task<void> yield() {
    co_await delay(0ns);
}

std::string text_of(const std::exception_ptr& error) {
    return hub::describe(error).text;
}

std::optional<std::string> copy(std::optional<std::string_view> value) {
    return value ? std::optional<std::string>(*value) : std::nullopt;
}

}  // namespace

// -- life
// ---------------------------------------------------------------------------------------------------

Task<void> ConformanceHub::on_connected() {
    remember("connected");
    const auto what = context().request().query("onconnect").value_or("");
    if (what == "throw") {
        throw InvalidOperationException("no entry");
    }
    if (what == "hubexception") {
        throw HubException("no entry");
    }
    if (what == "abort") {
        context().abort();
    } else if (what == "send") {
        co_await clients().caller().send("Connected", context().connection_id());
    } else if (what == "ask") {
        co_await clients().caller().invoke<int>("Result");
    }
}

Task<void> ConformanceHub::on_disconnected(std::optional<std::string> error) {
    remember("disconnected " + error.value_or("null"));
    co_return;
}

void ConformanceHub::remember(const std::string& what) {
    const auto key = context().request().query("note").value_or("");
    if (!key.empty()) {
        scratch().note(std::string(key), what);
    }
}

// -- calls
// --------------------------------------------------------------------------------------------------

Task<void> ConformanceHub::void_task() {
    co_await yield();
}

Task<int> ConformanceHub::add_async(int a, int b) {
    co_await yield();
    co_return a + b;
}

Task<std::string> ConformanceHub::throw_async(std::string text) {
    co_await yield();
    throw InvalidOperationException(text);
}

int ConformanceHub::next() {
    auto& last = context().items()["next"];
    const int next = last.has_value() ? std::any_cast<int>(last) + 1 : 1;
    last = next;
    return next;
}

// -- gates and notes
// ----------------------------------------------------------------------------------------

Task<std::string> ConformanceHub::wait(std::string gate, std::string tag) {
    co_await clients().caller().send("Entered", tag);
    co_await scratch().gate(gate);
    co_return tag;
}

void ConformanceHub::open(std::string gate) {
    scratch().open(gate);
}

Task<std::string> ConformanceHub::read_note(std::string key) {
    co_return co_await scratch().read(key);
}

int ConformanceHub::notes_left(std::string key) {
    return scratch().left(key);
}

void ConformanceHub::note_on_abort(std::string key) {
    using Kept = std::shared_ptr<hub::CancellationRegistration>;
    context().items()["abort " + key] = Kept(std::make_shared<hub::CancellationRegistration>(
        context().aborted().on_request([key] { scratch().note(key, "aborted"); })));
}

// -- context
// ------------------------------------------------------------------------------------------------

ConformanceHub::Text ConformanceHub::get_user_id() {
    const auto& user = context().user_identifier();
    return user.empty() ? std::nullopt : Text(user);
}

ConformanceHub::Text ConformanceHub::get_claim(std::string type) {
    return context().user() == nullptr ? std::nullopt : copy(context().user()->claim(type));
}

ConformanceHub::Text ConformanceHub::get_query(std::string name) {
    return copy(context().request().query(name));
}

ConformanceHub::Text ConformanceHub::get_header(std::string name) {
    return copy(context().request().header(name));
}

ConformanceHub::Text ConformanceHub::get_trace_parent() {
    const auto parent = parse_trace_parent(invocation_header("traceparent").value_or(""));
    return parent ? Text(parent->trace_id + "/" + parent->span_id) : std::nullopt;
}

Stream<std::string> ConformanceHub::stream_trace_parent() {
    co_yield get_trace_parent().value_or("none");
}

// -- sends
// --------------------------------------------------------------------------------------------------

Task<void> ConformanceHub::send_outside(std::string id, std::string text) {
    co_await outside().client(id).send("Message", text);
}

Task<void> ConformanceHub::send_group_outside(std::string group, std::string text) {
    co_await outside().group(group).send("Message", text);
}

Task<void> ConformanceHub::fill(int count, int length) {
    co_await fill_other(context().connection_id(), count, length);
}

Task<void> ConformanceHub::fill_other(std::string id, int count, int length) {
    const std::string text(static_cast<std::size_t>(length), 'x');
    for (int i = 0; i < count; ++i) {
        co_await clients().client(id).send("Fill", i, text);
    }
}

// -- streams
// ------------------------------------------------------------------------------------------------

Stream<int> ConformanceHub::count(int count) {
    for (int i = 0; i < count; ++i) {
        co_yield i;
    }
}

Task<Stream<int>> ConformanceHub::count_task(int number) {
    co_await yield();
    co_return count(number);
}

Stream<int> ConformanceHub::count_then_throw(int number, bool hub_exception) {
    for (int i = 0; i < number; ++i) {
        co_yield i;
    }
    if (hub_exception) {
        throw HubException("stream failed");
    }
    throw InvalidOperationException("stream failed");
}

Stream<std::string> ConformanceHub::endless(std::string key, CancellationToken stop) {
    const auto noted = stop.on_request([key] { scratch().note(key, "cancelled"); });
    co_yield "started";
    while (!stop.requested()) {
        co_await delay(1h, stop);
    }
}

Stream<std::string> ConformanceHub::gated(std::string gate) {
    co_yield "before";
    co_await scratch().gate(gate);
    co_yield "after";
}

// -- uploads
// ------------------------------------------------------------------------------------------------

Task<int> ConformanceHub::sum(Upload<int> items) {
    int sum = 0;
    while (auto item = co_await items.next()) {
        sum += *item;
    }
    co_return sum;
}

Task<std::string> ConformanceHub::concat(Upload<Text> items) {
    std::string all;
    while (auto item = co_await items.next()) {
        all += item->value_or("");
    }
    co_return all;
}

Task<std::string> ConformanceHub::concat_samples(Upload<Sample> items) {
    std::string all;
    while (auto item = co_await items.next()) {
        all += item->Name.value_or("") + "=" + std::to_string(item->Value) + ";";
    }
    co_return all;
}

Task<std::string> ConformanceHub::mixed(std::string a, Upload<int> ints, std::string b,
                                        Upload<Text> texts, std::string c) {
    const auto total = std::to_string(co_await sum(std::move(ints)));
    const auto text = co_await concat(std::move(texts));
    co_return a + total + b + text + c;
}

Task<int> ConformanceHub::sum_gated(std::string gate, Upload<int> items) {
    co_await clients().caller().send("Entered", gate);
    co_await scratch().gate(gate);
    co_return co_await sum(std::move(items));
}

Task<void> ConformanceHub::upload_note(std::string key, Upload<int> items) {
    try {
        scratch().note(key, "sum " + std::to_string(co_await sum(std::move(items))));
    } catch (...) {
        scratch().note(key, text_of(std::current_exception()));
        throw;
    }
}

Stream<std::string> ConformanceHub::stream_echo(Upload<std::string> items) {
    while (auto item = co_await items.next()) {
        co_yield std::move(*item);
    }
}

// -- client results
// -----------------------------------------------------------------------------------------

Task<std::string> ConformanceHub::ask_int(std::string id) {
    try {
        co_return "value " + std::to_string(co_await clients().client(id).invoke<int>("Result"));
    } catch (const std::exception&) {
        co_return text_of(std::current_exception());
    }
}

Task<std::string> ConformanceHub::ask_string(std::string id) {
    try {
        co_return "value " +
            co_await clients().client(id).invoke<std::string>("Result", "question");
    } catch (const std::exception&) {
        co_return text_of(std::current_exception());
    }
}

Task<std::string> ConformanceHub::ask_outside(std::string id) {
    try {
        co_return "value " + std::to_string(co_await outside().client(id).invoke<int>("Result"));
    } catch (const std::exception&) {
        co_return text_of(std::current_exception());
    }
}

namespace {

// Looks for the gate from time to time, on the connection's loop.
void cancel_at(const std::string& gate, std::weak_ptr<hub::CancellationSource> source) {
    constexpr std::int64_t kLookNs = 2'000'000;
    this_loop().call_after(kLookNs, [gate, source] {
        const auto kept = source.lock();
        if (kept && scratch().is_open(gate)) {
            kept->request();
        } else if (kept) {
            cancel_at(gate, source);
        }
    });
}

}  // namespace

Task<std::string> ConformanceHub::ask_until(std::string id, std::string gate) {
    const auto source = std::make_shared<hub::CancellationSource>();
    cancel_at(gate, source);
    try {
        const int value = co_await clients().client(id).invoke<int>(source->token(), "Result");
        co_return "value " + std::to_string(value);
    } catch (const std::exception&) {
        co_return text_of(std::current_exception());
    }
}

// -- routes
// -------------------------------------------------------------------------------------------------

template <typename H>
void ConformanceHub::add_methods(Methods<H>& methods) {
    methods.add("Void", &H::void_method)
        .add("VoidTask", &H::void_task)
        .add("Echo", &H::echo)
        .add("EchoInt", &H::echo_int)
        .add("EchoBool", &H::echo_bool)
        .add("EchoDouble", &H::echo_double)
        .add("EchoInts", &H::echo_ints)
        .add("EchoSample", &H::echo_sample)
        .add("Null", &H::null)
        .add("Add", &H::add)
        .add("AddAsync", &H::add_async)
        .add("ThrowException", &H::throw_exception)
        .add("ThrowHubException", &H::throw_hub_exception)
        .add("ThrowAsync", &H::throw_async)
        .add("Inherited", &H::inherited)
        .add("Overridden", &H::overridden)
        .add("renamed", &H::renamed)
        .add("Calls", &H::calls)
        .add("Next", &H::next);
    methods.add("Wait", &H::wait)
        .add("Open", &H::open)
        .add("ReadNote", &H::read_note)
        .add("NotesLeft", &H::notes_left)
        .add("NoteOnAbort", &H::note_on_abort)
        .add("GetConnectionId", &H::get_connection_id)
        .add("GetUserId", &H::get_user_id)
        .add("GetClaim", &H::get_claim)
        .add("GetQuery", &H::get_query)
        .add("GetHeader", &H::get_header)
        .add("GetTransport", &H::get_transport)
        .add("GetTraceParent", &H::get_trace_parent)
        .add("StreamTraceParent", &H::stream_trace_parent)
        .add("Abort", &H::abort);
    methods.add("SendCaller", &H::send_caller)
        .add("SendNothing", &H::send_nothing)
        .add("SendSample", &H::send_sample)
        .add("SendAll", &H::send_all)
        .add("SendAllExcept", &H::send_all_except)
        .add("SendOthers", &H::send_others)
        .add("SendClient", &H::send_client)
        .add("SendClients", &H::send_clients)
        .add("SendGroup", &H::send_group)
        .add("SendGroups", &H::send_groups)
        .add("SendGroupExcept", &H::send_group_except)
        .add("SendOthersInGroup", &H::send_others_in_group)
        .add("SendUser", &H::send_user)
        .add("SendUsers", &H::send_users)
        .add("SendOutside", &H::send_outside)
        .add("SendGroupOutside", &H::send_group_outside)
        .add("Join", &H::join)
        .add("Leave", &H::leave)
        .add("JoinOther", &H::join_other)
        .add("LeaveOther", &H::leave_other)
        .add("Fill", &H::fill)
        .add("FillOther", &H::fill_other);
    methods.add("Count", &H::count)
        .add("CountChannel", &H::count)
        .add("CountTask", &H::count_task)
        .add("CountThenThrow", &H::count_then_throw)
        .add("StreamThrow", &H::stream_throw)
        .add("StreamNull", &H::stream_null)
        .add("StreamEmpty", &H::stream_empty)
        .add("Endless", &H::endless)
        .add("Gated", &H::gated)
        .add("Sum", &H::sum)
        .add("SumAsyncEnumerable", &H::sum)
        .add("Concat", &H::concat)
        .add("ConcatSamples", &H::concat_samples)
        .add("Mixed", &H::mixed)
        .add("SumGated", &H::sum_gated)
        .add("UploadVoid", &H::upload_void)
        .add("UploadNote", &H::upload_note)
        .add("StreamEcho", &H::stream_echo);
    methods.add("AskCaller", &H::ask_caller)
        .add("AskInt", &H::ask_int)
        .add("AskString", &H::ask_string)
        .add("AskOutside", &H::ask_outside)
        .add("AskUntil", &H::ask_until)
        .add("SignedInOnly", &H::signed_in_only)
        .authorize()
        .add("AdminOnly", &H::admin_only)
        .authorize("admin")
        .add("YesOnly", &H::yes_only)
        .authorize("says-yes");
}

namespace {

/// One type for each route: options and clients belong to a type. Thread: strand.
template <int route>
class RoutedHub final : public ConformanceHub {
public:
    static void methods(Methods<RoutedHub>& methods) { add_methods(methods); }
    Clients outside() override { return server().context<RoutedHub>().clients(); }
};
using PlainHub = RoutedHub<0>;
using NoDetailHub = RoutedHub<1>;
using ShortHub = RoutedHub<2>;
using Parallel2Hub = RoutedHub<3>;
using StatefulHub = RoutedHub<4>;
using SmallHub = RoutedHub<5>;
using BroadcastHub = RoutedHub<6>;
using FilteredHub = RoutedHub<7>;
using AuthHub = RoutedHub<8>;

/// Writes its name around what it sees. Thread: any.
class NamedFilter final : public HubFilter {
public:
    explicit NamedFilter(std::string name) : name_(std::move(name)) {}

    Task<Value> invoke_method(InvocationContext& context, Next next) override {
        if (context.argument_count() == 1) {
            const auto* word = text_in(context.argument<std::string>(0),
                                       context.argument<ConformanceHub::Text>(0));
            if (word != nullptr && *word == "stop " + name_) {
                throw HubException("stopped by " + name_);
            }
        }
        auto result = co_await next(context);
        const auto* text =
            text_in(result.get_if<std::string>(), result.get_if<ConformanceHub::Text>());
        if (text != nullptr) {
            co_return name_ + "(" + *text + ")";
        }
        co_return result;
    }

    Task<void> on_connected(Hub& hub, NextStep next) override {
        co_await hub.clients().caller().send("Filter", name_, "in");
        co_await next();
        co_await hub.clients().caller().send("Filter", name_, "out");
    }

private:
    static const std::string* text_in(const std::string* text,
                                      const ConformanceHub::Text* nullable) {
        return text != nullptr || nullable == nullptr || !*nullable ? text : &**nullable;
    }

    const std::string name_;
};

}  // namespace

namespace {

// Authentication refresh, which came with .NET 11.
void map_refreshing(HubServer& server) {
    const auto enable = [](transport::EndpointOptions& endpoint) {
        endpoint.enable_authentication_refresh = true;
        endpoint.close_on_authentication_expiration = true;
        endpoint.allow_stateful_reconnects = true;
        endpoint.on_authentication_refresh = [](const AuthenticationRefresh& refresh) {
            return !refresh.next.has_claim("role", "blocked");
        };
    };
    enable(map<PlainHub>(server, "/refreshing").endpoint());
    enable(map<AuthHub>(server, "/refreshing-auth").require_authorization("signed-in").endpoint());
}

}  // namespace

void map_conformance_hubs(HubServer& server) {
    constexpr std::int64_t kSecondNs = 1'000'000'000;
    map<PlainHub>(server, "/conformance");
    map<NoDetailHub>(server, "/nodetail").options().detailed_errors = false;
    map<Parallel2Hub>(server, "/parallel2").options().parallel_invocations_max = 2;
    map<SmallHub>(server, "/small").options().receive_bytes_max = 1000;
    map<BroadcastHub>(server, "/broadcast");
    map<FilteredHub>(server, "/filters")
        .add_filter(std::make_shared<NamedFilter>("a"))
        .add_filter(std::make_shared<NamedFilter>("b"));
    map<StatefulHub>(server, "/stateful").endpoint().allow_stateful_reconnects = true;
    auto brief = map<ShortHub>(server, "/short");
    brief.options().handshake_timeout_ns = 2 * kSecondNs;
    brief.options().keep_alive_interval_ns = kSecondNs;
    brief.options().client_timeout_ns = 3 * kSecondNs;
    brief.endpoint().poll_timeout_ns = 2 * kSecondNs;
    brief.endpoint().send_timeout_ns = 2 * kSecondNs;
    brief.endpoint().close_timeout_ns = 2 * kSecondNs;
    map<AuthHub>(server, "/auth").require_authorization("signed-in");
    map<AuthHub>(server, "/closeonexpiry")
        .require_authorization("signed-in")
        .endpoint()
        .close_on_authentication_expiration = true;
    const auto only = [&](const char* path, bool web_sockets, bool server_sent_events,
                          bool long_polling) {
        auto& endpoint = map<PlainHub>(server, path).endpoint();
        endpoint.web_sockets = web_sockets;
        endpoint.server_sent_events = server_sent_events;
        endpoint.long_polling = long_polling;
    };
    only("/websockets-only", true, false, false);
    only("/sse-only", false, true, false);
    only("/longpolling-only", false, false, true);
    map<PlainHub>(server, "/minimum1").endpoint().minimum_protocol_version = 1;
    auto& listed = map<PlainHub>(server, "/allowlist").endpoint();
    listed.allow_origin = nullptr;
    listed.allowed_origins = {"http://allowed.example"};
    map_refreshing(server);
}

}  // namespace hubtrail::testhub
