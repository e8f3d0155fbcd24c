#include "base/log.h"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include <unistd.h>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

/// What a line with this value looks like on standard error, from the event on.
std::string logged(LogFormat format, std::string_view value) {
    auto* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    std::fflush(stderr);
    const int kept = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    make_stderr_log(LogLevel::info, format)->info("happened", {{"text", value}});
    dup2(kept, STDERR_FILENO);
    close(kept);
    std::rewind(file);
    std::array<char, 512> bytes{};
    const auto size = std::fread(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
    const std::string line(bytes.data(), size);
    return line.substr(line.find(format == LogFormat::json ? "\"event\"" : "happened"));
}

TEST_CASE("A line of the log is UTF-8, whatever it quotes", "[base]") {
    CHECK(logged(LogFormat::text, "caf\xC3\xA9") == "happened text=caf\xC3\xA9\n");
    CHECK(logged(LogFormat::text, "caf\xE9") == "happened text=\"caf\xEF\xBF\xBD\"\n");
    CHECK(logged(LogFormat::json, "caf\xE9\n") ==
          "\"event\":\"happened\",\"text\":\"caf\xEF\xBF\xBD\\u000a\"}\n");
}

}  // namespace
}  // namespace hubtrail
