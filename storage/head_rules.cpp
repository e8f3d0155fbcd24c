#include "storage/head_rules.h"

#include <algorithm>

namespace hubtrail::storage {

LogHead move_floor(const LogHead& head, std::int64_t first_pos) {
    LogHead moved = head;
    moved.first_pos = std::clamp(first_pos, head.first_pos, head.last_pos + 1);
    return moved;
}

LogHead begin_epoch(const LogHead& head) {
    return {head.epoch + 1, head.last_pos + 1, head.last_pos};
}

std::optional<std::string> check_rows(std::string_view tenant, const LogHead& head,
                                      const StoredRows& rows) {
    const bool readable = head.first_pos <= head.last_pos;
    const bool sound = head.first_pos >= 1 && head.first_pos <= head.last_pos + 1 &&
                       rows.last <= head.last_pos &&
                       (!readable || (rows.last == head.last_pos && rows.has_first));
    if (sound) {
        return std::nullopt;
    }
    return "tenant \"" + std::string(tenant) + "\": the head says positions " +
           std::to_string(head.first_pos) + " to " + std::to_string(head.last_pos) +
           ", the highest event stored is " + std::to_string(rows.last) +
           (!rows.has_first && readable ? ", and the first one is missing" : "");
}

}  // namespace hubtrail::storage
