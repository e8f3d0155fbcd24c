#include "protocol/log_query.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/event.h"
#include "protocol/utf8.h"

namespace hubtrail::protocol {
namespace {

// The sentences below say these numbers.
static_assert(kFilterSitesMax == 100 && kFilterStreamsMax == 100 && kFilterTypesMax == 100);
static_assert(kSiteCharsMax == 128 && kUserCharsMax == 128);
static_assert(kStreamCharsMax == 64 && kTypeCharsMax == 128);
static_assert(kFilterOriginsMax == 100 && kOriginCharsMax == 256 && kPathCharsMax == 4096);

// What a reader is told about, in the order in which it is listed.
enum Name : std::size_t {
    cursor,
    since,
    site_id,
    share_id,
    stream,
    types,
    user_id,
    path_prefix,
    exclude_origin,
    name_count
};
constexpr std::array<QueryName, name_count> kNames{{{"cursor", false},
                                                    {"since", false},
                                                    {"site_id", true},
                                                    {"share_id", true},
                                                    {"stream", true},
                                                    {"types", true},
                                                    {"user_id", false},
                                                    {"path_prefix", false},
                                                    {"exclude_origin", true}}};

constexpr std::string_view kTextOf128 = "1 to 128 characters without control characters";
constexpr std::string_view kTextOf256 = "1 to 256 characters without control characters";
constexpr std::string_view kTextOf4096 = "1 to 4096 characters without control characters";
constexpr std::string_view kStream = "1 to 64 characters of a-z 0-9 _ . -";
constexpr std::string_view kTypes =
    "a comma list of types of 1 to 128 characters of a-z 0-9 _ . -, each with an optional * at its "
    "end";
constexpr std::string_view kSince = "earliest, latest, a cursor or an RFC 3339 time";
constexpr std::string_view kCursor = "the cursor of an earlier answer";
constexpr std::string_view kOrigins = "at most 100 origins";
constexpr std::string_view kOnce = "a single value";
constexpr std::string_view kOneStart = "the only start, without since";
constexpr std::string_view kWithin = "a value within what the hub and its URL fix";

// A cursor says so by its form; everything else of `since` is a word or a time.
constexpr std::string_view kCursorForm = "c1.";

// Well-formed UTF-8 without control characters.
bool is_text(std::string_view text, std::size_t characters_max) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20U || c == '\x7f';
    };
    return !text.empty() && std::none_of(text.begin(), text.end(), is_control) && is_utf8(text) &&
           count_characters(text) <= characters_max;
}

bool is_name(std::string_view text, std::size_t characters_max) {
    return !text.empty() && text.size() <= characters_max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
                      c == '-';
           });
}

bool is_type_pattern(std::string_view text) {
    if (text == "*") {
        return true;
    }
    if (text.ends_with('*')) {
        text.remove_suffix(1);
    }
    return is_name(text, kTypeCharsMax);
}

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) {
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

void add_once(std::vector<std::string>& list, std::string_view value) {
    if (!contains(list, value)) {
        list.emplace_back(value);
    }
}

/// Takes one item after the other. False: refused, `error` says why.
/// Thread: any. One per question.
class QueryReader {
public:
    bool take(Name name, std::string_view value) {
        const auto field = kNames[name].name;
        if (!kNames[name].repeatable && std::exchange(given_[name], true)) {
            return refuse(field, kOnce);
        }
        switch (name) {
            case cursor:
            case since:
                return take_start(name, value);
            case site_id:
            case share_id:
                return require(is_text(value, kSiteCharsMax), field, kTextOf128) &&
                       add(query.sites, value, kFilterSitesMax, kNames[site_id].name,
                           "at most 100 sites");
            case stream:
                return require(is_name(value, kStreamCharsMax), field, kStream) &&
                       add(query.streams, value, kFilterStreamsMax, field, "at most 100 streams");
            case types:
                return take_types(value);
            case user_id:
                query.user_id = value;
                return require(is_text(value, kUserCharsMax), field, kTextOf128);
            case path_prefix:
                query.path_prefix = value;
                return require(is_text(value, kPathCharsMax), field, kTextOf4096);
            case exclude_origin:
                return require(is_text(value, kOriginCharsMax), field, kTextOf256) &&
                       add(query.exclude_origins, value, kFilterOriginsMax, field, kOrigins);
            case name_count:
                break;
        }
        return true;
    }

    LogQuery query;
    QueryError error;

private:
    bool refuse(std::string_view field, std::string_view expected,
                QueryErrc code = QueryErrc::bad_value) {
        error = {code, field, expected};
        return false;
    }
    bool require(bool good, std::string_view field, std::string_view expected) {
        return good || refuse(field, expected);
    }

    // The count is looked at with each value, so that no list grows beyond its limit.
    bool add(std::vector<std::string>& list, std::string_view value, std::size_t values_max,
             std::string_view field, std::string_view expected) {
        add_once(list, value);
        return require(list.size() <= values_max, field, expected);
    }

    // An empty one is refused: to take it for none would skip everything up to the head.
    bool take_start(Name name, std::string_view value) {
        if (given_[cursor] && given_[since]) {
            return refuse(kNames[cursor].name, kOneStart);
        }
        if (value.empty()) {
            return refuse(kNames[name].name, name == cursor ? kCursor : kSince);
        }
        auto& start = query.start.emplace();
        if (name == cursor || value.starts_with(kCursorForm)) {
            start.kind = LogStart::Kind::cursor;
            start.cursor = value;
        } else if (value == "earliest") {
            start.kind = LogStart::Kind::earliest;
        } else if (value != "latest") {
            const auto time = parse_time(value);
            if (!time) {
                return refuse(kNames[since].name, kSince, QueryErrc::bad_start);
            }
            start.kind = LogStart::Kind::time;
            start.number = *time;
        }
        return true;
    }

    bool take_types(std::string_view list) {
        for (bool more = true; more;) {
            const auto comma = list.find(',');
            const auto type = list.substr(0, comma);
            more = comma != std::string_view::npos;
            list.remove_prefix(more ? comma + 1 : list.size());
            if (!require(is_type_pattern(type), kNames[types].name, kTypes) ||
                !add(query.types, type, kFilterTypesMax, kNames[types].name, "at most 100 types")) {
                return false;
            }
        }
        return true;
    }

    std::array<bool, name_count> given_{};
};

// Every type that `inner` matches is matched by `outer`.
bool pattern_within(std::string_view inner, std::string_view outer) {
    if (!outer.ends_with('*')) {
        return inner == outer;
    }
    outer.remove_suffix(1);
    return inner.substr(0, inner.size() - (inner.ends_with('*') ? 1 : 0)).starts_with(outer);
}

// Nothing: one of the asked values lies outside.
std::optional<std::vector<std::string>> narrow_list(const std::vector<std::string>& fixed,
                                                    const std::vector<std::string>& asked) {
    if (fixed.empty() || asked.empty()) {
        return asked.empty() ? fixed : asked;
    }
    const bool all = std::all_of(asked.begin(), asked.end(),
                                 [&](const auto& value) { return contains(fixed, value); });
    return all ? std::optional(asked) : std::nullopt;
}

std::optional<std::vector<std::string>> narrow_types(const std::vector<std::string>& fixed,
                                                     const std::vector<std::string>& asked) {
    if (fixed.empty() || asked.empty()) {
        return asked.empty() ? fixed : asked;
    }
    std::vector<std::string> both;
    for (const auto& pattern : asked) {
        bool overlaps = false;
        for (const auto& outer : fixed) {
            const bool inside = pattern_within(pattern, outer);
            if (inside || pattern_within(outer, pattern)) {
                add_once(both, inside ? pattern : outer);
                overlaps = true;
            }
        }
        if (!overlaps) {
            return std::nullopt;
        }
    }
    return both;
}

std::optional<std::string> narrow_value(const std::string& fixed, const std::string& asked) {
    if (fixed.empty() || asked.empty() || fixed == asked) {
        return asked.empty() ? fixed : asked;
    }
    return std::nullopt;
}

// Of two beginnings of one text the longer says both, or they contradict each other.
std::optional<std::string> narrow_prefix(const std::string& fixed, const std::string& asked) {
    const auto& longer = fixed.size() > asked.size() ? fixed : asked;
    const auto& shorter = fixed.size() > asked.size() ? asked : fixed;
    return longer.starts_with(shorter) ? std::optional(longer) : std::nullopt;
}

}  // namespace

std::span<const QueryName> log_query_names() {
    return kNames;
}

const QueryName* find_log_query_name(std::string_view name) {
    const auto* const found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& known) {
        return equal_ignoring_case(name, known.name);
    });
    return found == kNames.end() ? nullptr : &*found;
}

Result<LogQuery, QueryError> parse_log_query(const QueryItems& items) {
    QueryReader reader;
    for (const auto& [name, value] : items) {
        const auto* const known = find_log_query_name(name);
        if (known != nullptr && !reader.take(static_cast<Name>(known - kNames.data()), value)) {
            return Failure{reader.error};
        }
    }
    return std::move(reader.query);
}

Result<LogQuery, QueryError> narrow(const LogQuery& fixed, const LogQuery& asked) {
    const auto outside = [](Name name) {
        return Failure{QueryError{QueryErrc::bad_value, kNames[name].name, kWithin}};
    };
    LogQuery both;
    both.start = asked.start;
    auto list = narrow_list(fixed.sites, asked.sites);
    if (!list) {
        return outside(site_id);
    }
    both.sites = std::move(*list);
    list = narrow_list(fixed.streams, asked.streams);
    if (!list) {
        return outside(stream);
    }
    both.streams = std::move(*list);
    list = narrow_types(fixed.types, asked.types);
    if (!list) {
        return outside(types);
    }
    both.types = std::move(*list);
    auto value = narrow_value(fixed.user_id, asked.user_id);
    if (!value) {
        return outside(user_id);
    }
    both.user_id = std::move(*value);
    value = narrow_prefix(fixed.path_prefix, asked.path_prefix);
    if (!value) {
        return outside(path_prefix);
    }
    both.path_prefix = std::move(*value);
    both.exclude_origins = fixed.exclude_origins;
    for (const auto& origin : asked.exclude_origins) {
        add_once(both.exclude_origins, origin);
    }
    if (both.exclude_origins.size() > kFilterOriginsMax) {
        return Failure{QueryError{QueryErrc::bad_value, kNames[exclude_origin].name, kOrigins}};
    }
    return both;
}

}  // namespace hubtrail::protocol
