#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/flag.h"
#include "bench/report.h"
#include "bench/target_flags.h"

/// The scenarios as the command line sees them. A new one is a row in scenarios.cpp and its run
/// function; nobody else names it.
namespace hubtrail::bench {

/// One scenario that was asked for: its options, at their defaults until somebody writes through
/// the flags. Thread: main.
class ScenarioCall {
public:
    virtual ~ScenarioCall() = default;
    /// The scenario's own, in the order of the help.
    virtual std::vector<Flag> flags() = 0;
    virtual Target& target() = 0;
    /// Blocks until the run has ended; see bench.h.
    virtual Report run() const = 0;
};

/// What the help says of a scenario, and how to begin it.
struct Scenario {
    std::string name;     ///< its verb
    std::string summary;  ///< its line in the list of scenarios
    std::string about;
    std::string example;
    Encodings encodings;
    std::unique_ptr<ScenarioCall> (*make)();
};

/// In the order of the help. Thread: any.
const std::vector<Scenario>& scenarios();

}  // namespace hubtrail::bench
