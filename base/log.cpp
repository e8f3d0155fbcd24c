#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/utf8.h"

namespace hubtrail {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

// Control characters become escapes: a peer's text must not start a line of its own. What is not
// UTF-8 becomes U+FFFD: nobody could read the lines around it as text.
void append_quoted(std::string& out, std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string buffer;
    out.push_back('"');
    for (const char c : valid_utf8(text, buffer)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\u00";
            out.push_back(kHex[byte >> 4U]);
            out.push_back(kHex[byte & 0x0FU]);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

bool is_plain(std::string_view text) {
    if (text.empty()) {
        return false;
    }
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7F || c == '"' || c == '\\' || c == '=') {
            return false;
        }
    }
    return is_utf8(text);
}

class StderrLog final : public Log {
public:
    StderrLog(LogLevel lowest, LogFormat format)
        : format_(format),
          logger_("hubtrail", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
        logger_.set_level(spdlog_level(lowest));
        logger_.flush_on(spdlog::level::debug);
        auto formatter = std::make_unique<spdlog::pattern_formatter>(
            format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                      : "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v",
            spdlog::pattern_time_type::utc);
        logger_.set_formatter(std::move(formatter));
    }

    void write(LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields) override {
        if (!logger_.should_log(spdlog_level(level))) {
            return;
        }
        std::string line;
        if (format_ == LogFormat::json) {
            line += "\"event\":";
            append_quoted(line, event);
            for (const auto& field : fields) {
                line.push_back(',');
                append_quoted(line, field.key);
                line.push_back(':');
                if (field.number) {
                    line += field.value;
                } else {
                    append_quoted(line, field.value);
                }
            }
        } else {
            line += event;
            for (const auto& field : fields) {
                line.push_back(' ');
                line += field.key;
                line.push_back('=');
                if (is_plain(field.value)) {
                    line += field.value;
                } else {
                    append_quoted(line, field.value);
                }
            }
        }
        logger_.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
    }

private:
    LogFormat format_;
    spdlog::logger logger_;
};

class NullLog final : public Log {
public:
    void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

std::unique_ptr<Log> make_stderr_log(LogLevel lowest, LogFormat format) {
    return std::make_unique<StderrLog>(lowest, format);
}

std::unique_ptr<Log> make_null_log() {
    return std::make_unique<NullLog>();
}

}  // namespace hubtrail
