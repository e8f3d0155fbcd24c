#include "clients/cpp-sync/demo/demo_building.h"

#include <map>
#include <set>

#include "clients/cpp-sync/demo/demo_feed.h"
#include "protocol/json_slices.h"
#include "tests/support/catch.h"

namespace hubtrail::sync {
namespace {

constexpr std::int64_t kNow = 1'777'881'600'000'000;

std::vector<OutEvent> events_of(std::uint64_t seed, int count, std::int64_t now_us = kNow) {
    DemoBuilding building({seed, "s1", "run", 60});
    std::vector<OutEvent> events;
    for (int i = 0; i < count; ++i) {
        events.push_back(building.next(now_us));
    }
    return events;
}

}  // namespace

TEST_CASE("The same seed tells the same story, another seed another", "[sync]") {
    CHECK(events_of(1, 500) == events_of(1, 500));
    const auto one = events_of(1, 20);
    const auto two = events_of(2, 20);
    CHECK(one != two);
    CHECK(one[0].id == "run-1-1");
    CHECK(two[19].id == "run-2-20");
    // At another time only the times differ.
    const auto later = events_of(1, 500, kNow + 3'600'000'000);
    const auto now = events_of(1, 500);
    for (std::size_t i = 0; i < now.size(); ++i) {
        CHECK(protocol::find_string(later[i].json, "type") ==
              protocol::find_string(now[i].json, "type"));
        CHECK(protocol::find_string(later[i].json, "user_id") ==
              protocol::find_string(now[i].json, "user_id"));
        CHECK(later[i].id == now[i].id);
        CHECK(later[i].json != now[i].json);
    }
}

TEST_CASE("Entries are shaped like SALTO's", "[sync]") {
    bool granted = false;
    bool denied = false;
    for (const auto& event : events_of(3, 2000)) {
        if (protocol::find_string(event.json, "stream") != "entries") {
            continue;
        }
        const auto type = protocol::find_string(event.json, "type");
        const auto data = *protocol::find_member(event.json, "data");
        granted = granted || type == "entry.granted";
        denied = denied || type == "entry.denied";
        CHECK(protocol::find_member(data, "reason").has_value() == (type == "entry.denied"));
        for (const char* name : {"utc_date_time", "local_date_time", "access_by", "event_category",
                                 "user_first_name", "user_last_name", "user_alias"}) {
            CAPTURE(name);
            CHECK(protocol::find_string(data, name));
        }
        const auto lock = protocol::find_member(data, "lock");
        REQUIRE(lock);
        CHECK(protocol::find_string(*lock, "id"));
        CHECK(protocol::find_string(*lock, "customer_reference"));
        CHECK(protocol::find_string(event.json, "site_id") == "s1");
        CHECK(protocol::find_string(event.json, "user_id"));
        CHECK(protocol::find_string(event.json, "occurred_at") == "2026-05-04T08:00:00.000000Z");
        CHECK(protocol::find_string(data, "local_date_time") == "2026-05-04T09:00:00");
    }
    CHECK(granted);
    CHECK(denied);
}

TEST_CASE("Every kind of incident happens, and each alarm ends after it began", "[sync]") {
    std::set<std::string> kinds;
    std::map<std::string, std::string> open;
    for (const auto& event : events_of(4, 20'000)) {
        if (protocol::find_string(event.json, "stream") != "incidents") {
            continue;
        }
        const auto kind =
            *protocol::find_string(*protocol::find_member(event.json, "data"), "type");
        kinds.insert(kind);
        CHECK(protocol::find_string(event.json, "type") == "incident." + kind);
        const auto correlation = protocol::find_string(event.json, "correlation_id");
        const bool is_end =
            kind.substr(0, 4) == "end_" || kind.find("restored") != std::string::npos;
        if (is_end) {
            REQUIRE(correlation);
            REQUIRE(open.count(*correlation) == 1);
            const auto begun = open.at(*correlation);
            CHECK((kind == "end_of_" + begun ||
                   begun.substr(0, begun.rfind('_')) == kind.substr(0, kind.rfind('_'))));
            open.erase(*correlation);
        } else if (correlation) {
            CHECK(open.emplace(*correlation, kind).second);
        }
    }
    CHECK(kinds == std::set<std::string>{
                       "unknown", "intrusion_alarm", "tamper_alarm", "door_left_open_alarm",
                       "end_of_door_left_open_alarm", "end_of_intrusion_alarm",
                       "end_of_tamper_alarm", "lock_connection_lost", "lock_connection_restored",
                       "iq_connection_lost", "iq_connection_restored", "low_battery_warning",
                       "lock_time_set", "easyofficemode_finish_failed"});
    CHECK(open.size() < 30);
}

TEST_CASE("A batch of demo events stays within the server's JSON guard", "[sync]") {
    std::size_t most = 0;
    for (const auto& event : events_of(5, 5000)) {
        auto members =
            static_cast<std::size_t>(std::count(event.json.begin(), event.json.end(), ':'));
        most = std::max(most, members);
    }
    constexpr std::size_t kServerMembersMax = 10'000;
    CHECK((most + 1) * kDemoBatchEventsMax <= kServerMembersMax);
}

TEST_CASE("Events are due at their rate", "[sync]") {
    CHECK(demo_due_ns(0, 2) == 0);
    CHECK(demo_due_ns(3, 2) == 1'500'000'000);
    CHECK(demo_due_ns(100, 1000) == 100'000'000);
}

TEST_CASE("Demo options are refused outside their limits", "[sync]") {
    const StopSignal stop;
    DemoFeedOptions good;
    good.url = "http://127.0.0.1:1";
    good.site = "s1";
    good.count = 0;
    good.run_prefix = std::string(64, 'x');
    good.events_per_second = kDemoRateMax;
    CHECK(run_demo_feed(good, stop) == 0);
    const auto refused = [&](auto change) {
        auto options = good;
        change(options);
        return run_demo_feed(options, stop) == 2;
    };
    CHECK(refused([](auto& o) { o.site = ""; }));
    CHECK(refused([](auto& o) { o.url = "ftp://x"; }));
    CHECK(refused([](auto& o) { o.events_per_second = 0; }));
    CHECK(refused([](auto& o) { o.events_per_second = kDemoRateMax + 1; }));
    CHECK(refused([](auto& o) { o.run_prefix += "x"; }));
    CHECK(refused([](auto& o) { o.run_prefix = "a b"; }));
}

}  // namespace hubtrail::sync
