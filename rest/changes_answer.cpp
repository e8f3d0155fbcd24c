#include "rest/changes_answer.h"

#include "protocol/event.h"
#include "protocol/json.h"
#include "storage/position.h"

namespace hubtrail::rest {
namespace {

// Of one event without its body: pos, cursor, recorded_at and their names.
constexpr std::size_t kEventHeadBytes = 96 + protocol::kCursorCharsMax;

void append_events(std::string& out, const protocol::CursorCodec& codec, std::uint32_t tenant_hash,
                   std::uint32_t epoch, const std::vector<protocol::LogEvent>& events) {
    std::string cursor;
    for (const auto& event : events) {
        cursor.clear();
        codec.append(cursor, tenant_hash, storage::event_cursor(epoch, event));
        protocol::append_event_json(out, event, cursor);
        out.push_back(',');
    }
    if (!events.empty()) {
        out.pop_back();
    }
}

}  // namespace

std::string make_changes_body(const protocol::CursorCodec& codec, std::string_view tenant,
                              const follow::Range& range,
                              const std::vector<protocol::LogEvent>& events,
                              std::string_view share_id) {
    const auto tenant_hash = protocol::CursorCodec::hash_tenant(tenant);
    std::size_t bytes = 512 + 2 * share_id.size();
    for (const auto& event : events) {
        bytes += event.body.size() + kEventHeadBytes;
    }
    std::string out;
    out.reserve(bytes);
    out += R"({"changes":[)";
    append_events(out, codec, tenant_hash, range.cursor.epoch, events);
    out += R"(],"cursor":")";
    codec.append(out, tenant_hash, range.cursor);
    out += range.cursor.pos < range.head.last_pos ? R"(","has_more":true,"from":)"
                                                  : R"(","has_more":false,"from":)";
    out += std::to_string(range.from);
    out += R"(,"to":)";
    out += std::to_string(range.cursor.pos);
    out += R"(,"epoch":)";
    out += std::to_string(range.cursor.epoch);
    if (!share_id.empty()) {
        out += R"(,"share_id":)";
        protocol::append_json_string(out, share_id);
    }
    out += "}";
    return out;
}

}  // namespace hubtrail::rest
