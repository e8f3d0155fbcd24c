#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What a command line needs to read the flags of a scenario, without knowing any of them.
namespace hubtrail::bench {

/// The least and the greatest number that a flag takes.
struct Amount {
    std::int64_t min;
    std::int64_t max;
};

/// One flag, bound to where its value goes; what stands there before is its default. The pointers
/// live as long as the ScenarioCall that gave the flag.
struct Flag {
    struct Number {
        std::variant<int*, std::uint32_t*, std::uint64_t*> value;
        Amount amount;
    };
    /// Without a value: naming it says yes.
    struct Switch {
        bool* value;
    };
    struct Text {
        std::string* value;
        std::string value_name;            ///< for the help, as HOST:PORT
        std::vector<std::string> choices;  ///< empty: any text
    };
    /// May be given again and again.
    struct Texts {
        std::vector<std::string>* value;
        std::string value_name;
    };

    std::string names;  ///< with the dashes; several stand between commas
    std::variant<Number, Switch, Text, Texts> kind;
    std::string help;
};

}  // namespace hubtrail::bench
