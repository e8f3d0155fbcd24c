#include "storage/sqlite/filter_sql.h"

#include <bit>

namespace hubtrail::storage {
namespace {

class Builder {
public:
    std::string value(const std::string& text) {
        sql_.values.push_back(text);
        return ":f" + std::to_string(sql_.values.size() - 1);
    }

    // `column IN (...)`; the list is not empty.
    std::string in_list(const std::string& column, const std::vector<std::string>& list) {
        std::string text = column + " IN (";
        for_padded(list, [&](const std::string& item) { text += value(item) + ","; });
        text.back() = ')';
        return text;
    }

    // CASE is flat, where a chain of ORs would be as deep as it is long (SQLite stops at 1000).
    // instr() is 1 exactly when the text starts with the prefix, the empty prefix included.
    std::string prefix_of_type(const std::vector<std::string>& prefixes) {
        std::string text = "CASE";
        for_padded(prefixes, [&](const std::string& prefix) {
            text += " WHEN instr(type, " + value(prefix) + ") = 1 THEN 1";
        });
        return text + " ELSE 0 END";
    }

    void require(const std::string& condition) { sql_.conditions += " AND (" + condition + ")"; }

    FilterSql take() { return std::move(sql_); }

private:
    template <typename Visit>
    static void for_padded(const std::vector<std::string>& list, Visit visit) {
        const std::size_t count = std::bit_ceil(list.size());
        for (std::size_t i = 0; i < count; ++i) {
            visit(i < list.size() ? list[i] : list.back());
        }
    }

    FilterSql sql_;
};

void require_types(Builder& builder, const std::vector<std::string>& patterns) {
    std::vector<std::string> exact;
    std::vector<std::string> prefixes;
    for (const auto& pattern : patterns) {
        if (!pattern.empty() && pattern.back() == '*') {
            prefixes.push_back(pattern.substr(0, pattern.size() - 1));
        } else {
            exact.push_back(pattern);
        }
    }
    std::string condition;
    if (!exact.empty()) {
        condition = builder.in_list("type", exact);
    }
    if (!prefixes.empty()) {
        condition += condition.empty() ? "" : " OR ";
        condition += builder.prefix_of_type(prefixes);
    }
    if (!condition.empty()) {
        builder.require(condition);
    }
}

std::string elsewhere_visible(Builder& builder, const EventFilter& filter) {
    if (filter.any_site) {
        return "1";
    }
    std::string condition = "0";
    if (!filter.sites.empty()) {
        condition += " OR " + builder.in_list("site_id", filter.sites);
    }
    if (filter.own_everywhere) {
        condition += " OR (site_id <> '' AND user_id = " + builder.value(filter.own_user) + ")";
    }
    return condition;
}

void require_visible(Builder& builder, const EventFilter& filter) {
    if (filter.own_sites.empty()) {
        if (!filter.any_site) {
            builder.require(elsewhere_visible(builder, filter));
        }
        return;
    }
    std::string condition = "CASE WHEN " + builder.in_list("site_id", filter.own_sites);
    condition += " THEN user_id = " + builder.value(filter.own_user);
    condition += " ELSE (" + elsewhere_visible(builder, filter) + ") END";
    builder.require(condition);
}

}  // namespace

FilterSql make_filter_sql(const EventFilter& filter) {
    Builder builder;
    require_visible(builder, filter);
    if (!filter.streams.empty()) {
        builder.require(builder.in_list("stream", filter.streams));
    }
    require_types(builder, filter.types);
    if (!filter.user_id.empty()) {
        builder.require("user_id = " + builder.value(filter.user_id));
    }
    if (!filter.path_prefix.empty()) {
        const auto prefix = builder.value(filter.path_prefix);
        const auto again = builder.value(filter.path_prefix);
        builder.require("instr(path, " + prefix + ") = 1 OR instr(old_path, " + again + ") = 1");
    }
    if (!filter.exclude_origins.empty()) {
        builder.require("NOT " + builder.in_list("actor_client_id", filter.exclude_origins));
        builder.require("NOT " + builder.in_list("actor_device_id", filter.exclude_origins));
    }
    return builder.take();
}

}  // namespace hubtrail::storage
