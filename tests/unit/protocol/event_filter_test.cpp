#include "protocol/event_filter.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

LogEvent event_of(std::string stream, std::string type, std::string site, std::string user) {
    LogEvent event;
    event.stream = std::move(stream);
    event.type = std::move(type);
    event.site_id = std::move(site);
    event.user_id = std::move(user);
    return event;
}

TEST_CASE("A filter that names nothing shows every event", "[protocol]") {
    CHECK(matches({}, event_of("files", "file.moved", "s1", "u1")));
    CHECK(matches({}, event_of("files", "file.moved", "", "")));
}

TEST_CASE("A filter by stream shows the streams that it names", "[protocol]") {
    EventFilter filter;
    filter.streams = {"files", "entries"};
    CHECK(matches(filter, event_of("files", "t", "", "")));
    CHECK(matches(filter, event_of("entries", "t", "", "")));
    CHECK_FALSE(matches(filter, event_of("file", "t", "", "")));
    CHECK_FALSE(matches(filter, event_of("filess", "t", "", "")));
}

TEST_CASE("A filter by type matches whole names, or beginnings with a star", "[protocol]") {
    struct Row {
        const char* pattern;
        const char* type;
        bool shown;
    };
    const Row rows[] = {{"file.moved", "file.moved", true},
                        {"file.moved", "file.moved2", false},
                        {"file.moved", "file.move", false},
                        {"file.*", "file.moved", true},
                        {"file.*", "file.", true},
                        {"file.*", "file", false},
                        {"file.*", "files.moved", false},
                        {"file*", "files.moved", true},
                        {"*", "anything", true},
                        {"*.moved", "file.moved", false}};
    for (const auto& row : rows) {
        CAPTURE(row.pattern, row.type);
        EventFilter filter;
        filter.types = {"other", row.pattern};
        CHECK(matches(filter, event_of("s", row.type, "", "")) == row.shown);
    }
}

TEST_CASE("A filter by user shows that user's events only", "[protocol]") {
    EventFilter filter;
    filter.user_id = "u1";
    CHECK(matches(filter, event_of("s", "t", "s1", "u1")));
    CHECK_FALSE(matches(filter, event_of("s", "t", "s1", "u2")));
    CHECK_FALSE(matches(filter, event_of("s", "t", "s1", "")));
}

// docs/api.md 2, "Roles per site".
TEST_CASE("A filter made of roles shows sites, own events and events without site by role",
          "[protocol]") {
    EventFilter some;
    some.any_site = false;
    some.sites = {"admin-site"};
    some.own_sites = {"user-site"};
    some.own_user = "me";
    EventFilter everywhere_own;
    everywhere_own.any_site = false;
    everywhere_own.own_everywhere = true;
    everywhere_own.own_user = "me";
    EventFilter all_but_one;
    all_but_one.own_sites = {"user-site"};
    all_but_one.own_user = "me";
    struct Row {
        const char* site;
        const char* user;
        bool by_some;
        bool by_everywhere_own;
        bool by_all_but_one;
    };
    const Row rows[] = {
        {"admin-site", "me", true, true, true},
        {"admin-site", "other", true, false, true},
        {"user-site", "me", true, true, true},
        {"user-site", "other", false, false, false},
        {"user-site", "", false, false, false},
        {"elsewhere", "me", false, true, true},
        {"elsewhere", "other", false, false, true},
        {"", "me", false, false, true},
        {"", "", false, false, true},
    };
    for (const auto& row : rows) {
        CAPTURE(row.site, row.user);
        const auto event = event_of("s", "t", row.site, row.user);
        CHECK(matches(some, event) == row.by_some);
        CHECK(matches(everywhere_own, event) == row.by_everywhere_own);
        CHECK(matches(all_but_one, event) == row.by_all_but_one);
    }
}

TEST_CASE("A filter by path shows what begins so, or was there before it moved", "[protocol]") {
    struct Row {
        const char* path;
        const char* old_path;
        bool shown;
    };
    const Row rows[] = {
        {"docs/a", "", true},        {"docs/", "", true},      {"docs", "", false},
        {"docs2/a", "", false},      {"a/docs/", "", false},   {"", "", false},
        {"trash/a", "docs/a", true}, {"docs/a", "in/a", true}, {"trash/a", "in/a", false}};
    EventFilter filter;
    filter.path_prefix = "docs/";
    for (const auto& row : rows) {
        CAPTURE(row.path, row.old_path);
        auto event = event_of("files", "file.moved", "", "");
        event.path = row.path;
        event.old_path = row.old_path;
        CHECK(matches(filter, event) == row.shown);
    }
}

TEST_CASE("A filter leaves out what came from an excluded client or device", "[protocol]") {
    struct Row {
        const char* client;
        const char* device;
        bool shown;
    };
    const Row rows[] = {{"", "", true},           {"app", "phone", true}, {"app", "laptop", false},
                        {"sync", "phone", false}, {"laptop", "", false},  {"", "laptop2", true}};
    EventFilter filter;
    filter.exclude_origins = {"laptop", "sync"};
    for (const auto& row : rows) {
        CAPTURE(row.client, row.device);
        auto event = event_of("files", "file.moved", "", "");
        event.actor_client_id = row.client;
        event.actor_device_id = row.device;
        CHECK(matches(filter, event) == row.shown);
    }
}

TEST_CASE("All parts of a filter must match", "[protocol]") {
    EventFilter filter;
    filter.streams = {"files"};
    filter.types = {"file.*"};
    filter.user_id = "u1";
    CHECK(matches(filter, event_of("files", "file.moved", "s1", "u1")));
    CHECK_FALSE(matches(filter, event_of("entries", "file.moved", "s1", "u1")));
    CHECK_FALSE(matches(filter, event_of("files", "door.moved", "s1", "u1")));
    CHECK_FALSE(matches(filter, event_of("files", "file.moved", "s1", "u2")));
}

}  // namespace
}  // namespace hubtrail::protocol
