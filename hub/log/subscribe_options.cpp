#include "hub/log/subscribe_options.h"

#include "edge/errors.h"
#include "protocol/json.h"
#include "protocol/utf8.h"

namespace hubtrail::hub {
namespace {

using protocol::JsonValue;

// As much of a member's name as an error shows.
constexpr std::size_t kMemberShownBytes = 64;

std::string describe_unknown(const std::string& member) {
    std::string text = "Subscribe: unknown member '" +
                       protocol::cut_text(member, kMemberShownBytes) + "'; known are ";
    const char* between = "";
    for (const auto& known : protocol::log_query_names()) {
        text.append(between).append(known.name);
        between = ", ";
    }
    return text + ".";
}

// False: the value is of another kind.
bool add_items(const protocol::QueryName& known, const JsonValue& value,
               protocol::QueryItems& items) {
    if (value.is_string()) {
        items.emplace_back(known.name, value.string());
        return true;
    }
    if (!known.repeatable || !value.is_array()) {
        return false;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto item = value.at(i);
        if (!item.is_string()) {
            return false;
        }
        items.emplace_back(known.name, item.string());
    }
    return true;
}

}  // namespace

Result<protocol::LogQuery, std::string> parse_subscribe_options(std::string_view raw_json) {
    if (raw_json.empty() || raw_json == "null") {
        return protocol::LogQuery{};
    }
    const auto parsed = JsonValue::parse(raw_json, {});
    if (!parsed || !parsed->is_object()) {
        return Failure{std::string("Subscribe: the argument must be an object.")};
    }
    protocol::QueryItems items;
    for (const auto& [member, value] : parsed->members()) {
        const auto* const known = protocol::find_log_query_name(member);
        if (known == nullptr) {
            return Failure{describe_unknown(member)};
        }
        if (!value.is_null() && !add_items(*known, value, items)) {
            return Failure{describe_refusal(
                {protocol::QueryErrc::bad_value, known->name,
                 known->repeatable ? "a string or an array of strings" : "a string"})};
        }
    }
    auto query = protocol::parse_log_query(items);
    if (!query) {
        return Failure{describe_refusal(query.error())};
    }
    return std::move(*query);
}

std::string describe_refusal(const protocol::QueryError& error) {
    std::string text = "Subscribe: ";
    if (error.code != protocol::QueryErrc::bad_value) {
        text.append(edge::code_of(error.code)).append(": ");
    }
    text.append("'").append(error.field).append("' must be ").append(error.expected).append(".");
    return text;
}

}  // namespace hubtrail::hub
