#pragma once
// Questions and what every channel says to them. The parser's own test, REST, hub URLs and
// Subscribe run the same rows, so that no channel has a grammar of its own.

#include <string>
#include <utility>
#include <vector>

#include "protocol/log_query.h"

namespace hubtrail::protocol {

struct QueryCase {
    QueryItems items;
    std::string field;  ///< that the refusal names; empty: the question is taken
    QueryErrc code = QueryErrc::bad_value;
    std::string expected = {};  ///< a part of the refusal's sentence
};

inline std::string repeat(std::size_t count, const std::string& text) {
    std::string out;
    while (count-- > 0) {
        out += text;
    }
    return out;
}

/// `count` values of one name: v0, v1, ...
inline QueryItems numbered(const char* name, std::size_t count) {
    QueryItems items;
    for (std::size_t i = 0; i < count; ++i) {
        items.emplace_back(name, "v" + std::to_string(i));
    }
    return items;
}

/// `v0,v1,...`
inline std::string comma_list(std::size_t count) {
    std::string list = "v0";
    for (std::size_t i = 1; i < count; ++i) {
        list += ",v" + std::to_string(i);
    }
    return list;
}

inline std::vector<QueryCase> query_cases() {
    constexpr auto kStart = QueryErrc::bad_start;
    std::vector<QueryCase> cases = {
        // Starts.
        {{{"since", "earliest"}}, ""},
        {{{"since", "latest"}}, ""},
        {{{"since", "2026-05-04T08:00:01Z"}}, ""},
        {{{"since", "2026-05-04T08:00:01.5+02:00"}}, ""},
        {{{"since", ""}}, "since"},
        {{{"cursor", ""}}, "cursor"},
        {{{"since", "Earliest"}}, "since", kStart, "a cursor or an RFC 3339 time"},
        {{{"since", "tuesday"}}, "since", kStart},
        {{{"since", "2026-05-04"}}, "since", kStart},
        {{{"since", "7"}}, "since", kStart},
        {{{"since", "c2.AAAA"}}, "since", kStart},
        {{{"since", "latest"}, {"since", "latest"}}, "since", QueryErrc::bad_value, "a single"},
        {{{"cursor", "c1.A"}, {"cursor", "c1.A"}}, "cursor", QueryErrc::bad_value, "a single"},
        {{{"cursor", "c1.A"}, {"since", "latest"}}, "cursor", QueryErrc::bad_value, "without"},
        // Sites.
        {{{"site_id", "a b \"'\\"}}, ""},
        {{{"site_id", ""}}, "site_id"},
        {{{"share_id", ""}}, "share_id"},
        {{{"site_id", "a\n"}}, "site_id"},
        {{{"site_id", "\x7f"}}, "site_id"},
        {{{"site_id", "s1"}, {"site_id", repeat(129, "x")}}, "site_id"},
        {numbered("site_id", 100), ""},
        {numbered("share_id", 101), "site_id", QueryErrc::bad_value, "at most 100 sites"},
        // Streams.
        {{{"stream", "a_b.c-9"}, {"stream", "entries"}, {"stream", "entries"}}, ""},
        {{{"stream", repeat(64, "x")}}, ""},
        {{{"stream", repeat(65, "x")}}, "stream"},
        {{{"stream", ""}}, "stream"},
        {{{"stream", "Entries"}}, "stream"},
        {{{"stream", "a*"}}, "stream"},
        {{{"stream", "a,b"}}, "stream"},
        {numbered("stream", 100), ""},
        {numbered("stream", 101), "stream", QueryErrc::bad_value, "at most 100 streams"},
        // Types.
        {{{"types", "file.*,entry.granted,file.*"}, {"types", "*"}}, ""},
        {{{"types", repeat(128, "x") + "*"}}, ""},
        {{{"types", repeat(129, "x")}}, "types"},
        {{{"types", ""}}, "types"},
        {{{"types", "file.*, a.b"}}, "types"},
        {{{"types", "a,"}}, "types"},
        {{{"types", ",a"}}, "types"},
        {{{"types", "a*b"}}, "types"},
        {{{"types", "**"}}, "types"},
        {{{"types", "File"}}, "types"},
        {{{"types", comma_list(100)}}, ""},
        {{{"types", comma_list(101)}}, "types", QueryErrc::bad_value, "at most 100 types"},
        {{{"types", comma_list(5200)}}, "types", QueryErrc::bad_value, "at most 100 types"},
        // Users.
        {{{"user_id", repeat(128, "\xc3\xa9")}}, ""},
        {{{"user_id", repeat(129, "x")}}, "user_id"},
        {{{"user_id", ""}}, "user_id"},
        {{{"user_id", "u"}, {"user_id", "u"}}, "user_id", QueryErrc::bad_value, "a single"},
        // Paths.
        {{{"path_prefix", "docs/a b+'%_"}}, ""},
        {{{"path_prefix", repeat(4096, "\xc3\xa9")}}, ""},
        {{{"path_prefix", repeat(4097, "x")}}, "path_prefix"},
        {{{"path_prefix", ""}}, "path_prefix"},
        {{{"path_prefix", "a\n"}}, "path_prefix"},
        {{{"path_prefix", "a"}, {"path_prefix", "a"}},
         "path_prefix",
         QueryErrc::bad_value,
         "a single"},
        // Origins.
        {{{"exclude_origin", "my laptop"}, {"exclude_origin", "my-app"}}, ""},
        {{{"exclude_origin", repeat(256, "x")}}, ""},
        {{{"exclude_origin", repeat(257, "x")}}, "exclude_origin"},
        {{{"exclude_origin", ""}}, "exclude_origin"},
        {{{"exclude_origin", "\x01"}}, "exclude_origin"},
        {numbered("exclude_origin", 100), ""},
        {numbered("exclude_origin", 101), "exclude_origin", QueryErrc::bad_value,
         "at most 100 origins"},
        // Names.
        {{{"SITE_ID", "a"}, {"Types", "a"}, {"sInce", "latest"}}, ""},
        {{{"SINCE", "latest"}, {"since", "latest"}}, "since"},
    };
    return cases;
}

/// For messages of failed tests.
inline std::string show(const QueryItems& items) {
    std::string text;
    for (const auto& [name, value] : items) {
        text += name + "=" + value.substr(0, 40) + "&";
    }
    return text.substr(0, 200);
}

}  // namespace hubtrail::protocol
