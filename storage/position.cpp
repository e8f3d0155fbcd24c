#include "storage/position.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "protocol/event.h"

namespace hubtrail::storage {
namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int64_t kPastTheHead = std::numeric_limits<std::int64_t>::max() / 2;

std::uint16_t day_of(std::int64_t wall_us) {
    return static_cast<std::uint16_t>(wall_us / kDayUs);
}

// What the database said is in our log; it is not for peers.
PositionError unavailable() {
    return {503, "unavailable", "the log cannot be used at the moment", {}};
}

protocol::Cursor oldest_cursor(const LogHead& head) {
    protocol::Cursor cursor;
    cursor.epoch = head.epoch;
    cursor.pos = head.first_pos - 1;
    return cursor;
}

PositionError lost(const protocol::CursorCodec& codec, std::string_view tenant,
                   const StartPosition& latest, const char* code, std::string text,
                   std::int64_t lost_at_least) {
    PositionError error{410, code, std::move(text), {}};
    error.details_json =
        R"({"oldest_cursor":")" + codec.encode(tenant, oldest_cursor(latest.head)) +
        R"(","latest_cursor":")" + codec.encode(tenant, latest.cursor) + R"(","lost_at_least":)" +
        std::to_string(std::max<std::int64_t>(lost_at_least, 0)) + "}";
    return error;
}

// Everything that needs no second look at the log; nothing when the fingerprint has to be compared.
std::optional<Result<StartPosition, PositionError>> judge(const protocol::CursorCodec& codec,
                                                          std::string_view tenant,
                                                          const protocol::Cursor& cursor,
                                                          const StartPosition& latest) {
    const auto& head = latest.head;
    if (cursor.epoch != head.epoch) {
        return Result<StartPosition, PositionError>(Failure{lost(
            codec, tenant, latest, "log-reset",
            "the log was reset since this cursor was made; take a new one and synchronise afresh",
            0)});
    }
    if (cursor.pos > head.last_pos) {
        return Result<StartPosition, PositionError>(Failure{PositionError{
            400, "cursor-ahead", "the cursor lies beyond the newest event of this log", {}}});
    }
    if (cursor.pos < head.first_pos - 1) {
        return Result<StartPosition, PositionError>(
            Failure{lost(codec, tenant, latest, "cursor-expired",
                         "events after this cursor are no longer kept; restart at oldest_cursor",
                         head.first_pos - 1 - cursor.pos)});
    }
    if (cursor.pos == latest.after_pos && cursor.fingerprint == latest.cursor.fingerprint) {
        return Result<StartPosition, PositionError>(latest);
    }
    if (cursor.pos == head.first_pos - 1) {
        return Result<StartPosition, PositionError>(StartPosition{head, cursor.pos, cursor});
    }
    return std::nullopt;
}

struct Resolution {
    LogService& service;
    const protocol::CursorCodec& codec;
    std::string tenant;
    StartPosition latest;
    StartDone done;

    void start_at(std::int64_t pos) {
        if (pos == latest.after_pos || pos < latest.head.first_pos) {
            done(pos == latest.after_pos ? latest
                                         : StartPosition{latest.head, latest.head.first_pos - 1,
                                                         oldest_cursor(latest.head)});
            return;
        }
        service.at(tenant, pos, [self = *this, pos](auto event) mutable {
            if (!event) {
                self.done(Failure{unavailable()});
            } else if (!*event) {
                self.start_at(0);  // retention took it meanwhile: the floor is the answer
            } else {
                self.done(StartPosition{self.latest.head, pos,
                                        event_cursor(self.latest.head.epoch, **event)});
            }
        });
    }

    void verify(const protocol::Cursor& cursor) {
        if (auto verdict = judge(codec, tenant, cursor, latest)) {
            done(std::move(*verdict));
            return;
        }
        service.at(tenant, cursor.pos, [self = *this, cursor](auto event) mutable {
            if (!event) {
                self.done(Failure{unavailable()});
            } else if (!*event || (*event)->fingerprint != cursor.fingerprint) {
                self.done(
                    Failure{lost(self.codec, self.tenant, self.latest, "log-reset",
                                 "the event that this cursor names is not the one in the log: the "
                                 "log was restored; synchronise afresh",
                                 0)});
            } else {
                self.done(StartPosition{self.latest.head, cursor.pos, cursor});
            }
        });
    }
};

}  // namespace

protocol::Cursor page_cursor(const Page& page) {
    return {page.head.epoch, page.to, page.to_fingerprint, day_of(page.to_recorded_us)};
}

protocol::Cursor event_cursor(std::uint32_t epoch, const protocol::LogEvent& event) {
    return {epoch, event.pos, event.fingerprint, day_of(event.recorded_us)};
}

void resolve_start(LogService& service, const protocol::CursorCodec& codec, std::string tenant,
                   std::string_view cursor, std::string_view since, StartDone done) {
    std::optional<protocol::Cursor> wanted;
    std::optional<std::int64_t> time;
    if (!cursor.empty()) {
        auto decoded = codec.decode(tenant, cursor);
        if (!decoded) {
            done(
                Failure{PositionError{400,
                                      "cursor-invalid",
                                      decoded.error() == protocol::CursorErrc::other_tenant
                                          ? "the cursor belongs to another tenant"
                                          : "the cursor is damaged or was not made by this service",
                                      {}}});
            return;
        }
        wanted = *decoded;
    } else if (!since.empty() && since != "latest" && since != "earliest") {
        auto parsed = protocol::parse_time(since);
        if (!parsed) {
            done(Failure{PositionError{
                400,
                "since-invalid",
                "since must be earliest, latest or an RFC 3339 time: " + parsed.error(),
                {}}});
            return;
        }
        time = *parsed;
    }
    const bool earliest = since == "earliest";
    ReadRequest request;
    request.tenant = tenant;
    request.after_pos = kPastTheHead;
    request.events_max = 1;
    service.read(std::move(request), [&service, &codec, tenant = std::move(tenant), wanted, time,
                                      earliest, done = std::move(done)](auto page) mutable {
        if (!page) {
            done(Failure{unavailable()});
            return;
        }
        StartPosition latest{page->head, page->head.last_pos, page_cursor(*page)};
        latest.cursor.pos = page->head.last_pos;
        Resolution resolution{service, codec, std::move(tenant), latest, std::move(done)};
        if (wanted) {
            resolution.verify(*wanted);
        } else if (earliest) {
            resolution.start_at(0);
        } else if (time) {
            service.last_before(resolution.tenant, *time, [resolution](auto pos) mutable {
                if (pos) {
                    resolution.start_at(*pos);
                } else {
                    resolution.done(Failure{unavailable()});
                }
            });
        } else {
            resolution.done(latest);
        }
    });
}

std::string describe_head(const protocol::CursorCodec& codec, std::string_view tenant,
                          const StartPosition& latest) {
    return R"({"oldest_cursor":")" + codec.encode(tenant, oldest_cursor(latest.head)) +
           R"(","latest_cursor":")" + codec.encode(tenant, latest.cursor) + R"(","first_pos":)" +
           std::to_string(latest.head.first_pos) + R"(,"last_pos":)" +
           std::to_string(latest.head.last_pos) + R"(,"epoch":)" +
           std::to_string(latest.head.epoch) + "}";
}

}  // namespace hubtrail::storage
