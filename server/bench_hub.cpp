#include "server/bench_hub.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include "hub/code/delay.h"
#include "hub/code/exceptions.h"
#include "hub/code/hub.h"
#include "hub/code/messenger.h"
#include "hub/code/methods.h"
#include "hub/code/stream.h"
#include "server/product_routes.h"

namespace hubtrail::server {
namespace {

using hub::HubException;
using hub::Task;
using Fanout = hub::ClientProxy;

void check(const char* usage, std::initializer_list<std::pair<std::int64_t, std::int64_t>> counts) {
    for (const auto& [value, most] : counts) {
        if (value < 0 || value > most) {
            throw HubException(usage);
        }
    }
}

// `SEQUENCE:` padded with x, as the client checks it.
std::string message(std::int64_t sequence, std::size_t bytes) {
    auto text = std::to_string(sequence) + ":";
    text.resize(std::max(text.size(), bytes), 'x');
    return text;
}

/// Thread: strand.
class BenchHub final : public hub::Hub {
public:
    static void methods(hub::Methods<BenchHub>& methods) {
        methods.add("Echo", &BenchHub::echo)
            .add("Round", &BenchHub::round)
            .add("ToUser", &BenchHub::to_user)
            .add("ToGroup", &BenchHub::to_group)
            .add("Count", &BenchHub::count);
    }

    Task<void> on_connected() override {
        auto names = std::string(context().request().query("group").value_or(""));
        while (!names.empty()) {
            const auto comma = std::min(names.find(','), names.size());
            co_await groups().add(context().connection_id(), names.substr(0, comma));
            names.erase(0, comma + 1);
        }
    }

    std::string echo(const std::string& text) { return text; }

    Task<void> round(std::int64_t first, std::int64_t count, std::int64_t bytes) {
        check("Round(first, count up to 1000, bytes up to 16384)",
              {{count, kBenchPerTurnMax}, {bytes, kBenchBytesMax}});
        for (std::int64_t i = 1; i < count; ++i) {
            clients().all().send("m", message(first++, static_cast<std::size_t>(bytes)));
        }
        if (count > 0) {
            co_await clients().all().send("m", message(first, static_cast<std::size_t>(bytes)));
        }
    }

    Task<void> to_user(std::string user, std::int64_t rounds) {
        check("ToUser(user, rounds up to 1000000)", {{rounds, kBenchRoundsMax}});
        co_await send_each_turn(clients().user(std::move(user)), rounds);
    }

    Task<void> to_group(std::string group, std::int64_t rounds) {
        check("ToGroup(group, rounds up to 1000000)", {{rounds, kBenchRoundsMax}});
        co_await send_each_turn(clients().group(std::move(group)), rounds);
    }

    hub::Stream<std::int64_t> count(std::int64_t items) {
        check("Count(items up to 10000000)", {{items, kBenchItemsMax}});
        return items_up_to(items);
    }

private:
    static hub::Delay end_of_turn() { return hub::delay(std::chrono::nanoseconds(0)); }

    static Task<void> send_each_turn(Fanout to, std::int64_t rounds) {
        for (std::int64_t round = 0; round < rounds; ++round) {
            co_await to.send("m", message(round, 0));
            co_await end_of_turn();
        }
    }

    static hub::Stream<std::int64_t> items_up_to(std::int64_t items) {
        for (std::int64_t item = 0; item < items; ++item) {
            co_yield item;
        }
    }
};

std::string user_of(const auth::Principal*, const hub::RequestInfo& request) {
    return std::string(request.query("user").value_or(""));
}

}  // namespace

void map_bench_hub(hub::CodeHubs& hubs) {
    auto& definition = hubs.define(typeid(BenchHub), "BenchHub");
    definition.create = [] { return std::make_unique<BenchHub>(); };
    definition.user_id = user_of;
    hub::Methods<BenchHub> methods(definition);
    BenchHub::methods(methods);
    hubs.add_route(definition, kBenchHubPath).endpoint.allow_stateful_reconnects = true;
}

}  // namespace hubtrail::server
