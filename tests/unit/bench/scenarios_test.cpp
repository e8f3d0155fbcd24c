#include "bench/scenarios.h"

#include <set>
#include <string>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

namespace {

std::int64_t value_of(const Flag::Number& number) {
    return std::visit([](const auto* value) { return static_cast<std::int64_t>(*value); },
                      number.value);
}

const void* place_of(const Flag::Number& number) {
    return std::visit([](const auto* value) { return static_cast<const void*>(value); },
                      number.value);
}

TEST_CASE("Scenarios differ in name and say what they are for", "[bench]") {
    std::set<std::string> names;
    for (const auto& scenario : scenarios()) {
        CAPTURE(scenario.name);
        CHECK(names.insert(scenario.name).second);
        CHECK_FALSE(scenario.summary.empty());
        CHECK(scenario.about.back() == '.');
        CHECK(scenario.example.find("hubtrail bench " + scenario.name + " ") != std::string::npos);
    }
}

TEST_CASE("Each flag of a scenario has a place of its own and a default within its range",
          "[bench]") {
    for (const auto& scenario : scenarios()) {
        const auto call = scenario.make();
        std::set<std::string> names;
        std::set<const void*> places;
        auto flags = call->flags();
        CHECK_FALSE(flags.empty());
        TargetFlags target_flags;
        for (auto& flag : target_flags.bind(call->target())) {
            flags.push_back(flag);
        }
        for (const auto& flag : flags) {
            CAPTURE(scenario.name, flag.names);
            CHECK(names.insert(flag.names).second);
            CHECK_FALSE(flag.help.empty());
            if (const auto* number = std::get_if<Flag::Number>(&flag.kind)) {
                CHECK(places.insert(place_of(*number)).second);
                CHECK(value_of(*number) >= number->amount.min);
                CHECK(value_of(*number) <= number->amount.max);
            }
        }
    }
}

TEST_CASE("Two calls of a scenario share no option", "[bench]") {
    const auto& scenario = scenarios().front();
    const auto one = scenario.make();
    const auto two = scenario.make();
    CHECK(place_of(std::get<Flag::Number>(one->flags().front().kind)) !=
          place_of(std::get<Flag::Number>(two->flags().front().kind)));
}

}  // namespace
