#include "hub/log/subscribe_options.h"

#include "protocol/json.h"

namespace hubtrail::hub {
namespace {

using protocol::JsonValue;

Result<std::vector<std::string>, std::string> strings(const std::string& member,
                                                      const JsonValue& value) {
    std::vector<std::string> list;
    if (value.is_string()) {
        list.push_back(value.string());
        return list;
    }
    const auto bad = [&](const JsonValue& found) {
        return Failure{"Subscribe: '" + member + "' must be a string or an array of strings, not " +
                       found.describe() + "."};
    };
    if (!value.is_array()) {
        return bad(value);
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto item = value.at(i);
        if (!item.is_string()) {
            return bad(item);
        }
        list.push_back(item.string());
    }
    return list;
}

}  // namespace

std::vector<std::string> split_types(std::string_view text) {
    std::vector<std::string> types;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto type = text.substr(0, comma);
        if (!type.empty()) {
            types.emplace_back(type);
        }
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return types;
}

Result<SubscribeOptions, std::string> parse_subscribe_options(std::string_view raw_json) {
    SubscribeOptions options;
    if (raw_json.empty() || raw_json == "null") {
        return options;
    }
    const auto parsed = JsonValue::parse(raw_json, {});
    if (!parsed || !parsed->is_object()) {
        return Failure{std::string("Subscribe: the argument must be an object.")};
    }
    for (const auto& [member, value] : parsed->members()) {
        if (value.is_null()) {
            continue;
        }
        if (member == "cursor" || member == "since" || member == "types") {
            if (!value.is_string()) {
                return Failure{"Subscribe: '" + member + "' must be a string, not " +
                               value.describe() + "."};
            }
            if (member == "types") {
                options.types = split_types(value.string());
            } else {
                (member == "cursor" ? options.cursor : options.since) = value.string();
            }
        } else if (member == "site_id" || member == "stream") {
            auto list = strings(member, value);
            if (!list) {
                return Failure{list.error()};
            }
            (member == "site_id" ? options.sites : options.streams) = std::move(*list);
        } else {
            return Failure{"Subscribe: unknown member '" + member +
                           "'; known are cursor, since, site_id, stream, types."};
        }
    }
    return options;
}

}  // namespace hubtrail::hub
