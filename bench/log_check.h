#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubtrail::bench {

/// The body of one event of a run, for POST /api/v1/events: `number` comes back in what followers
/// get. `run` distinguishes it from all other runs.
std::string log_event(std::string_view run, std::uint64_t number, std::uint32_t bytes);
/// A name that no other run on this machine has.
std::string run_name();

/// Checks that every connection that follows a log by `Subscribe` sees each position behind the
/// beginning once, in order, and at each position an event of this run that no other position
/// holds. A record that has been read in full once is afterwards compared as bytes.
/// Thread: main.
class LogCheck {
public:
    /// All positions after `last_pos` hold the `events` events of `run`.
    LogCheck(std::size_t connections, std::string run, std::uint64_t last_pos,
             std::uint64_t events);

    enum class Verdict {
        events,  ///< see numbers()
        live,    ///< the connection has reached the head for the first time
        quiet,   ///< a heartbeat
        wrong    ///< see failure()
    };
    Verdict accept(std::size_t connection, std::string_view record);
    /// The numbers of the events in the record that was accepted last.
    const std::vector<std::uint64_t>& numbers() const { return numbers_; }

    /// How many events all connections have had together.
    std::uint64_t delivered() const { return delivered_; }
    std::size_t live() const { return live_; }
    const std::string& failure() const { return failure_; }

private:
    struct Slot {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        std::string record;
        std::vector<std::uint64_t> numbers;
    };

    Verdict read_in_full(std::string_view record, Slot& slot, std::uint64_t expected);
    Verdict wrong(std::string_view why, std::string_view record);

    std::string run_;
    std::vector<std::uint64_t> next_;    // by connection: a position
    std::vector<std::uint64_t> pos_of_;  // by number; 0: not seen yet
    std::vector<Slot> slots_;            // by position modulo size
    std::vector<std::uint64_t> numbers_;
    std::uint64_t delivered_ = 0;
    std::size_t live_ = 0;
    std::string failure_;
};

}  // namespace hubtrail::bench
