#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <hubtrail/hub.h>

// The hub that the scripts of tests/conformance drive, once for each set of options
// (tests/conformance/HUBS.md).

namespace hubtrail::testhub {

struct Sample {
    std::optional<std::string> Name;
    int Value = 0;
};
HUBTRAIL_MEMBERS(Sample, Name, Value)

/// Thread: strand.
class ConformanceHub : public Hub {
public:
    using Text = std::optional<std::string>;
    using Names = std::vector<std::string>;

    Task<void> on_connected() override;
    Task<void> on_disconnected(std::optional<std::string> error) override;

    // Calls
    void void_method() {}
    Task<void> void_task();
    Text echo(Text text) { return text; }
    int echo_int(int value) { return value; }
    bool echo_bool(bool value) { return value; }
    double echo_double(double value) { return value; }
    std::optional<std::vector<int>> echo_ints(std::optional<std::vector<int>> values) {
        return values;
    }
    std::optional<Sample> echo_sample(std::optional<Sample> sample) { return sample; }
    Text null() { return std::nullopt; }
    int add(int a, int b) { return a + b; }
    Task<int> add_async(int a, int b);
    std::string throw_exception(std::string text) { throw InvalidOperationException(text); }
    std::string throw_hub_exception(std::string text) { throw HubException(text); }
    Task<std::string> throw_async(std::string text);
    std::string inherited() { return "inherited"; }
    std::string overridden() { return "overridden"; }
    std::string renamed() { return "renamed"; }
    int calls() { return ++calls_; }
    int next();

    // Gates and notes
    Task<std::string> wait(std::string gate, std::string tag);
    void open(std::string gate);
    Task<std::string> read_note(std::string key);
    int notes_left(std::string key);
    void note_on_abort(std::string key);

    // Context
    std::string get_connection_id() { return context().connection_id(); }
    Text get_user_id();
    Text get_claim(std::string type);
    Text get_query(std::string name);
    Text get_header(std::string name);
    std::string get_transport() { return std::string(context().transport()); }
    Text get_trace_parent();
    Stream<std::string> stream_trace_parent();
    void abort() { context().abort(); }

    // Sends
    Task<void> send_caller(std::string text) { co_await clients().caller().send("Message", text); }
    Task<void> send_nothing() { co_await clients().caller().send("Nothing"); }
    Task<void> send_sample(Sample sample) {
        co_await clients().caller().send("Sample", sample, 7, Text());
    }
    Task<void> send_all(std::string text) { co_await clients().all().send("Message", text); }
    Task<void> send_all_except(Names ids, std::string text) {
        co_await clients().all_except(ids).send("Message", text);
    }
    Task<void> send_others(std::string text) { co_await clients().others().send("Message", text); }
    Task<void> send_client(std::string id, std::string text) {
        co_await clients().client(id).send("Message", text);
    }
    Task<void> send_clients(Names ids, std::string text) {
        co_await clients().clients(ids).send("Message", text);
    }
    Task<void> send_group(std::string group, std::string text) {
        co_await clients().group(group).send("Message", text);
    }
    Task<void> send_groups(Names groups, std::string text) {
        co_await clients().groups(groups).send("Message", text);
    }
    Task<void> send_group_except(std::string group, Names ids, std::string text) {
        co_await clients().group_except(group, ids).send("Message", text);
    }
    Task<void> send_others_in_group(std::string group, std::string text) {
        co_await clients().others_in_group(group).send("Message", text);
    }
    Task<void> send_user(std::string user, std::string text) {
        co_await clients().user(user).send("Message", text);
    }
    Task<void> send_users(Names users, std::string text) {
        co_await clients().users(users).send("Message", text);
    }
    Task<void> send_outside(std::string id, std::string text);
    Task<void> send_group_outside(std::string group, std::string text);
    Task<void> join(std::string group) { co_await groups().add(context().connection_id(), group); }
    Task<void> leave(std::string group) {
        co_await groups().remove(context().connection_id(), group);
    }
    Task<void> join_other(std::string id, std::string group) { co_await groups().add(id, group); }
    Task<void> leave_other(std::string id, std::string group) {
        co_await groups().remove(id, group);
    }
    Task<void> fill(int count, int length);
    Task<void> fill_other(std::string id, int count, int length);

    // Streams
    Stream<int> count(int count);
    Task<Stream<int>> count_task(int count);
    Stream<int> count_then_throw(int count, bool hub_exception);
    Stream<int> stream_throw(std::string text) { throw InvalidOperationException(text); }
    Stream<int> stream_null() { return {}; }
    Stream<int> stream_empty() { co_return; }
    Stream<std::string> endless(std::string key, CancellationToken stop);
    Stream<std::string> gated(std::string gate);

    // Uploads
    Task<int> sum(Upload<int> items);
    Task<std::string> concat(Upload<Text> items);
    Task<std::string> concat_samples(Upload<Sample> items);
    Task<std::string> mixed(std::string a, Upload<int> ints, std::string b, Upload<Text> texts,
                            std::string c);
    Task<int> sum_gated(std::string gate, Upload<int> items);
    void upload_void(Upload<int>) {}
    Task<void> upload_note(std::string key, Upload<int> items);
    Stream<std::string> stream_echo(Upload<std::string> items);

    // Client results
    Task<int> ask_caller() { co_return co_await clients().caller().invoke<int>("Result"); }
    Task<std::string> ask_int(std::string id);
    Task<std::string> ask_string(std::string id);
    Task<std::string> ask_outside(std::string id);
    Task<std::string> ask_until(std::string id, std::string gate);

    // Authorization
    std::string signed_in_only() { return "signed in"; }
    std::string admin_only() { return "admin"; }
    std::string yes_only(std::string word) { return word; }

protected:
    template <typename H>
    static void add_methods(Methods<H>& methods);
    /// The clients of this type of hub, from outside.
    virtual Clients outside() = 0;

private:
    void remember(const std::string& what);

    int calls_ = 0;
};

/// Routes of all types of it.
void map_conformance_hubs(HubServer& server);

}  // namespace hubtrail::testhub
