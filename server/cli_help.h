#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hubtrail::server {

inline constexpr std::size_t kHelpColumns = 79;
inline constexpr std::size_t kHelpTextColumn = 27;

/// A space in a HelpRow::text at which no line ends.
inline constexpr char kNoBreak = '\x1f';
/// A longer argument is not quoted in an error: it may be a token.
inline constexpr std::size_t kQuotedArgumentBytesMax = 40;

struct HelpRow {
    std::string name;  ///< "--listen ADDR:PORT"
    std::string text;
};

/// What `--help` says; empty parts are left out.
struct HelpPage {
    std::string usage;  ///< what follows "Usage: "
    std::string about;
    std::vector<HelpRow> verbs;
    std::vector<HelpRow> options;
    std::vector<std::string> examples;  ///< printed as they are
    std::string closing;
};

/// No line of it is longer than kHelpColumns, unless a single word or an example is. Thread: any.
std::string render_help(const HelpPage& page);

/// The error for an argument that a verb does not take, with the flag or verb that is most like it.
/// `verbs` is empty where no verb is expected. Thread: any.
std::string explain_unexpected(const std::string& argument, const std::vector<std::string>& flags,
                               const std::vector<std::string>& verbs);

}  // namespace hubtrail::server
