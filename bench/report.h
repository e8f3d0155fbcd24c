#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace hubtrail::bench {

/// Why a run could not be finished or what was wrong with the content. Ready to print.
struct BenchError {
    std::string text;
};

/// One measured value. The unit is part of the name (`server_cpu_us_per_delivery`).
struct Figure {
    std::string name;
    double value;
    friend bool operator==(const Figure&, const Figure&) = default;
};

/// What one scenario measured. With a failure the figures are what was known until then and must
/// not be compared.
struct Report {
    std::string scenario;
    std::vector<Figure> options;  ///< what was asked for, in order
    std::vector<Figure> figures;  ///< what was measured, in order
    std::string failure;          ///< empty: the content check passed

    bool passed() const { return failure.empty(); }
    void add(std::string name, double value) { figures.push_back({std::move(name), value}); }
};

/// The machine that a figure belongs to.
struct Machine {
    std::string cpu;
    int cores = 0;
    std::string kernel;
    std::string date;  ///< RFC 3339, UTC, seconds
};

/// From /proc and uname; fields that cannot be read stay empty.
Machine this_machine();

/// A table for people; ends with a line break. The last line is `ok` or `FAILED: why`.
std::string report_table(const Report& report, const Machine& machine);

/// One JSON object on one line: scenario, ok, failure, options, figures, machine.
std::string report_json(const Report& report, const Machine& machine);

enum class OutputFormat { table, json };

/// Writes the report to `out` and gives the exit code of the process: 0 passed, 1 failed. A
/// failure is also said on standard error, so that it is seen when `out` is a file.
int print_report(const Report& report, OutputFormat format, std::FILE* out);

}  // namespace hubtrail::bench
