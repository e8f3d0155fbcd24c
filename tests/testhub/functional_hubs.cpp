#include "tests/testhub/functional_hubs.h"

#include <memory>
#include <utility>

#include "tests/testhub/server.h"

namespace hubtrail::testhub {
namespace {

using namespace std::chrono_literals;

template <typename H>
Stream<std::string> wait_for_cancel(H& hub, CancellationToken stop) {
    const auto outside = server().context<H>();
    const auto id = hub.context().connection_id();
    // From outside of the hub: the stream has ended by then.
    auto told =
        stop.on_request([outside, id] { outside.clients().client(id).send("StreamCanceled"); });
    while (!stop.requested()) {
        co_await delay(1h, stop);
    }
}

}  // namespace

Task<void> FunctionalHub::invoke_with_string(std::string message) {
    co_await self().send("Message", message);
}

Task<void> FunctionalHub::send_custom_object(CustomObject object) {
    co_await self().send("CustomObject", object);
}

Task<void> FunctionalHub::call_echo(std::string message) {
    co_await self().send("Echo", message);
}

Task<void> FunctionalHub::call_handler_that_does_not_exist() {
    co_await self().send("NoClientHandler");
}

Task<std::string> FunctionalHub::streaming_concat(Upload<std::string> stream) {
    std::string all;
    while (auto part = co_await stream.next()) {
        all += *part;
    }
    co_return all;
}

Stream<std::string> FunctionalHub::stream_echo(Upload<std::string> source) {
    while (auto item = co_await source.next()) {
        co_yield std::move(*item);
    }
}

Stream<int> FunctionalHub::stream_echo_int(Upload<int> source) {
    while (auto item = co_await source.next()) {
        co_yield *item;
    }
}

ComplexObject FunctionalHub::send_complex_object() {
    constexpr auto kYear2000 = std::chrono::sys_days{std::chrono::January / 1 / 2000};
    return {"hello world", std::vector<int>{1, 2, 3}, std::vector<std::uint8_t>{1, 2, 3},
            "00010203-0405-0607-0706-050403020100", kYear2000};
}

std::vector<FunctionalHub::Text> FunctionalHub::get_header_values(std::vector<std::string> names) {
    std::vector<Text> values;
    for (const auto& name : names) {
        values.push_back(header(name));
    }
    return values;
}

FunctionalHub::Text FunctionalHub::get_cookie(std::string name) {
    const auto value = context().request().cookie(name);
    return value ? Text(*value) : std::nullopt;
}

FunctionalHub::Text FunctionalHub::get_user_identifier() {
    const auto& user = context().user_identifier();
    return user.empty() ? std::nullopt : Text(user);
}

std::tuple<int, int, std::string, std::string> FunctionalHub::get_connection_feature() {
    const auto& request = context().request();
    return {request.local_port(), request.remote_port(), std::string(request.local_address()),
            std::string(request.remote_address())};
}

FunctionalHub::Text FunctionalHub::header(std::string_view name) {
    const auto value = context().request().header(name);
    return value ? Text(*value) : std::nullopt;
}

template <typename H>
void FunctionalHub::add_methods(Methods<H>& methods) {
    methods.add("HelloWorld", &H::hello_world)
        .add("Echo", &H::echo)
        .add("GetCallerConnectionId", &H::get_caller_connection_id)
        .add("GetNumRedirects", &H::get_num_redirects)
        .add("ThrowException", &H::throw_exception)
        .add("InvokeWithString", &H::invoke_with_string)
        .add("SendCustomObject", &H::send_custom_object)
        .add("CallEcho", &H::call_echo)
        .add("CallHandlerThatDoesntExist", &H::call_handler_that_does_not_exist)
        .add("InfiniteStream", &H::infinite_stream)
        .add("StreamingConcat", &H::streaming_concat)
        .add("EmptyStream", &H::empty_stream)
        .add("StreamThrowException", &H::stream_throw_exception)
        .add("StreamException", &H::stream_exception)
        .add("StreamBroken", &H::stream_broken)
        .add("StreamEcho", &H::stream_echo)
        .add("StreamEchoInt", &H::stream_echo_int)
        .add("StreamIAsyncConsumer", &H::stream_echo)
        .add("GetActiveTransportName", &H::get_active_transport_name)
        .add("EchoComplexObject", &H::echo_complex_object)
        .add("SendComplexObject", &H::send_complex_object)
        .add("GetContentTypeHeader", &H::get_content_type_header)
        .add("GetHeader", &H::get_header)
        .add("GetHeaderValues", &H::get_header_values)
        .add("GetCookie", &H::get_cookie)
        .add("GetCookieValue", &H::get_cookie)
        .add("GetUserIdentifier", &H::get_user_identifier)
        .add("GetIHttpConnectionFeatureProperties", &H::get_connection_feature)
        .add("Stream", &H::stream);
}

void TestHub::methods(Methods<TestHub>& methods) {
    add_methods(methods);
}

Stream<std::string> TestHub::stream() {
    co_yield "a";
    co_yield "b";
    co_yield "c";
}

Stream<std::string> TestHub::infinite_stream(CancellationToken stop) {
    return wait_for_cancel(*this, std::move(stop));
}

void DefaultHub::methods(Methods<DefaultHub>& methods) {
    add_methods(methods);
}

Stream<int> DefaultHub::stream(int count) {
    for (int i = 0; i < count; ++i) {
        co_yield i;
        co_await delay(20ms);
    }
}

Stream<std::string> DefaultHub::infinite_stream(CancellationToken stop) {
    return wait_for_cancel(*this, std::move(stop));
}

void VersionHub::methods(Methods<VersionHub>& methods) {
    methods.add("Echo", &VersionHub::echo)
        .add("NewProtocolMethodServer", &VersionHub::new_protocol_method_server);
}

void StreamBufferHub::methods(Methods<StreamBufferHub>& methods) {
    methods.add("Echo", &StreamBufferHub::echo)
        .add("AcceptStream", &StreamBufferHub::accept_stream);
}

Task<void> StreamBufferHub::accept_stream(Upload<std::string> source, Upload<std::string> blocker) {
    while (auto word = co_await blocker.next()) {
        if (*word == "unblock") {
            while (co_await source.next()) {
            }
        }
    }
}

void map_functional_hubs(HubServer& server) {
    const auto no_websockets = [](EndpointOptions& endpoint) { endpoint.web_sockets = false; };
    map<TestHub>(server, "/testhub");
    no_websockets(map<TestHub>(server, "/testhub-nowebsockets").endpoint());
    for (const auto* path : {"/default", "/dynamic", "/hubT"}) {
        map<DefaultHub>(server, path);
    }
    no_websockets(map<DefaultHub>(server, "/default-nowebsockets").endpoint());
    map<StreamBufferHub>(server, "/stream").options().stream_buffer_capacity = 1;
    map<VersionHub>(server, "/version");
    map<VersionHub>(server, "/negotiateProtocolVersion12").endpoint().minimum_protocol_version = 12;
    map<VersionHub>(server, "/negotiateProtocolVersionNegative")
        .endpoint()
        .minimum_protocol_version = -1;
    map<UncreatableHub>(server, "/uncreatable").create([]() -> std::unique_ptr<UncreatableHub> {
        throw InvalidOperationException(
            "Unable to resolve service for type 'System.Object' while attempting to activate "
            "'FunctionalTests.UncreatableHub'.");
    });
    map<HubWithAuthorization>(server, "/authorizedhub").require_authorization("signed-in");
    map<HubWithAuthorization2>(server, "/authorizedhub2").require_authorization("signed-in");
}

}  // namespace hubtrail::testhub
