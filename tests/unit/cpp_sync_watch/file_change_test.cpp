#include "clients/cpp-sync/watch/file_change.h"

#include "base/crypto.h"
#include "protocol/json_slices.h"
#include "protocol/utf8.h"
#include "tests/support/catch.h"

namespace hubtrail::sync {
namespace {

FileChange moved(const std::string& from, const std::string& to) {
    FileChange change;
    change.kind = FileChange::Kind::moved;
    change.old_path = from;
    change.path = to;
    change.meta.identity = {0xfd01, 0x2a13f, 0x10};
    change.meta.size = 12;
    change.meta.mtime_ns = 1'777'881'600'123'456'789;
    return change;
}

}  // namespace

TEST_CASE("A moved file's event has every field of the contract", "[sync]") {
    const auto event =
        make_file_event(moved("/a/\"x\"", "/b"), "s1", "id-1", 1'777'881'600'000'001);
    CHECK(event.id == "id-1");
    CHECK(event.json ==
          R"({"id":"id-1","stream":"files","type":"file.moved","change_type":"moved",)"
          R"("resource_type":"file","resource_id":"fd01:2a13f:10","site_id":"s1",)"
          R"("actor_client_id":"hubtrail-watch","old_path":"/a/\"x\"","path":"/b",)"
          R"("occurred_at":"2026-05-04T08:00:00.000001Z",)"
          R"("data":{"size":12,"mtime":"2026-05-04T08:00:00.123456Z"}})");
}

TEST_CASE("A folder's event has the folder's type and no size", "[sync]") {
    auto change = moved("", "/d");
    change.kind = FileChange::Kind::created;
    change.meta.kind = FileKind::folder;
    const auto json = make_file_event(change, "s1", "i", 0).json;
    CHECK(protocol::find_string(json, "type") == "folder.created");
    CHECK(protocol::find_string(json, "resource_type") == "folder");
    CHECK_FALSE(protocol::find_member(json, "old_path"));
    CHECK_FALSE(protocol::find_member(*protocol::find_member(json, "data"), "size"));
}

TEST_CASE("A name that is not UTF-8 is shown and kept whole", "[sync]") {
    const auto json = make_file_event(moved("/a\xFF", "/b\xFE"), "s1", "i", 0).json;
    CHECK(is_utf8(json));
    CHECK(protocol::find_string(json, "path") == "/b\xEF\xBF\xBD");
    const auto data = *protocol::find_member(json, "data");
    CHECK(base64url_decode(*protocol::find_string(data, "path_base64url")) == "/b\xFE");
    CHECK(base64url_decode(*protocol::find_string(data, "old_path_base64url")) == "/a\xFF");
}

TEST_CASE("A path of 4096 bytes is told and one of 4097 is not", "[sync]") {
    const std::string longest = "/" + std::string(kPathBytesMax - 1, 'x');
    auto change = moved("", longest);
    change.kind = FileChange::Kind::created;
    CHECK(sendable(change) == change);
    change.path += "x";
    CHECK_FALSE(sendable(change));
}

TEST_CASE("A move from or to a path that is too long is told as what a reader can see of it",
          "[sync]") {
    const std::string too_long = "/" + std::string(kPathBytesMax, 'x');
    const auto in = sendable(moved(too_long, "/b"));
    REQUIRE(in);
    CHECK(in->kind == FileChange::Kind::created);
    CHECK(in->old_path.empty());
    const auto out = sendable(moved("/a", too_long));
    REQUIRE(out);
    CHECK(out->kind == FileChange::Kind::deleted);
    CHECK(out->path == "/a");
    CHECK(out->old_path.empty());
    CHECK_FALSE(sendable(moved(too_long, too_long)));
    CHECK(sendable(moved("/a", "/b")) == moved("/a", "/b"));
}

TEST_CASE("A file from before 1970 keeps its time", "[sync]") {
    auto change = moved("", "/old");
    change.meta.mtime_ns = -1'000;
    const auto json = make_file_event(change, "s1", "i", 0).json;
    CHECK(protocol::find_string(*protocol::find_member(json, "data"), "mtime") ==
          "1969-12-31T23:59:59.999999Z");
}

}  // namespace hubtrail::sync
