#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <hubtrail/hub.h>

// The hubs that the functional tests of the stock JavaScript and .NET clients expect
// (tests/conformance/HUBS.md).

namespace hubtrail::testhub {

struct CustomObject {
    std::string Name;
    int Value = 0;
};
HUBTRAIL_MEMBERS(CustomObject, Name, Value)

struct ComplexObject {
    std::optional<std::string> String;
    std::optional<std::vector<int>> IntArray;
    std::optional<std::vector<std::uint8_t>> ByteArray;
    std::string Guid = "00000000-0000-0000-0000-000000000000";
    std::chrono::system_clock::time_point DateTime;
};
HUBTRAIL_MEMBERS(ComplexObject, String, IntArray, ByteArray, Guid, DateTime)

/// What /testhub and /default have in common. Thread: strand.
class FunctionalHub : public Hub {
public:
    using Text = std::optional<std::string>;

    std::string hello_world() { return "Hello World!"; }
    std::string echo(std::string message) { return message; }
    std::string get_caller_connection_id() { return context().connection_id(); }
    int get_num_redirects() {
        return std::stoi(std::string(context().request().query("numRedirects").value_or("")));
    }
    void throw_exception(std::string message) { throw InvalidOperationException(message); }
    Task<void> invoke_with_string(std::string message);
    Task<void> send_custom_object(CustomObject object);
    Task<void> call_echo(std::string message);
    Task<void> call_handler_that_does_not_exist();
    Task<std::string> streaming_concat(Upload<std::string> stream);
    Stream<int> empty_stream() { co_return; }
    Stream<std::string> stream_throw_exception(std::string message) {
        throw InvalidOperationException(message);
    }
    Stream<int> stream_exception() {
        throw InvalidOperationException("Error occurred while streaming.");
    }
    Stream<std::string> stream_broken() { return {}; }
    Stream<std::string> stream_echo(Upload<std::string> source);
    Stream<int> stream_echo_int(Upload<int> source);
    std::string get_active_transport_name() { return std::string(context().transport()); }
    std::optional<ComplexObject> echo_complex_object(std::optional<ComplexObject> object) {
        return object;
    }
    ComplexObject send_complex_object();
    Text get_content_type_header() { return header("Content-Type"); }
    Text get_header(std::string name) { return header(name); }
    std::vector<Text> get_header_values(std::vector<std::string> names);
    Text get_cookie(std::string name);
    Text get_user_identifier();
    /// Local port, remote port, local address, remote address.
    std::tuple<int, int, std::string, std::string> get_connection_feature();

protected:
    template <typename H>
    static void add_methods(Methods<H>& methods);

private:
    Text header(std::string_view name);
    auto self() { return clients().client(context().connection_id()); }
};

/// Thread: strand.
class TestHub : public FunctionalHub {
public:
    static void methods(Methods<TestHub>& methods);

    Stream<std::string> stream();
    Stream<std::string> infinite_stream(CancellationToken stop);
};

/// Thread: strand.
class DefaultHub : public FunctionalHub {
public:
    static void methods(Methods<DefaultHub>& methods);

    Stream<int> stream(int count);
    Stream<std::string> infinite_stream(CancellationToken stop);
};

/// Thread: strand.
class VersionHub : public Hub {
public:
    static void methods(Methods<VersionHub>& methods);

    std::string echo(std::string message) { return message; }
    Task<void> new_protocol_method_server() {
        co_await clients().caller().send("NewProtocolMethodClient");
    }
};

/// Thread: strand.
class StreamBufferHub : public Hub {
public:
    static void methods(Methods<StreamBufferHub>& methods);

    std::string echo(std::string message) { return message; }
    /// Reads nothing of `source` until `blocker` brings "unblock".
    Task<void> accept_stream(Upload<std::string> source, Upload<std::string> blocker);
};

/// Cannot be made. Thread: strand.
class UncreatableHub : public Hub {
public:
    static void methods(Methods<UncreatableHub>&) {}
};

/// Thread: strand.
class HubWithAuthorization : public Hub {
public:
    static void methods(Methods<HubWithAuthorization>& methods) {
        methods.add("Echo", &HubWithAuthorization::echo);
    }
    std::string echo(std::string message) { return message; }
};

/// Thread: strand.
class HubWithAuthorization2 : public HubWithAuthorization {
public:
    static void methods(Methods<HubWithAuthorization2>& methods) {
        methods.add("Echo", &HubWithAuthorization2::echo);
    }
};

/// Routes of all of these.
void map_functional_hubs(HubServer& server);

}  // namespace hubtrail::testhub
