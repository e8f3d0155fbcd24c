#include "protocol/log_query.h"

#include "tests/support/catch.h"
#include "tests/support/query_cases.h"

namespace hubtrail::protocol {
namespace {

using List = std::vector<std::string>;

LogQuery parse(const QueryItems& items) {
    const auto query = parse_log_query(items);
    INFO(show(items));
    REQUIRE(query);
    return *query;
}

/// The parameter that the refusal names.
std::string refused(const QueryItems& items) {
    const auto query = parse_log_query(items);
    return query ? "(accepted)" : std::string(query.error().field);
}

LogStart start_of(const QueryItems& items) {
    return parse(items).start.value();
}

LogQuery of_types(List types) {
    LogQuery query;
    query.types = std::move(types);
    return query;
}

}  // namespace

TEST_CASE("Every row of the shared table is taken or refused as it says", "[protocol]") {
    for (const auto& row : query_cases()) {
        CAPTURE(show(row.items));
        const auto query = parse_log_query(row.items);
        REQUIRE(bool(query) == row.field.empty());
        if (!query) {
            CHECK(query.error().field == row.field);
            CHECK(query.error().code == row.code);
            CHECK(query.error().expected.find(row.expected) != std::string_view::npos);
        }
    }
}

TEST_CASE("A question that says nothing asks for everything from the head", "[protocol]") {
    CHECK(parse({}) == LogQuery{});
    CHECK(parse({{"_", "1764"}, {"id", "x"}, {"sinse", "earliest"}}) == LogQuery{});
    CHECK(LogStart{}.kind == LogStart::Kind::latest);
}

TEST_CASE("since and cursor both take a cursor, and since knows words and times", "[protocol]") {
    using Kind = LogStart::Kind;
    CHECK(start_of({{"cursor", "c1.x"}}) == LogStart{Kind::cursor, 0, "c1.x"});
    CHECK(start_of({{"since", "c1.x"}}) == LogStart{Kind::cursor, 0, "c1.x"});
    // Whether it is one, its key says, and that is the log's to ask.
    CHECK(start_of({{"cursor", "earliest"}}) == LogStart{Kind::cursor, 0, "earliest"});
    CHECK(start_of({{"since", "earliest"}}) == LogStart{Kind::earliest, 0, ""});
    CHECK(start_of({{"since", "latest"}}) == LogStart{});
    CHECK(start_of({{"since", "1970-01-01T00:00:01Z"}}) == LogStart{Kind::time, 1'000'000, ""});
    CHECK(refused({{"since", "latest"}, {"cursor", "c1.x"}}) == "cursor");
}

TEST_CASE("share_id and site_id name the same sites, each once and in order", "[protocol]") {
    CHECK(parse({{"site_id", "b"}, {"share_id", "a"}, {"site_id", "a"}}).sites == List{"b", "a"});
    auto twice = numbered("site_id", 100);
    const auto again = numbered("share_id", 100);
    twice.insert(twice.end(), again.begin(), again.end());
    CHECK(parse(twice).sites.size() == 100);
}

TEST_CASE("A text is UTF-8 of so many characters, however many bytes, without controls",
          "[protocol]") {
    for (const auto* const name : {"site_id", "user_id"}) {
        for (const auto* const character :
             {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\xaa", "\xed\x9f\xbf", "\xee\x80\x80",
              "\xf4\x8f\xbf\xbf", "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\xc2\x80"}) {
            CAPTURE(name, character);
            CHECK(refused({{name, repeat(128, character)}}) == "(accepted)");
            CHECK(refused({{name, repeat(129, character)}}) == name);
        }
        for (const auto* const bad :
             {"\x01", "a\n", "\x7f", "\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x", "\xe2\x82",
              "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
              "\xf5\x80\x80\x80", "\xff", "\xe2\x82\xacx\xe2\x82"}) {
            CAPTURE(name, bad);
            CHECK(refused({{name, bad}}) == name);
        }
        CHECK(refused({{name, std::string("a\0b", 3)}}) == name);
    }
}

TEST_CASE("A value that is cut anywhere is read as what is left, or refused", "[protocol]") {
    const std::string types = "file.*,entry.granted,*";
    const std::string time = "2026-05-04T08:00:01.123456+02:00";
    for (std::size_t length = 0; length <= types.size(); ++length) {
        const auto text = types.substr(0, length);
        CAPTURE(text);
        const bool whole = !text.empty() && text.back() != ',';
        CHECK(refused({{"types", text}}) == (whole ? "(accepted)" : "types"));
    }
    for (std::size_t length = 0; length < time.size(); ++length) {
        CAPTURE(length);
        CHECK(refused({{"since", time.substr(0, length)}}) == "since");
    }
    CHECK(refused({{"since", time}}) == "(accepted)");
    for (const std::string word : {"earliest", "latest"}) {
        for (std::size_t length = 0; length < word.size(); ++length) {
            CHECK(refused({{"since", word.substr(0, length)}}) == "since");
        }
    }
}

TEST_CASE("Types keep their order and lose their duplicates", "[protocol]") {
    CHECK(parse({{"types", "file.*,entry.granted,file.*"}, {"types", "*"}}).types ==
          List{"file.*", "entry.granted", "*"});
    CHECK(parse({{"types", comma_list(100) + "," + comma_list(100)}}).types.size() == 100);
}

TEST_CASE("Names of the grammar are found in any case", "[protocol]") {
    for (const auto& known : log_query_names()) {
        CHECK(find_log_query_name(known.name) == &known);
    }
    REQUIRE(find_log_query_name("Since") != nullptr);
    CHECK(find_log_query_name("Since")->name == "since");
    CHECK_FALSE(find_log_query_name("since")->repeatable);
    CHECK(find_log_query_name("STREAM")->repeatable);
    for (const auto* const other : {"", "sinc", "sinces", "site", "access_token"}) {
        CHECK(find_log_query_name(other) == nullptr);
    }
}

TEST_CASE("narrow() takes what either side leaves open from the other", "[protocol]") {
    LogQuery fixed = parse({{"site_id", "a"},
                            {"site_id", "b"},
                            {"stream", "files"},
                            {"types", "file.*"},
                            {"user_id", "u"},
                            {"path_prefix", "docs/"},
                            {"exclude_origin", "phone"},
                            {"since", "earliest"}});
    const LogQuery open;
    auto same = fixed;
    same.start.reset();
    CHECK(*narrow(fixed, open) == same);
    CHECK(*narrow(open, fixed) == fixed);
    CHECK(*narrow(open, open) == open);
    CHECK(*narrow(fixed, fixed) == fixed);
}

TEST_CASE("narrow() shows no more than either, and refuses what lies outside", "[protocol]") {
    const auto fixed = parse({{"site_id", "a"},
                              {"site_id", "b"},
                              {"stream", "files"},
                              {"stream", "entries"},
                              {"user_id", "u"},
                              {"path_prefix", "docs/"}});
    CHECK(narrow(fixed, parse({{"site_id", "b"}}))->sites == List{"b"});
    CHECK(narrow(fixed, parse({{"stream", "entries"}}))->streams == List{"entries"});
    const std::vector<std::pair<QueryItems, const char*>> outside = {
        {{{"site_id", "c"}}, "site_id"},
        {{{"site_id", "a"}, {"site_id", "c"}}, "site_id"},
        {{{"stream", "incidents"}}, "stream"},
        {{{"user_id", "v"}}, "user_id"},
        {{{"path_prefix", "pictures/"}}, "path_prefix"},
        {{{"path_prefix", "docs2"}}, "path_prefix"},
    };
    for (const auto& [items, field] : outside) {
        const auto refused = narrow(fixed, parse(items));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().field == field);
        CHECK(refused.error().code == QueryErrc::bad_value);
    }
}

TEST_CASE("narrow() of two paths is the longer one, where it begins with the other", "[protocol]") {
    const auto within = [](const char* fixed, const char* asked) {
        const auto both = narrow(parse({{"path_prefix", fixed}}), parse({{"path_prefix", asked}}));
        return both ? both->path_prefix : "(refused)";
    };
    CHECK(within("docs/", "docs/a") == "docs/a");
    CHECK(within("docs/a", "docs/") == "docs/a");
    CHECK(within("docs/", "docs/") == "docs/");
    CHECK(within("docs/", "docs") == "docs/");
    CHECK(within("docs/a", "docs/b") == "(refused)");
}

TEST_CASE("narrow() leaves out what either side leaves out, up to the limit", "[protocol]") {
    const auto fixed = parse({{"exclude_origin", "a"}, {"exclude_origin", "b"}});
    const auto asked = parse({{"exclude_origin", "c"}, {"exclude_origin", "b"}});
    CHECK(narrow(fixed, asked)->exclude_origins == List{"a", "b", "c"});
    const auto hundred = parse(numbered("exclude_origin", 100));
    CHECK(narrow(hundred, hundred)->exclude_origins.size() == 100);
    const auto refused = narrow(fixed, hundred);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().field == "exclude_origin");
}

TEST_CASE("narrow() of types is what both patterns match", "[protocol]") {
    struct Row {
        List fixed;
        List asked;
        List both;  ///< empty: refused
    };
    const std::vector<Row> rows = {
        {{"file.*"}, {"file.moved"}, {"file.moved"}},
        {{"file.*"}, {"*"}, {"file.*"}},
        {{"file.moved"}, {"file.*"}, {"file.moved"}},
        {{"file.moved", "file.copied"}, {"file.*", "*"}, {"file.moved", "file.copied"}},
        {{"file.*"}, {"file.m*", "file.moved"}, {"file.m*", "file.moved"}},
        {{"file*"}, {"file"}, {"file"}},
        {{"file"}, {"file*"}, {"file"}},
        {{"*"}, {"*"}, {"*"}},
        {{"file.*"}, {"entry.granted"}, {}},
        {{"file.*"}, {"file.moved", "entry.*"}, {}},
        {{"file.moved"}, {"file.move"}, {}},
        {{"file.*"}, {"file"}, {}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.fixed, row.asked);
        const auto both = narrow(of_types(row.fixed), of_types(row.asked));
        REQUIRE(bool(both) == !row.both.empty());
        if (both) {
            CHECK(both->types == row.both);
        } else {
            CHECK(both.error().field == "types");
        }
    }
}

}  // namespace hubtrail::protocol
