#include "hub/connection/hub_options.h"

namespace hubtrail::hub {

std::string error_text(const HubOptions& options, std::string_view base, std::string_view detail) {
    std::string text(base);
    if (options.detailed_errors && !detail.empty()) {
        text += ' ';
        text += detail;
    }
    return text;
}

}  // namespace hubtrail::hub
