#include "edge/log_head.h"

#include "protocol/json.h"
#include "tests/support/catch.h"

namespace hubtrail::edge {

TEST_CASE("A head is told by its bounds and the cursors of both ends", "[edge]") {
    const protocol::CursorCodec codec("0123456789abcdef0123456789abcdef");
    storage::StartPosition latest;
    latest.head = {4, 7, 9};
    latest.after_pos = 9;
    latest.cursor = {4, 9, 77, 20'000};
    const auto head = protocol::JsonValue::parse(describe_head(codec, "t", latest), {});
    REQUIRE(head);
    CHECK(head->size() == 5);
    CHECK(head->find("first_pos")->integer() == 7);
    CHECK(head->find("last_pos")->integer() == 9);
    CHECK(head->find("epoch")->integer() == 4);
    CHECK(*codec.decode("t", head->find("latest_cursor")->string()) == latest.cursor);
    CHECK(*codec.decode("t", head->find("oldest_cursor")->string()) ==
          protocol::Cursor{4, 6, 0, 0});
}

}  // namespace hubtrail::edge
