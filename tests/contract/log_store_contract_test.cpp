#include "tests/contract/log_store_contract.h"

#include <algorithm>
#include <limits>
#include <set>

// The one suite that every LogStore passes.
#define STORES FakeUnderTest, SqliteUnderTest

namespace hubtrail::storage::contract {
namespace {

using Positions = std::vector<std::int64_t>;

TEMPLATE_TEST_CASE("A tenant without events has an empty first epoch", "[contract]", STORES) {
    ContractLog<TestType> log;
    CHECK(log.head("nobody") == LogHead{1, 1, 0});
    CHECK_FALSE(log.at("nobody", 1).has_value());
    CHECK_FALSE(log.find("nobody", "e1").has_value());
    CHECK(log.last_before("nobody", 1'000'000) == 0);
    const Page page = log.read(read_after("nobody", 5));
    CHECK(page.to == 0);
    CHECK(page.to_fingerprint == 0);
    CHECK(page.events.empty());
}

TEMPLATE_TEST_CASE("Positions are dense per tenant across requests and commits", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    const auto first =
        log.append({make_request("a", {make_event("1"), make_event("2")}),
                    make_request("b", {make_event("1")}), make_request("a", {make_event("3")})});
    CHECK(first[0].events[0].pos == 1);
    CHECK(first[0].events[1].pos == 2);
    CHECK(first[1].events[0].pos == 1);
    CHECK(first[2].events[0].pos == 3);
    CHECK(log.append("a", make_event("4")).pos == 4);
    CHECK(log.append("b", make_event("2")).pos == 2);
    CHECK(log.head("a") == LogHead{1, 1, 4});
    CHECK(log.head("b") == LogHead{1, 1, 2});
    CHECK(positions(log.read(read_after("a", 0))) == Positions{1, 2, 3, 4});
}

TEMPLATE_TEST_CASE("An event comes back as it was written, on every way to it", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    const protocol::NewEvent event{
        "id-1",  "files", "file.renamed", "site-9",  "user-9", "{\"tenant_id\":1}",
        "new/a", "old/a", "app-1",        "device-1"};
    const AppendedEvent appended = log.append("t", event, 77);
    CHECK(appended.id == "id-1");
    CHECK(appended.epoch == 1);
    CHECK(appended.recorded_us == 77);
    CHECK(appended.fingerprint >= 1);
    CHECK(appended.fingerprint <= 0x7FFF'FFFF);
    CHECK_FALSE(appended.duplicate);
    const protocol::LogEvent expected{
        1,      appended.fingerprint, 77,      "files", "file.renamed", "site-9",  "user-9",
        "id-1", "{\"tenant_id\":1}",  "new/a", "old/a", "app-1",        "device-1"};
    CHECK(log.at("t", 1) == expected);
    CHECK(log.find("t", "id-1") == expected);
    const Page page = log.read(read_after("t", 0));
    REQUIRE(page.events.size() == 1);
    CHECK(page.events[0].pos == 1);
    CHECK(page.events[0].fingerprint == appended.fingerprint);
    CHECK(page.events[0].recorded_us == 77);
    CHECK(page.events[0].body == "{\"tenant_id\":1}");
    CHECK(page.to_fingerprint == appended.fingerprint);
    CHECK(page.to_recorded_us == 77);
    CHECK(page.head == LogHead{1, 1, 1});
}

TEMPLATE_TEST_CASE("A known id is a duplicate and takes no position", "[contract]", STORES) {
    ContractLog<TestType> log;
    const AppendedEvent first = log.append("t", make_event("a"), 10);
    SECTION("from an earlier commit") {
        const AppendedEvent again = log.append("t", make_event("a"), 99);
        CHECK(again.duplicate);
        CHECK(again.pos == first.pos);
        CHECK(again.fingerprint == first.fingerprint);
        CHECK(again.recorded_us == 10);
        CHECK(log.append("t", make_event("b")).pos == 2);
    }
    SECTION("within one request") {
        const auto result =
            log.append(make_request("t", {make_event("b"), make_event("b"), make_event("c")}));
        CHECK(result.events[1].duplicate);
        CHECK(result.events[1].pos == 2);
        CHECK(result.events[1].fingerprint == result.events[0].fingerprint);
        CHECK(result.events[2].pos == 3);
    }
    SECTION("within one batch") {
        const auto results = log.append({make_request("t", {make_event("b")}),
                                         make_request("t", {make_event("a"), make_event("b")}),
                                         make_request("t", {make_event("c")})});
        CHECK(results[1].events[0].pos == 1);
        CHECK(results[1].events[1].pos == 2);
        CHECK(results[1].events[1].duplicate);
        CHECK(results[2].events[0].pos == 3);
    }
    SECTION("but another tenant's id is not known") {
        CHECK_FALSE(log.append("u", make_event("a")).duplicate);
    }
    const LogHead head = log.head("t");
    CHECK(positions(log.read(read_after("t", 0))).size() ==
          static_cast<std::size_t>(head.last_pos));
}

protocol::NewEvent other_content(std::string id) {
    return make_event(std::move(id), "{\"tenant_id\":\"t\",\"n\":2}");
}

TEMPLATE_TEST_CASE("A known id with other content refuses its request, and only that", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    log.append("t", make_event("a"), 10);
    SECTION("from an earlier commit") {
        const auto results =
            log.append({make_request("t", {make_event("b")}),
                        make_request("t", {make_event("c"), make_event("a"), make_event("d"),
                                           other_content("a"), make_event("e")}),
                        make_request("t", {make_event("c")})},
                       20);
        CHECK(results[0].events.at(0).pos == 2);
        CHECK(results[1].taken == 3U);
        CHECK(results[1].events.empty());
        CHECK_FALSE(results[2].taken);
        CHECK(results[2].events.at(0).pos == 3);
        CHECK_FALSE(results[2].events.at(0).duplicate);
        CHECK(log.head("t") == LogHead{1, 1, 3});
        CHECK(positions(log.read(read_after("t", 0))) == Positions{1, 2, 3});
        CHECK_FALSE(log.find("t", "d").has_value());
        CHECK(log.find("t", "a")->body == make_event("a").body);
    }
    SECTION("within one request") {
        const auto result =
            log.append(make_request("t", {make_event("b"), make_event("b"), other_content("b")}));
        CHECK(result.taken == 2U);
        CHECK(log.head("t").last_pos == 1);
        CHECK_FALSE(log.find("t", "b").has_value());
        CHECK(log.append("t", other_content("b")).pos == 2);
    }
    SECTION("within one batch") {
        const auto results = log.append({make_request("t", {make_event("b")}),
                                         make_request("t", {other_content("b"), make_event("c")}),
                                         make_request("t", {make_event("b")})});
        CHECK(results[0].events.at(0).pos == 2);
        CHECK(results[1].taken == 0U);
        CHECK(results[2].events.at(0).duplicate);
        CHECK(log.head("t").last_pos == 2);
    }
    SECTION("with a key, which stays free") {
        auto request = make_request("t", {other_content("a")});
        request.idempotency_key = "key";
        CHECK(log.append(request).taken == 0U);
        request.events = {make_event("b")};
        CHECK(log.append(request).events.at(0).pos == 2);
    }
    SECTION("over a restart") {
        log.restart();
        CHECK(log.append(make_request("t", {other_content("a")})).taken == 0U);
        CHECK(log.append("t", make_event("a")).duplicate);
    }
    SECTION("after a reset") {
        REQUIRE(log.writer->reset("t"));
        CHECK(log.append(make_request("t", {other_content("a")})).taken == 0U);
        CHECK(log.append("t", make_event("b")).pos == 2);
    }
}

TEMPLATE_TEST_CASE("A refused request alone leaves a tenant as it was", "[contract]", STORES) {
    ContractLog<TestType> log;
    CHECK(log.append(make_request("new", {make_event("a"), other_content("a")}), 50).taken == 1U);
    CHECK(log.head("new") == LogHead{});
    CHECK(log.append("new", make_event("b"), 40).recorded_us == 40);
}

// Who may write for a site and user may see what is there: docs/adr/0024-whose-id.md.
TEMPLATE_TEST_CASE("An id is one of a site and user, and found where it is shown", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    const auto at = [](const char* site, const char* user) {
        auto event = make_event("a", std::string("{\"tenant_id\":\"") + site + user + "\"}");
        event.site_id = site;
        event.user_id = user;
        return event;
    };
    const auto results =
        log.append({make_request("t", {at("s1", "u1"), at("s2", "u1")}),
                    make_request("t", {at("s1", "u2"), at("", ""), at("s2", "u1")})});
    CHECK(results[0].events.at(1).pos == 2);
    CHECK(results[1].events.at(0).pos == 3);
    CHECK(results[1].events.at(1).pos == 4);
    CHECK(results[1].events.at(2).pos == 2);
    CHECK(results[1].events.at(2).duplicate);
    log.restart();
    CHECK(log.append("t", at("s1", "u1")).pos == 1);
    CHECK(log.append("t", at("s1", "u3")).pos == 5);

    EventFilter visible;
    CHECK(log.find("t", "a", visible)->pos == 5);
    visible.user_id = "u1";
    CHECK(log.find("t", "a", visible)->pos == 2);
    visible.sites = {"s1"};
    visible.any_site = false;
    CHECK(log.find("t", "a", visible)->pos == 1);
    visible.sites = {"s3"};
    CHECK_FALSE(log.find("t", "a", visible).has_value());
    CHECK_FALSE(log.find("u", "a").has_value());
    CHECK(log.find("t", "a")->pos == 5);  // the statement is left as it was
}

TEMPLATE_TEST_CASE("An idempotency key is its writer's", "[contract]", STORES) {
    ContractLog<TestType> log;
    const auto keyed = [](const char* writer, const char* id, const char* fingerprint) {
        auto request = make_request("t", {make_event(id)});
        request.idempotency_key = "key";
        request.request_fingerprint = fingerprint;
        request.writer = writer;
        return request;
    };
    CHECK_FALSE(log.append(keyed("ann", "a", "f")).replayed);
    const auto others = log.append({keyed("bob", "b", "f"), keyed("cleo", "c", "g")});
    CHECK(others[0].events.at(0).pos == 2);
    CHECK(others[1].events.at(0).pos == 3);
    log.restart();
    CHECK(log.append(keyed("ann", "x", "f")).events.at(0).pos == 1);
    CHECK(log.append(keyed("bob", "x", "f")).events.at(0).pos == 2);
    CHECK(log.append(keyed("bob", "x", "h")).key_reused);
    REQUIRE(log.writer->forget_keys(1'001));
    CHECK(log.append(keyed("bob", "d", "h")).events.at(0).pos == 4);
}

TEMPLATE_TEST_CASE("An idempotency key replays its result and refuses another body", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    log.append("t", make_event("known"));
    AppendRequest request =
        make_request("t", {make_event("a\nb 1"), make_event("known"), make_event("c")});
    request.idempotency_key = "key";
    request.request_fingerprint = "f1";
    const AppendResult first = log.append(request, 50);
    CHECK_FALSE(first.replayed);
    CHECK(first.events[1].duplicate);

    AppendRequest retry = request;
    retry.events = {make_event("made-by-the-server-again")};  // ids of the second try do not count
    AppendRequest other = request;
    other.request_fingerprint = "f2";
    AppendRequest elsewhere = make_request("u", {make_event("x")});
    elsewhere.idempotency_key = "key";
    elsewhere.request_fingerprint = "f3";

    const auto results = log.append({retry, other, elsewhere}, 60);
    CHECK(results[0].replayed);
    CHECK_FALSE(results[0].key_reused);
    CHECK(results[0].events == first.events);
    CHECK(results[1].key_reused);
    CHECK_FALSE(results[1].replayed);
    CHECK(results[1].events.empty());
    CHECK_FALSE(results[2].replayed);
    CHECK(log.head("t").last_pos == 3);

    SECTION("within one batch too") {
        AppendRequest twin = make_request("t", {make_event("twin")});
        twin.idempotency_key = "key-2";
        const auto twins = log.append({twin, twin});
        CHECK_FALSE(twins[0].replayed);
        CHECK(twins[1].replayed);
        CHECK(twins[1].events == twins[0].events);
    }
    SECTION("until it is forgotten, at its time and not before") {
        REQUIRE(log.writer->forget_keys(50));
        CHECK(log.append(retry).replayed);
        REQUIRE(log.writer->forget_keys(51));
        CHECK_FALSE(log.append(retry).replayed);
    }
    SECTION("over a restart") {
        log.restart();
        CHECK(log.append(retry).events == first.events);
    }
}

TEMPLATE_TEST_CASE("A key without events is kept as well", "[contract]", STORES) {
    ContractLog<TestType> log;
    AppendRequest request = make_request("t", {});
    request.idempotency_key = "key";
    CHECK_FALSE(log.append(request).replayed);
    CHECK(log.append(request).replayed);
    CHECK(log.head("t") == LogHead{});
}

TEMPLATE_TEST_CASE("The floor hides what is below and never goes down", "[contract]", STORES) {
    ContractLog<TestType> log;
    log.append_many("t", 10);
    CHECK(ContractLog<TestType>::value(log.writer->set_floor("t", 4)) == LogHead{1, 4, 10});
    CHECK(log.head("t") == LogHead{1, 4, 10});
    CHECK(positions(log.read(read_after("t", 0))) == Positions{4, 5, 6, 7, 8, 9, 10});
    CHECK(positions(log.read(read_after("t", 3))) == Positions{4, 5, 6, 7, 8, 9, 10});
    CHECK_FALSE(log.at("t", 3).has_value());
    CHECK(log.at("t", 4).has_value());
    CHECK(log.at("t", 10).has_value());
    CHECK_FALSE(log.at("t", 11).has_value());
    CHECK(log.find("t", "e3").has_value());
    CHECK(log.append("t", make_event("e3")).duplicate);

    CHECK(ContractLog<TestType>::value(log.writer->set_floor("t", 2)).first_pos == 4);
    CHECK(ContractLog<TestType>::value(log.writer->set_floor("t", 11)).first_pos == 11);
    const Page empty = log.read(read_after("t", 0));
    CHECK(empty.events.empty());
    CHECK(empty.to == 10);
    CHECK(empty.to_fingerprint == 0);
    CHECK(ContractLog<TestType>::value(log.writer->set_floor("t", 12)).first_pos == 11);
    CHECK(ContractLog<TestType>::value(log.writer->set_floor("nobody", 5)) == LogHead{});
    CHECK(log.append("t", make_event("next")).pos == 11);
}

TEMPLATE_TEST_CASE("A reset starts an epoch and positions go on", "[contract]", STORES) {
    ContractLog<TestType> log;
    log.append_many("t", 3);
    CHECK(ContractLog<TestType>::value(log.writer->reset("t")) == LogHead{2, 4, 3});
    CHECK(log.head("t") == LogHead{2, 4, 3});
    CHECK_FALSE(log.at("t", 3).has_value());
    const Page empty = log.read(read_after("t", 0));
    CHECK(empty.to == 3);
    CHECK(empty.to_fingerprint == 0);
    const AppendedEvent next = log.append("t", make_event("new"));
    CHECK(next.pos == 4);
    CHECK(next.epoch == 2);
    CHECK(log.append("t", make_event("e1")).duplicate);
    CHECK(positions(log.read(read_after("t", 0))) == Positions{4});
    CHECK(ContractLog<TestType>::value(log.writer->reset("fresh")) == LogHead{2, 1, 0});
    CHECK(log.append("fresh", make_event("1")).epoch == 2);
    log.restart();
    CHECK(log.head("t") == LogHead{2, 4, 4});
}

TEMPLATE_TEST_CASE("A page ends at its limits and says how far it looked", "[contract]", STORES) {
    ContractLog<TestType> log;
    AppendRequest request = make_request("t", {});
    for (int i = 1; i <= 10; ++i) {
        request.events.push_back(make_event(std::to_string(i), std::string(100, 'x')));
    }
    log.append(request);
    ReadRequest read = read_after("t", 2);

    SECTION("events_max") {
        read.events_max = 3;
        const Page page = log.read(read);
        CHECK(positions(page) == Positions{3, 4, 5});
        CHECK(page.to == 5);
        CHECK(page.to_fingerprint == page.events.back().fingerprint);
    }
    SECTION("events_max 0 is 1") {
        read.events_max = 0;
        CHECK(positions(log.read(read)) == Positions{3});
    }
    SECTION("bytes_max holds as many whole events") {
        read.bytes_max = 300;
        CHECK(positions(log.read(read)) == Positions{3, 4, 5});
        read.bytes_max = 299;
        const Page page = log.read(read);
        CHECK(positions(page) == Positions{3, 4});
        CHECK(page.to == 4);
    }
    SECTION("one event over bytes_max comes all the same") {
        read.bytes_max = 99;
        CHECK(positions(log.read(read)) == Positions{3});
    }
    SECTION("scan_max") {
        read.scan_max = 4;
        read.filter.types = {"other"};
        const Page page = log.read(read);
        CHECK(page.events.empty());
        CHECK(page.to == 6);
        CHECK(page.to_fingerprint == log.at("t", 6)->fingerprint);
        read.scan_max = 0;
        CHECK(log.read(read).to == 3);
    }
    SECTION("the head") {
        const Page page = log.read(read);
        CHECK(page.to == 10);
        CHECK(log.read(read_after("t", 10)).to == 10);
        CHECK(log.read(read_after("t", 10)).to_fingerprint == page.to_fingerprint);
        CHECK(log.read(read_after("t", 11)).to == 10);
        CHECK(log.read(read_after("t", std::numeric_limits<std::int64_t>::max())).to == 10);
        CHECK(log.read(read_after("t", -5)).events.size() == 10);
        read.scan_max = std::numeric_limits<std::int64_t>::max();
        read.events_max = std::numeric_limits<std::size_t>::max();
        read.bytes_max = std::numeric_limits<std::size_t>::max();
        CHECK(log.read(read).events.size() == 8);
    }
}

TEMPLATE_TEST_CASE("A filter may have kFilterValuesMax values and not one more", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    log.append_many("t", 3);
    ReadRequest read = read_after("t", 0);
    for (std::size_t i = 0; i < kFilterValuesMax / 4; ++i) {
        const std::string text = "v" + std::to_string(i);
        read.filter.streams.push_back(text);
        read.filter.types.push_back(text + "*");
        read.filter.sites.push_back(text);
        read.filter.own_sites.push_back(text);
    }
    read.filter.sites.pop_back();
    read.filter.exclude_origins = {"v"};
    read.filter.streams.back() = "entries";
    read.filter.types.back() = "entry.*";
    read.filter.sites.back() = "site-1";
    read.filter.any_site = false;
    CHECK(log.read(read).events.size() == 3);
    read.filter.types.push_back("one more");
    const auto refused = log.reader->read(read);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == StoreErrc::refused);
    CHECK_FALSE(passes(refused.error().code));
    CHECK(log.head("t").last_pos == 3);
}

std::string pick(Random& random, const std::vector<std::string>& list) {
    return list[random.below(list.size())];
}

std::vector<std::string> pick_some(Random& random, const std::vector<std::string>& list) {
    std::vector<std::string> result;
    while (random.below(2) == 0) {
        result.push_back(pick(random, list));
    }
    return result;
}

const std::vector<std::string> kStreams = {"entries", "incidents", "files"};
const std::vector<std::string> kTypes = {"file.created", "file.moved",    "file",
                                         "filex.a",      "entry.granted", ""};
const std::vector<std::string> kPatterns = {"file.*", "file*",  "file", "*", "entry.granted",
                                            "e*",     "FILE.*", "%",    ""};
const std::vector<std::string> kSites = {"", "s1", "s2", "s3", "it's"};
const std::vector<std::string> kUsers = {"", "u1", "u2"};
const std::vector<std::string> kPaths = {"", "docs/a", "docs", "docs/\xC3\xA9", "in/docs/a", "%"};
const std::vector<std::string> kPrefixes = {"d", "docs/", "docs/\xC3\xA9", "DOCS", "%", "_"};
const std::vector<std::string> kOrigins = {"", "app", "phone", "it's"};

EventFilter random_filter(Random& random) {
    EventFilter filter;
    filter.streams = pick_some(random, kStreams);
    filter.types = pick_some(random, kPatterns);
    filter.sites = pick_some(random, kSites);
    filter.own_sites = pick_some(random, kSites);
    filter.any_site = random.below(2) == 0;
    filter.own_everywhere = random.below(2) == 0;
    filter.own_user = pick(random, kUsers);
    filter.user_id = random.below(3) == 0 ? pick(random, kUsers) : "";
    filter.path_prefix = random.below(3) == 0 ? pick(random, kPrefixes) : "";
    filter.exclude_origins = pick_some(random, kOrigins);
    return filter;
}

// Goal: pages agree with matches() and cover every position once. Method: random events and
// filters, random page limits, against matches() over the whole log.
TEMPLATE_TEST_CASE("Pages of any filter are contiguous and together what matches() shows",
                   "[contract]", STORES) {
    ContractLog<TestType> log;
    SeededRandom random(20261121);
    AppendRequest request = make_request("t", {});
    for (int i = 0; i < 300; ++i) {
        request.events.push_back(
            {std::to_string(i), pick(random, kStreams), pick(random, kTypes), pick(random, kSites),
             pick(random, kUsers), std::string(10 + random.below(50), 'b'), pick(random, kPaths),
             pick(random, kPaths), pick(random, kOrigins), pick(random, kOrigins)});
    }
    log.append(request);
    REQUIRE(log.writer->set_floor("t", 12));
    const LogHead head = log.head("t");
    std::size_t shown = 0;
    for (int round = 0; round < 150; ++round) {
        ReadRequest read = read_after("t", static_cast<std::int64_t>(random.below(14)));
        read.filter = random_filter(random);
        read.events_max = 1 + random.below(60);
        read.bytes_max = 1 + random.below(2000);
        read.scan_max = 1 + static_cast<std::int64_t>(random.below(200));
        CAPTURE(round, read.after_pos, read.events_max, read.bytes_max, read.scan_max);
        Positions expected;
        for (std::int64_t pos = std::max(read.after_pos + 1, head.first_pos); pos <= head.last_pos;
             ++pos) {
            if (matches(read.filter, *log.at("t", pos))) {
                expected.push_back(pos);
            }
        }
        Positions found;
        while (read.after_pos < head.last_pos) {
            const Page page = log.read(read);
            REQUIRE(page.to > read.after_pos);
            REQUIRE(page.to_fingerprint == log.at("t", page.to)->fingerprint);
            REQUIRE(page.events.size() <= read.events_max);
            for (const auto& event : page.events) {
                REQUIRE(event.pos > read.after_pos);
                REQUIRE(event.pos <= page.to);
                found.push_back(event.pos);
            }
            read.after_pos = page.to;
        }
        REQUIRE(found == expected);
        shown += found.size();
    }
    CHECK(shown > 1000);  // the filters are not all empty
}

TEMPLATE_TEST_CASE("Text of any kind survives unchanged", "[contract]", STORES) {
    ContractLog<TestType> log;
    const std::string odd[] = {
        "it's \"quoted\"",   "\xF0\x9F\x9A\xAA door",   ":name and ::cast",
        "arr[1:2]",          "back\\slash \\0 \\u0041", "$1 ?1 @x %s {}",
        "line\nline\r\ttab", std::string(70'000, 'z'),  "'; DROP TABLE change_log; --"};
    int i = 0;
    for (const auto& text : odd) {
        CAPTURE(text);
        const std::string tenant = "tenant " + text;
        const protocol::NewEvent event{text, text, text, text, text, text, text, text, text, text};
        AppendRequest request = make_request(tenant, {event});
        request.idempotency_key = text;
        request.request_fingerprint = text;
        log.append(request);
        const auto found = log.find(tenant, text);
        REQUIRE(found.has_value());
        CHECK(found->stream == text);
        CHECK(found->type == text);
        CHECK(found->site_id == text);
        CHECK(found->user_id == text);
        CHECK(found->id == text);
        CHECK(found->body == text);
        CHECK(found->path == text);
        CHECK(found->old_path == text);
        CHECK(found->actor_client_id == text);
        CHECK(found->actor_device_id == text);
        const AppendResult replayed = log.append(request);
        CHECK(replayed.replayed);
        CHECK(replayed.events.at(0).id == text);
        ReadRequest read = read_after(tenant, 0);
        read.filter = {{text}, {text}, {text}, {}, false, false, text, text};
        CHECK(log.read(read).events.size() == 1);
        read.filter.types = {text.substr(0, text.size() / 2) + "*"};
        CHECK(log.read(read).events.size() == 1);
        read.filter.path_prefix = text.substr(0, text.size() / 2);
        CHECK(log.read(read).events.size() == 1);
        read.filter.exclude_origins = {text + "x"};
        CHECK(log.read(read).events.size() == 1);
        read.filter.exclude_origins = {text};
        CHECK(log.read(read).events.empty());
        ++i;
    }
    CHECK(i == 9);
}

TEMPLATE_TEST_CASE("Numbers over 32 bits survive unchanged", "[contract]", STORES) {
    ContractLog<TestType> log;
    const std::int64_t large = 5'000'000'000;
    log.append("t", make_event("a"), large);
    log.append("t", make_event("b"), 4'102'444'800'000'000);
    CHECK(log.at("t", 1)->recorded_us == large);
    CHECK(log.find("t", "b")->recorded_us == 4'102'444'800'000'000);
    CHECK(log.read(read_after("t", 0)).events.at(0).recorded_us == large);
    CHECK(log.last_before("t", large + 1) == 1);
}

TEMPLATE_TEST_CASE("Recorded time never decreases while the clock steps back", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    CHECK(log.append("t", make_event("a"), 100).recorded_us == 100);
    CHECK(log.append("t", make_event("b"), 40).recorded_us == 100);
    CHECK(log.append("t", make_event("c"), 100).recorded_us == 100);
    log.restart();
    CHECK(log.append("t", make_event("d"), 99).recorded_us == 100);
    CHECK(log.append("t", make_event("e"), 101).recorded_us == 101);
    CHECK(log.append("u", make_event("a"), 40).recorded_us == 40);
}

TEMPLATE_TEST_CASE("The last position before a time is found at every boundary", "[contract]",
                   STORES) {
    ContractLog<TestType> log;
    const std::int64_t times[] = {10, 10, 20, 30, 30, 30, 50};
    int i = 0;
    for (const std::int64_t time : times) {
        log.append("t", make_event(std::to_string(i++)), time);
    }
    const auto check_all = [&] {
        for (std::int64_t wall = 0; wall <= 60; ++wall) {
            CAPTURE(wall);
            const auto expected =
                std::lower_bound(std::begin(times), std::end(times), wall) - std::begin(times);
            REQUIRE(log.last_before("t", wall) == expected);
        }
    };
    check_all();
    REQUIRE(log.writer->set_floor("t", 4));
    check_all();
    REQUIRE(log.writer->reset("t"));
    check_all();
}

TEMPLATE_TEST_CASE("A restart finds the same log and goes on", "[contract]", STORES) {
    ContractLog<TestType> log;
    log.append_many("t", 5);
    const Page before = log.read(read_after("t", 0));
    log.restart();
    const Page after = log.read(read_after("t", 0));
    CHECK(after.events == before.events);
    CHECK(after.head == before.head);
    CHECK(log.append("t", make_event("e5")).duplicate);
    CHECK(log.append("t", make_event("e6")).pos == 6);
}

TEMPLATE_TEST_CASE("A reader sees a commit as soon as append returned", "[contract]", STORES) {
    ContractLog<TestType> log;
    auto second = ContractLog<TestType>::value(log.under_test.store().open_reader());
    for (int i = 1; i <= 20; ++i) {
        log.append("t", make_event(std::to_string(i)));
        REQUIRE(log.head("t").last_pos == i);
        REQUIRE(ContractLog<TestType>::value(second->read(read_after("t", 0))).events.size() ==
                static_cast<std::size_t>(i));
    }
}

TEMPLATE_TEST_CASE("Fingerprints differ between events", "[contract]", STORES) {
    ContractLog<TestType> log;
    log.append_many("t", 200);
    std::set<std::uint32_t> seen;
    for (const auto& event : log.read(read_after("t", 0)).events) {
        CHECK(event.fingerprint <= 0x7FFF'FFFF);
        seen.insert(event.fingerprint);
    }
    CHECK(seen.size() == 200);
}

}  // namespace
}  // namespace hubtrail::storage::contract
