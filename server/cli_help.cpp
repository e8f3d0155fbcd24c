#include "server/cli_help.h"

#include <algorithm>

#include "server/config_nearest.h"

namespace hubtrail::server {
namespace {

constexpr std::size_t kIndent = 2;

/// `out` ends at `column` of a line; goes on with the words, wrapped and indented by `indent`.
void append_wrapped(std::string& out, std::size_t column, std::size_t indent,
                    std::string_view text) {
    bool at_start = true;
    while (!text.empty()) {
        const auto space = text.find(' ');
        const auto word = text.substr(0, space);
        if (!at_start && column + 1 + word.size() > kHelpColumns) {
            out += '\n' + std::string(indent, ' ');
            column = indent;
            at_start = true;
        }
        if (!at_start) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
        at_start = false;
        text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    }
    out += '\n';
}

/// Verbs are short, so their texts begin right behind the longest one.
std::size_t text_column(const std::vector<HelpRow>& rows, std::size_t column_max) {
    std::size_t longest = 0;
    for (const auto& row : rows) {
        longest = std::max(longest, row.name.size());
    }
    return std::min(column_max, kIndent + longest + 2);
}

void append_rows(std::string& out, std::string_view title, const std::vector<HelpRow>& rows) {
    if (rows.empty()) {
        return;
    }
    out += "\n" + std::string(title) + ":\n";
    const auto column = text_column(rows, kHelpTextColumn);
    for (const auto& row : rows) {
        auto name = std::string(kIndent, ' ') + row.name;
        if (name.size() + 2 > column) {
            out += name + "\n";
            name.clear();
        }
        name.resize(column, ' ');
        out += name;
        append_wrapped(out, column, column, row.text);
    }
}

}  // namespace

std::string render_help(const HelpPage& page) {
    std::string out;
    append_wrapped(out, 0, 0, page.about);
    constexpr std::string_view kUsage = "Usage: ";
    out += '\n';
    out += kUsage;
    append_wrapped(out, kUsage.size(), kUsage.size() + kIndent, page.usage);
    append_rows(out, "Verbs", page.verbs);
    append_rows(out, "Options", page.options);
    if (!page.examples.empty()) {
        out += page.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
        for (const auto& example : page.examples) {
            out += std::string(kIndent, ' ') + example + '\n';
        }
    }
    if (!page.closing.empty()) {
        out += '\n';
        append_wrapped(out, 0, 0, page.closing);
    }
    std::replace(out.begin(), out.end(), kNoBreak, ' ');
    return out;
}

std::string explain_unexpected(const std::string& argument, const std::vector<std::string>& flags,
                               const std::vector<std::string>& verbs) {
    // What follows the equals sign may be a token.
    const auto name = argument.substr(0, argument.find('='));
    if (name.size() > kQuotedArgumentBytesMax) {
        return "an argument too many; it is long, so it is not shown: it may be a secret";
    }
    const auto meant = [&name](const char* kind, const std::vector<std::string>& known) {
        return std::string("unknown ") + kind + " '" + name + "'; did you mean '" +
               nearest_name(name, known) + "'?";
    };
    if (!name.empty() && name.front() == '-') {
        return meant("flag", flags);
    }
    return verbs.empty() ? "unexpected argument '" + name + "'" : meant("verb", verbs);
}

}  // namespace hubtrail::server
