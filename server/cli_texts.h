#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hubtrail::server {

/// What the help says about a verb beside its flags.
struct VerbText {
    std::string summary;  ///< its line in the list of verbs
    std::string about;
    std::vector<std::string> examples;
    std::string closing;
};

/// By full name: "hubtrail", "hubtrail serve", "hubtrail bench fanout". Thread: any.
const VerbText& verb_text(std::string_view full_name);

}  // namespace hubtrail::server
