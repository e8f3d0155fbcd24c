#include "storage/position.h"

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

PositionError store_failed(const StoreError& error) {
    PositionError made;
    made.code = passes(error.code) ? PositionErrc::unavailable : PositionErrc::failed;
    made.detail = error.detail;
    return made;
}

PositionError refusal(PositionErrc code) {
    PositionError error;
    error.code = code;
    return error;
}

PositionError loss(PositionErrc code, const StartPosition& latest, std::int64_t lost_at_least) {
    PositionError error;
    error.code = code;
    error.oldest = oldest_cursor(latest.head);
    error.latest = latest.cursor;
    error.lost_at_least = lost_at_least;
    return error;
}

// A position against the bounds of the log; nothing when it lies within.
std::optional<PositionError> check_bounds(std::int64_t pos, const StartPosition& latest) {
    const auto& head = latest.head;
    if (pos > head.last_pos) {
        return refusal(PositionErrc::ahead);
    }
    if (pos < head.first_pos - 1) {
        return loss(PositionErrc::expired, latest, head.first_pos - 1 - pos);
    }
    return std::nullopt;
}

/// One start on its way. Thread: any, one after the other.
struct Resolution {
    LogService& service;
    std::string tenant;
    StartPosition latest;
    StartDone done;

    // `pos` lies between floor and head. Retention may take it meanwhile: then nothing is known of
    // it but the place.
    void start_within(std::int64_t pos) {
        const auto epoch = latest.head.epoch;
        if (pos == latest.after_pos) {
            done(latest);
        } else if (pos < latest.head.first_pos) {
            done(StartPosition{latest.head, latest.head.first_pos - 1, oldest_cursor(latest.head)});
        } else {
            service.at(tenant, pos, [self = *this, pos, epoch](auto event) mutable {
                if (!event) {
                    self.done(Failure{store_failed(event.error())});
                } else {
                    protocol::Cursor place;
                    place.epoch = epoch;
                    place.pos = pos;
                    self.done(StartPosition{self.latest.head, pos,
                                            *event ? event_cursor(epoch, **event) : place});
                }
            });
        }
    }

    void start_at_time(std::int64_t time_us) {
        service.last_before(tenant, time_us, [self = *this](auto pos) mutable {
            if (!pos) {
                self.done(Failure{store_failed(pos.error())});
            } else {
                self.start_within(*pos);
            }
        });
    }

    void start_at_position(std::int64_t pos) {
        if (auto error = check_bounds(pos, latest)) {
            done(Failure{std::move(*error)});
        } else {
            start_within(pos);
        }
    }

    void start_at_cursor(const protocol::Cursor& cursor) {
        const auto& head = latest.head;
        if (cursor.epoch != head.epoch) {
            done(Failure{loss(PositionErrc::reset, latest, 0)});
        } else if (auto error = check_bounds(cursor.pos, latest)) {
            done(Failure{std::move(*error)});
        } else if (cursor.pos == latest.after_pos &&
                   cursor.fingerprint == latest.cursor.fingerprint) {
            done(latest);
        } else if (cursor.pos == head.first_pos - 1) {
            done(StartPosition{head, cursor.pos, cursor});
        } else {
            compare_fingerprint(cursor);
        }
    }

    void compare_fingerprint(const protocol::Cursor& cursor) {
        service.at(tenant, cursor.pos, [self = *this, cursor](auto event) mutable {
            if (!event) {
                self.done(Failure{store_failed(event.error())});
            } else if (!*event || (*event)->fingerprint != cursor.fingerprint) {
                self.done(Failure{loss(PositionErrc::restored, self.latest, 0)});
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

protocol::Cursor oldest_cursor(const LogHead& head) {
    protocol::Cursor cursor;
    cursor.epoch = head.epoch;
    cursor.pos = head.first_pos - 1;
    return cursor;
}

void resolve_start(LogService& service, const protocol::CursorCodec& codec, std::string tenant,
                   const protocol::LogStart& start, StartDone done) {
    using Kind = protocol::LogStart::Kind;
    protocol::Cursor cursor;
    if (start.kind == Kind::cursor) {
        auto decoded = codec.decode(tenant, start.cursor);
        if (!decoded) {
            done(Failure{refusal(decoded.error() == protocol::CursorErrc::other_tenant
                                     ? PositionErrc::cursor_foreign
                                     : PositionErrc::cursor_invalid)});
            return;
        }
        cursor = *decoded;
    }
    ReadRequest request;
    request.tenant = tenant;
    request.after_pos = kPastTheHead;
    request.events_max = 1;
    service.read(std::move(request),
                 [&service, tenant = std::move(tenant), kind = start.kind, number = start.number,
                  cursor, done = std::move(done)](auto page) mutable {
                     if (!page) {
                         done(Failure{store_failed(page.error())});
                         return;
                     }
                     StartPosition latest{page->head, page->head.last_pos, page_cursor(*page)};
                     latest.cursor.pos = page->head.last_pos;
                     Resolution resolution{service, std::move(tenant), latest, std::move(done)};
                     switch (kind) {
                         case Kind::latest:
                             return resolution.done(latest);
                         case Kind::earliest:
                             return resolution.start_within(0);
                         case Kind::time:
                             return resolution.start_at_time(number);
                         case Kind::position:
                             return resolution.start_at_position(number);
                         case Kind::cursor:
                             return resolution.start_at_cursor(cursor);
                     }
                 });
}

}  // namespace hubtrail::storage
