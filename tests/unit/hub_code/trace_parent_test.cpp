#include "hub/code/trace_parent.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::hub {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";
const std::string kGood = "00-" + kTrace + "-" + kSpan + "-01";

}  // namespace

TEST_CASE("parse_trace_parent takes a traceparent apart", "[hub_library]") {
    CHECK(parse_trace_parent(kGood) == TraceParent{kTrace, kSpan, true});
    CHECK(parse_trace_parent("00-" + kTrace + "-" + kSpan + "-00") ==
          TraceParent{kTrace, kSpan, false});
    CHECK(parse_trace_parent("00-" + kTrace + "-" + kSpan + "-fe") ==
          TraceParent{kTrace, kSpan, false});
    CHECK(parse_trace_parent("00-" + kTrace + "-" + kSpan + "-0b") ==
          TraceParent{kTrace, kSpan, true});
    CHECK(parse_trace_parent("fe-" + kTrace + "-" + kSpan + "-01") ==
          TraceParent{kTrace, kSpan, true});
}

TEST_CASE("parse_trace_parent refuses every change of one character to a bad one",
          "[hub_library]") {
    for (std::size_t at = 0; at < kGood.size(); ++at) {
        for (const char bad : {'g', 'A', 'F', ' ', '\0', '_', '/', ':', '`'}) {
            auto text = kGood;
            text[at] = bad;
            CAPTURE(text);
            CHECK_FALSE(parse_trace_parent(text));
        }
        if (kGood[at] == '-') {
            auto text = kGood;
            text[at] = '0';
            CHECK_FALSE(parse_trace_parent(text));
        }
        CHECK_FALSE(parse_trace_parent(kGood.substr(0, at)));
    }
    CHECK_FALSE(parse_trace_parent(kGood + "0"));
    CHECK_FALSE(parse_trace_parent("01" + kGood.substr(2) + "-x"));
}

TEST_CASE("parse_trace_parent refuses what the specification forbids", "[hub_library]") {
    CHECK_FALSE(parse_trace_parent("ff" + kGood.substr(2)));
    CHECK_FALSE(parse_trace_parent("00-" + std::string(32, '0') + "-" + kSpan + "-01"));
    CHECK_FALSE(parse_trace_parent("00-" + kTrace + "-" + std::string(16, '0') + "-01"));
}

}  // namespace hubtrail::hub
