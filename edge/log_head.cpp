#include "edge/log_head.h"

namespace hubtrail::edge {

std::string describe_head(const protocol::CursorCodec& codec, std::string_view tenant,
                          const storage::StartPosition& latest) {
    return R"({"oldest_cursor":")" + codec.encode(tenant, storage::oldest_cursor(latest.head)) +
           R"(","latest_cursor":")" + codec.encode(tenant, latest.cursor) + R"(","first_pos":)" +
           std::to_string(latest.head.first_pos) + R"(,"last_pos":)" +
           std::to_string(latest.head.last_pos) + R"(,"epoch":)" +
           std::to_string(latest.head.epoch) + "}";
}

}  // namespace hubtrail::edge
