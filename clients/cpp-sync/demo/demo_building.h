#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "clients/cpp-sync/batch_sender.h"

namespace hubtrail::sync {

/// A building with doors, people and their schedules, invented from a seed. Its clock is its own:
/// events follow one another over a simulated week, whatever the time of day outside, so that the
/// same seed tells the same story. Only the times written into an event come from the caller.
///
/// People are named by their role ("Guest 12"); nobody is meant.
/// Thread: main. One owner.
class DemoBuilding {
public:
    struct Options {
        std::uint64_t seed = 1;
        std::string site;
        /// Event ids are PREFIX-SEED-NUMBER: the same prefix and seed again is recognised as a
        /// duplicate by the server. 1-64 characters of A-Z a-z 0-9 . _ : -
        std::string run_prefix = "demo";
        int utc_offset_minutes = 60;
    };

    explicit DemoBuilding(const Options& options);

    /// The next event, as if it happened at `now_us`.
    OutEvent next(std::int64_t now_us);

private:
    enum class Role { employee, guest, cleaner, technician, manager };
    struct Door {
        std::string id;
        std::string name;
        std::string mac;
        std::string hub_id;  ///< the IQ that the lock talks through
        std::vector<Role> admits;
    };
    struct Person {
        std::string id;
        std::string title;
        int number;
        Role role;
        const char* key;
    };
    /// An end that belongs to an alarm told earlier.
    struct OpenIncident {
        std::string end_kind;
        std::size_t door;
        std::string correlation_id;
        std::uint64_t due;  ///< number of the event that is the end
    };

    void add_doors();
    void add_people();
    int hour() const { return static_cast<int>(minute_ / 60 % 24); }
    bool is_on_schedule(const Person& person) const;
    static bool admits(const Door& door, Role role);
    std::uint64_t pick(std::uint64_t bound) { return random_.below(bound); }

    OutEvent entry(std::int64_t now_us);
    OutEvent incident(std::int64_t now_us);
    OutEvent incident_event(std::int64_t now_us, const std::string& kind, std::size_t door,
                            const std::string& correlation_id);
    std::string next_id() const;

    Options options_;
    SeededRandom random_;
    std::vector<Door> doors_;
    std::vector<Person> people_;
    std::vector<OpenIncident> open_;
    std::uint64_t number_ = 0;       ///< of the event being made, from 1
    std::uint64_t minute_ = 7 * 60;  ///< of the simulated week
};

}  // namespace hubtrail::sync
