#include <hubtrail/hub.h>
using namespace hubtrail;

struct ChatHub : Hub {
    int add(int a, int b) { return a + b; }
    Stream<int> counter(int n, CancellationToken stop) {
        for (int i = 0; i < n && !stop.requested(); ++i)
            co_yield i;
    }
    Task<std::string> concat(Upload<std::string> parts) {
        std::string all;
        while (auto part = co_await parts.next())
            all += *part;
        co_return all;
    }
    Task<> say(std::string room, std::string text) {
        co_await clients().group(room).send("message", text);
    }
    Task<int> ask(std::string id) { co_return co_await clients().client(id).invoke<int>("Result"); }

    static void methods(Methods<ChatHub>& hub) {
        hub.add("Add", &ChatHub::add)
            .add("Counter", &ChatHub::counter)
            .add("Concat", &ChatHub::concat);
        hub.add("Say", &ChatHub::say).add("Ask", &ChatHub::ask);
    }
};

int main(int, char** argv) {
    HubServer server({.listen = argv[1]});
    server.map<ChatHub>("/chat");
    return server.run();
}
