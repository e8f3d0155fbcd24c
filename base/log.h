#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hubtrail {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { text, json };

/// One named value of a log line. Values are escaped by the writer, so they may quote a peer.
struct LogField {
    LogField(std::string_view name, std::string_view text)
        : key(name), value(text), number(false) {}
    LogField(std::string_view name, const char* text) : key(name), value(text), number(false) {}
    LogField(std::string_view name, std::string text)
        : key(name), value(std::move(text)), number(false) {}
    LogField(std::string_view name, std::integral auto n)
        : key(name), value(std::to_string(n)), number(true) {}

    std::string_view key;
    std::string value;
    bool number;
};

/// Where the server says what happens to it: one line per event, an event name and fields.
/// Never pass a token or a secret. Thread: any.
class Log {
public:
    virtual ~Log() = default;
    virtual void write(LogLevel level, std::string_view event,
                       std::initializer_list<LogField> fields) = 0;

    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::debug, event, fields);
    }
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::info, event, fields);
    }
    void warn(std::string_view event, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::warn, event, fields);
    }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::error, event, fields);
    }
};

/// A log on standard error through spdlog. Lines below `lowest` are not written.
std::unique_ptr<Log> make_stderr_log(LogLevel lowest, LogFormat format);

/// A log that keeps nothing; for tests that do not look.
std::unique_ptr<Log> make_null_log();

}  // namespace hubtrail
