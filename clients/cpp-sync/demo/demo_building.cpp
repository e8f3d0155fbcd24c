#include "clients/cpp-sync/demo/demo_building.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/ascii.h"
#include "protocol/event.h"
#include "protocol/json_slices.h"

namespace hubtrail::sync {
namespace {

constexpr std::uint64_t kMinutesPerWeek = 7 * 24 * 60;
constexpr std::size_t kRooms = 12;
constexpr std::size_t kLocksPerHub = 5;
constexpr std::uint64_t kIncidentPercent = 8;
constexpr std::uint64_t kTriesForSchedule = 6;

/// What the log is told, and what ends it (contract 4.1 row 9); no end: an incident of a moment.
struct IncidentKind {
    const char* kind;
    const char* end;
    std::uint64_t weight;
};
constexpr std::array kIncidents{
    IncidentKind{"door_left_open_alarm", "end_of_door_left_open_alarm", 40},
    IncidentKind{"intrusion_alarm", "end_of_intrusion_alarm", 6},
    IncidentKind{"tamper_alarm", "end_of_tamper_alarm", 4},
    IncidentKind{"lock_connection_lost", "lock_connection_restored", 14},
    IncidentKind{"iq_connection_lost", "iq_connection_restored", 6},
    IncidentKind{"low_battery_warning", nullptr, 16},
    IncidentKind{"lock_time_set", nullptr, 8},
    IncidentKind{"easyofficemode_finish_failed", nullptr, 4},
    IncidentKind{"unknown", nullptr, 2},
};

/// `2026-05-04T10:00:01`: the clock on the wall of a place so many minutes ahead of UTC.
std::string local_time_text(std::int64_t wall_us, int utc_offset_minutes) {
    constexpr std::int64_t kUsPerMinute = 60'000'000;
    auto text = protocol::time_text(wall_us + utc_offset_minutes * kUsPerMinute);
    text.resize(text.find('.'));
    return text;
}

std::string numbered(const char* format, std::uint64_t number) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, static_cast<unsigned long long>(number));
    return text.data();
}

const IncidentKind& pick_kind(std::uint64_t draw) {
    for (const auto& kind : kIncidents) {
        if (draw < kind.weight) {
            return kind;
        }
        draw -= kind.weight;
    }
    return kIncidents.back();
}

constexpr std::uint64_t total_weight() {
    std::uint64_t total = 0;
    for (const auto& kind : kIncidents) {
        total += kind.weight;
    }
    return total;
}

}  // namespace

DemoBuilding::DemoBuilding(const Options& options) : options_(options), random_(options.seed) {
    add_doors();
    add_people();
}

void DemoBuilding::add_doors() {
    using R = Role;
    const std::vector<R> everybody{R::employee, R::guest, R::cleaner, R::technician, R::manager};
    const std::vector<R> staff{R::employee, R::cleaner, R::technician, R::manager};
    const auto add = [this](const std::string& name, const std::vector<R>& roles) {
        const auto number = doors_.size() + 1;
        doors_.push_back({numbered("lock-%02llu", number), name,
                          numbered("02:00:00:00:00:%02llx", number),
                          numbered("iq-%llu", (number - 1) / kLocksPerHub + 1), roles});
    };
    add("Main entrance", everybody);
    add("Side entrance", staff);
    add("Gym", {R::guest, R::employee, R::manager});
    add("Meeting room", {R::employee, R::guest, R::manager});
    add("Office", {R::employee, R::manager, R::cleaner});
    add("Store room", {R::cleaner, R::technician, R::manager});
    add("Plant room", {R::technician, R::manager});
    for (std::size_t room = 1; room <= kRooms; ++room) {
        add(numbered("Room 1%02llu", room), {R::guest, R::cleaner, R::manager});
    }
}

void DemoBuilding::add_people() {
    const auto add = [this](const char* title, Role role, int count, const char* key) {
        for (int number = 1; number <= count; ++number) {
            std::string id = "user-" + std::string(title) + "-" + std::to_string(number);
            std::transform(id.begin(), id.end(), id.begin(),
                           [](char c) { return c == ' ' ? '-' : to_lower(c); });
            people_.push_back({id, title, number, role, key});
        }
    };
    add("Guest", Role::guest, 24, "mobile_key");
    add("Employee", Role::employee, 10, "tag");
    add("Cleaner", Role::cleaner, 3, "tag");
    add("Technician", Role::technician, 2, "pin");
    add("Site manager", Role::manager, 1, "mobile_key");
}

bool DemoBuilding::is_on_schedule(const Person& person) const {
    const bool is_weekday = minute_ / (24 * 60) % 7 < 5;
    switch (person.role) {
        case Role::employee:
            return is_weekday && hour() >= 7 && hour() < 19;
        case Role::cleaner:
            return hour() >= 5 && hour() < 11;
        case Role::technician:
            return is_weekday && hour() >= 8 && hour() < 17;
        case Role::guest:
            return hour() >= 6;
        case Role::manager:
            return true;
    }
    return false;
}

bool DemoBuilding::admits(const Door& door, Role role) {
    return std::find(door.admits.begin(), door.admits.end(), role) != door.admits.end();
}

std::string DemoBuilding::next_id() const {
    return options_.run_prefix + "-" + std::to_string(options_.seed) + "-" +
           std::to_string(number_);
}

OutEvent DemoBuilding::next(std::int64_t now_us) {
    ++number_;
    // Nights are quiet: the same number of events covers more minutes.
    minute_ = (minute_ + 1 + pick(hour() < 6 ? 20 : 3)) % kMinutesPerWeek;
    const auto due = std::find_if(open_.begin(), open_.end(),
                                  [this](const OpenIncident& open) { return open.due <= number_; });
    if (due != open_.end()) {
        const auto end = *due;
        open_.erase(due);
        return incident_event(now_us, end.end_kind, end.door, end.correlation_id);
    }
    return pick(100) < kIncidentPercent ? incident(now_us) : entry(now_us);
}

OutEvent DemoBuilding::entry(std::int64_t now_us) {
    // Mostly somebody whose hours these are; now and then somebody tries outside them.
    const Person* person = &people_[pick(people_.size())];
    for (std::uint64_t tries = 0; tries < kTriesForSchedule && !is_on_schedule(*person); ++tries) {
        person = &people_[pick(people_.size())];
    }
    const Door* door = &doors_[pick(doors_.size())];
    for (int tries = 0; tries < 3 && !admits(*door, person->role); ++tries) {
        door = &doors_[pick(doors_.size())];
    }
    const char* refusal = !admits(*door, person->role) ? "no_access"
                          : !is_on_schedule(*person)   ? "outside_schedule"
                          : pick(50) == 0              ? "key_expired"
                                                       : nullptr;
    const char* category = refusal != nullptr                                  ? "rejection"
                           : door->name == "Office" && pick(4) == 0            ? "office_mode"
                           : door->name.substr(0, 4) == "Room" && pick(5) == 0 ? "privacy_mode"
                                                                               : "entry";
    const auto id = next_id();
    const auto name = person->title + " " + std::to_string(person->number);
    auto lock = protocol::JsonObjectWriter()
                    .text("id", door->id)
                    .text("customer_reference", door->name)
                    .finish();
    protocol::JsonObjectWriter data;
    data.text("utc_date_time", protocol::time_text(now_us))
        .text("local_date_time", local_time_text(now_us, options_.utc_offset_minutes))
        .text("event_category", category)
        .text("access_by", person->key)
        .text("user_first_name", person->title)
        .text("user_last_name", std::to_string(person->number))
        .text("user_alias", name)
        .raw("lock", lock);
    if (refusal != nullptr) {
        data.text("reason", refusal);
    }
    protocol::JsonObjectWriter event;
    event.text("id", id)
        .text("stream", "entries")
        .text("type", refusal != nullptr ? "entry.denied" : "entry.granted")
        .text("resource_type", "lock")
        .text("resource_id", door->id)
        .text("site_id", options_.site)
        .text("user_id", person->id)
        .text("actor", name)
        .text("occurred_at", protocol::time_text(now_us))
        .raw("data", data.finish());
    return {id, event.finish()};
}

OutEvent DemoBuilding::incident(std::int64_t now_us) {
    const auto& kind = pick_kind(pick(total_weight()));
    const auto door = static_cast<std::size_t>(pick(doors_.size()));
    if (kind.end == nullptr) {
        return incident_event(now_us, kind.kind, door, "");
    }
    const auto correlation_id = next_id();
    open_.push_back({kind.end, door, correlation_id, number_ + 3 + pick(25)});
    return incident_event(now_us, kind.kind, door, correlation_id);
}

OutEvent DemoBuilding::incident_event(std::int64_t now_us, const std::string& kind,
                                      std::size_t door_index, const std::string& correlation_id) {
    const auto& door = doors_[door_index];
    const bool is_online = kind != "lock_connection_lost" && kind != "iq_connection_lost";
    const auto id = next_id();
    auto lock = protocol::JsonObjectWriter()
                    .text("id", door.id)
                    .text("customer_reference", door.name)
                    .text("mac_address", door.mac)
                    .raw("is_online", is_online ? "true" : "false")
                    .finish();
    auto hub = protocol::JsonObjectWriter().text("id", door.hub_id).finish();
    auto data = protocol::JsonObjectWriter()
                    .text("type", kind)
                    .text("utc_date_time", protocol::time_text(now_us))
                    .text("local_date_time", local_time_text(now_us, options_.utc_offset_minutes))
                    .raw("lock", lock)
                    .raw("iq", hub)
                    .finish();
    protocol::JsonObjectWriter event;
    event.text("id", id)
        .text("stream", "incidents")
        .text("type", "incident." + kind)
        .text("resource_type", "lock")
        .text("resource_id", door.id)
        .text("site_id", options_.site)
        .text("actor", door.name)
        .text_if_any("correlation_id", correlation_id)
        .text("occurred_at", protocol::time_text(now_us))
        .raw("data", data);
    return {id, event.finish()};
}

}  // namespace hubtrail::sync
