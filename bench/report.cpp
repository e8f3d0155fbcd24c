#include "bench/report.h"

#include <array>
#include <cmath>
#include <ctime>
#include <fstream>
#include <string_view>

#include <sys/utsname.h>
#include <unistd.h>

namespace hubtrail::bench {
namespace {

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(": ");
        if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return {};
}

std::string number(double value) {
    std::array<char, 64> text;
    if (std::floor(value) == value && std::fabs(value) < 1e15) {
        std::snprintf(text.data(), text.size(), "%.0f", value);
    } else {
        std::snprintf(text.data(), text.size(), "%.4g", value);
    }
    // %.4g turns to exponents from 1e4 on, which JSON allows but people do not like to read.
    if (std::string_view(text.data()).find('e') != std::string_view::npos) {
        std::snprintf(text.data(), text.size(), "%.*f", std::fabs(value) < 1 ? 9 : 1, value);
    }
    return text.data();
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> escape;
            std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
            out += escape.data();
        } else if (static_cast<unsigned char>(c) >= 0x7f) {
            out += '?';  // may quote a peer's bytes, which need not be UTF-8
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string object(const std::vector<Figure>& figures) {
    std::string out = "{";
    for (const Figure& figure : figures) {
        out += (out.size() > 1 ? "," : "") + quoted(figure.name) + ":" + number(figure.value);
    }
    return out + "}";
}

std::string row(std::string_view name, std::string_view value) {
    std::array<char, 256> line;
    std::snprintf(line.data(), line.size(), "  %-34.*s %14.*s\n", static_cast<int>(name.size()),
                  name.data(), static_cast<int>(value.size()), value.data());
    return line.data();
}

}  // namespace

Machine this_machine() {
    Machine machine;
    machine.cpu = cpu_model();
    machine.cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    utsname names{};
    if (uname(&names) == 0) {
        machine.kernel = std::string(names.sysname) + " " + names.release;
    }
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 32> text;
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    machine.date = text.data();
    return machine;
}

std::string report_table(const Report& report, const Machine& machine) {
    std::string out = report.scenario + "  (" + machine.cpu + ", " + std::to_string(machine.cores) +
                      " cores, " + machine.kernel + ", " + machine.date + ")\n";
    for (const Figure& option : report.options) {
        out += row(option.name, number(option.value));
    }
    out += "  " + std::string(49, '-') + "\n";
    for (const Figure& figure : report.figures) {
        out += row(figure.name, number(figure.value));
    }
    return out + (report.passed() ? "ok\n" : "FAILED: " + report.failure + "\n");
}

std::string report_json(const Report& report, const Machine& machine) {
    return "{\"scenario\":" + quoted(report.scenario) +
           ",\"ok\":" + (report.passed() ? "true" : "false") +
           ",\"failure\":" + (report.passed() ? "null" : quoted(report.failure)) +
           ",\"options\":" + object(report.options) + ",\"figures\":" + object(report.figures) +
           R"(,"machine":{"cpu":)" + quoted(machine.cpu) +
           ",\"cores\":" + std::to_string(machine.cores) + ",\"kernel\":" + quoted(machine.kernel) +
           ",\"date\":" + quoted(machine.date) + "}}";
}

int print_report(const Report& report, OutputFormat format, std::FILE* out) {
    const Machine machine = this_machine();
    const std::string text = format == OutputFormat::json ? report_json(report, machine) + "\n"
                                                          : report_table(report, machine);
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
    if (!report.passed()) {
        std::fprintf(stderr, "FAILED: %s\n", report.failure.c_str());
    }
    return report.passed() ? 0 : 1;
}

}  // namespace hubtrail::bench
