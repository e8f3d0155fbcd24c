#include "server/version.h"

#include "server/cli_parse.h"
#include "server/config_file.h"

namespace hubtrail::server {
namespace {

std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

}  // namespace

std::string product_version() {
    return HUBTRAIL_VERSION;
}

std::string version_text() {
    return "hubtrail " + product_version() + "\n" + "compiler: " + compiler() + "\n" +
           "libraries: " + HUBTRAIL_LIBRARIES + ", CLI11 " + command_line_library_version() +
           ", toml11 " + toml_library_version() + "\n";
}

}  // namespace hubtrail::server
