#include "hub/code/convert.h"

#include <array>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "protocol/hub_protocol.h"
#include "tests/support/catch.h"

namespace app {

enum class Color { red = 1, green = 2 };
HUBTRAIL_ENUM(Color, red, green)
enum class Plain : unsigned char { a, b };

struct Point {
    int x = 0;
    std::optional<int> y;
    bool operator==(const Point&) const = default;
};
HUBTRAIL_MEMBERS(Point, x, y)

struct Shape {
    std::string name;
    std::vector<Point> points;
    Color color = Color::red;
    bool operator==(const Shape&) const = default;
};
constexpr auto hubtrail_members(const Shape*) {
    return hubtrail::members(hubtrail::member("ShapeName", &Shape::name),
                             hubtrail::member("Points", &Shape::points),
                             hubtrail::member("Color", &Shape::color));
}

struct Celsius {
    double degrees = 0;
    bool operator==(const Celsius&) const = default;
};

}  // namespace app

template <>
struct hubtrail::Convert<app::Celsius> {
    static void write(ValueWriter& writer, const app::Celsius& value) {
        writer.number(value.degrees);
    }
    static bool read(ValueReader& reader, app::Celsius& value) {
        return reader.read_number(value.degrees);
    }
};

namespace hubtrail {
namespace {

using namespace std::string_literals;

const protocol::HubProtocol& json() {
    return protocol::json_hub_protocol();
}
const protocol::HubProtocol& messagepack() {
    return protocol::messagepack_hub_protocol();
}

template <typename T>
std::string write(const protocol::HubProtocol& protocol, const T& value) {
    std::string out;
    write_value(*protocol.make_writer(out), value);
    return out;
}
template <typename T>
std::optional<T> read(const protocol::HubProtocol& protocol, const std::string& raw) {
    std::optional<T> value(std::in_place);
    if (!read_value(*protocol.make_reader(raw), *value)) {
        return std::nullopt;
    }
    return value;
}
template <typename T>
void check_both(const T& value, const std::string& as_json) {
    CHECK(write(json(), value) == as_json);
    const std::optional<T> same(std::in_place, value);
    CHECK(read<T>(json(), as_json) == same);
    CHECK(read<T>(messagepack(), write(messagepack(), value)) == same);
}

}  // namespace

TEST_CASE("What is built in goes out and comes back in both encodings", "[hub_library]") {
    check_both(true, "true");
    check_both(-5, "-5");
    check_both(std::uint64_t{18'446'744'073'709'551'615ULL}, "18446744073709551615");
    check_both(1.5, "1.5");
    check_both(std::string("h\xc3\xa9"), "\"h\xc3\xa9\"");
    check_both(std::optional<int>(3), "3");
    check_both(std::optional<int>(), "null");
    check_both(std::vector<int>{1, 2}, "[1,2]");
    check_both(std::array<int, 2>{3, 4}, "[3,4]");
    check_both(std::set<int>{5, 6}, "[5,6]");
    check_both(std::map<std::string, int>{{"A", 1}}, R"({"A":1})");
    check_both(std::unordered_map<std::string, bool>{{"B", true}}, R"({"B":true})");
    check_both(std::tuple<int, std::string>{1, "a"}, R"([1,"a"])");
    check_both(std::vector<std::byte>{std::byte{1}, std::byte{2}, std::byte{3}}, "\"AQID\"");
    check_both(std::vector<std::uint8_t>{1, 2, 3}, "\"AQID\"");
    check_both(std::chrono::system_clock::time_point(std::chrono::seconds(946'684'800)),
               "\"2000-01-01T00:00:00Z\"");
    check_both(app::Plain::b, "1");
    check_both(app::Celsius{21.5}, "21.5");
}

TEST_CASE("A struct is its members, named by the rule in JSON and unchanged in MessagePack",
          "[hub_library]") {
    const app::Shape shape{"s", {{1, 2}, {3, std::nullopt}}, app::Color::green};
    check_both(shape, R"({"shapeName":"s","points":[{"x":1,"y":2},{"x":3,"y":null}],"color":2})");
    const auto& unchanged = protocol::json_hub_protocol(protocol::NamingRule::unchanged);
    CHECK(write(unchanged, shape).rfind(R"({"ShapeName":"s")", 0) == 0);
    const auto packed = write(messagepack(), shape);
    CHECK(packed.find("ShapeName") != std::string::npos);
    CHECK(packed.find("green") != std::string::npos);
}

TEST_CASE(
    "Members come in any case and order in JSON; others are skipped, and absent ones keep their "
    "value",
    "[hub_library]") {
    CHECK(read<app::Point>(json(), R"({"Y":2,"z":[1,{"a":2}],"X":1})") == app::Point{1, 2});
    CHECK(read<app::Point>(json(), "{}") == app::Point{});
    CHECK_FALSE(read<app::Point>(json(), R"({"x":"1"})"));
    CHECK_FALSE(read<app::Point>(json(), R"({"x":null})"));
    CHECK_FALSE(read<app::Point>(json(), "[1]"));
}

TEST_CASE("Integers are held to the range of their type", "[hub_library]") {
    CHECK(read<std::int8_t>(json(), "127") == 127);
    CHECK_FALSE(read<std::int8_t>(json(), "128"));
    CHECK_FALSE(read<std::uint8_t>(json(), "-1"));
    CHECK(read<std::uint8_t>(json(), "255") == 255);
    CHECK_FALSE(read<int>(json(), "2147483648"));
    CHECK_FALSE(read<int>(json(), "1.5"));
    CHECK_FALSE(read<int>(json(), "\"1\""));
    CHECK_FALSE(read<app::Plain>(json(), "256"));
}

TEST_CASE("Sizes must fit: arrays and tuples of another length are refused", "[hub_library]") {
    using Pair = std::tuple<int, int>;
    const std::string raw = GENERATE("[]", "[1]", "[1,2,3]");
    CHECK_FALSE(read<Pair>(json(), raw));
    CHECK_FALSE(read<std::array<int, 2>>(json(), raw));
}

TEST_CASE("Enumerations: the name in MessagePack must be one of them", "[hub_library]") {
    CHECK(write(messagepack(), app::Color::red) == "\xa3red");
    CHECK(read<app::Color>(messagepack(), "\xa5GREEN") == app::Color::green);
    CHECK_FALSE(read<app::Color>(messagepack(),
                                 "\xa4"
                                 "blue"));
    CHECK(write(json(), app::Color::red) == "1");
}

TEST_CASE("Enumerations: a value without a name is its number, in MessagePack as text",
          "[hub_library]") {
    const auto none = static_cast<app::Color>(7);
    CHECK(write(json(), none) == "7");
    CHECK(write(messagepack(), none) ==
          "\xa1"
          "7");
    CHECK(read<app::Color>(messagepack(),
                           "\xa1"
                           "7") == none);
    CHECK(read<app::Color>(messagepack(), "\x07") == none);
    CHECK_FALSE(read<app::Color>(messagepack(),
                                 "\xa2"
                                 "7x"));
    CHECK_FALSE(read<app::Color>(messagepack(), "\xa0"));
}

TEST_CASE("Durations, dates, characters and decimals go out and come back in both encodings",
          "[hub_library]") {
    using namespace std::chrono_literals;
    check_both(std::chrono::milliseconds(93'784'005), "\"1.02:03:04.0050000\"");
    check_both(std::chrono::nanoseconds(-500'000'000), "\"-00:00:00.5000000\"");
    check_both(std::chrono::hours(25), "\"1.01:00:00\"");
    check_both(2024y / 2 / 29, "\"2024-02-29\"");
    check_both(1y / 1 / 1, "\"0001-01-01\"");
    check_both(9999y / 12 / 31, "\"9999-12-31\"");
    check_both(u'x', "\"x\"");
    check_both(u'\u00e9', "\"\xc3\xa9\"");
    check_both(u'\u20ac', "\"\xe2\x82\xac\"");
    check_both(Decimal{"-12.50"}, "-12.50");
    check_both(Decimal{"79228162514264337593543950335"}, "79228162514264337593543950335");
}

// Bytes that MessagePack 2.5.305 wrote for the values of .NET 10 beside them.
TEST_CASE("Types of .NET are read as MessagePack-CSharp writes them", "[hub_library]") {
    using Clock = std::chrono::system_clock;
    using Date = std::chrono::year_month_day;
    using namespace std::chrono_literals;
    // new DateTimeOffset(1970, 1, 1, 1, 0, 0, TimeSpan.FromHours(1))
    CHECK(read<Clock::time_point>(messagepack(), "\x92\xd6\xff\x00\x00\x0e\x10\x3c"s) ==
          Clock::time_point());
    // DateTime.MinValue, DateTime.MaxValue, DateTimeOffset.MinValue
    const auto first = "\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xf1\x88\x6e\x09\x00"s;
    const auto last = "\xc7\x0c\xff\x3b\x9a\xc9\x9c\x00\x00\x00\x3a\xff\xf4\x41\x7f"s;
    CHECK(read<Clock::time_point>(messagepack(), first) == Clock::time_point::min());
    CHECK(read<Clock::time_point>(messagepack(), last) == Clock::time_point::max());
    CHECK(read<Clock::time_point>(messagepack(), "\x92" + first + "\x00"s) ==
          Clock::time_point::min());
    CHECK(read<Date>(messagepack(), "\xce\x00\x0b\x46\x44"s) == 2023y / 12 / 31);
    CHECK(read<std::chrono::milliseconds>(messagepack(), "\xcf\x00\x00\x00\xda\x5b\x9f\x7f\x50"s) ==
          93'784'005ms);
    CHECK(read<std::chrono::milliseconds>(messagepack(), "\xd2\xff\xb3\xb4\xc0") == -500ms);
    CHECK(read<char16_t>(messagepack(), "\xcd\x20\xac") == u'\u20ac');
    CHECK(read<Decimal>(messagepack(), "\xa6-12.50") == Decimal{"-12.50"});
    CHECK(read<std::uint64_t>(messagepack(), "\xcf\xff\xff\xff\xff\xff\xff\xff\xff") ==
          std::numeric_limits<std::uint64_t>::max());
    CHECK(write(messagepack(), Decimal{"1.5"}) ==
          "\xa3"
          "1.5");
    CHECK(write(messagepack(), u'A') == "\x41");
    CHECK(write(messagepack(), 93'784'005ms) == "\xcf\x00\x00\x00\xda\x5b\x9f\x7f\x50"s);
    CHECK(write(messagepack(), Date(2023y / 12 / 31)) == "\xce\x00\x0b\x46\x44"s);
}

TEST_CASE("What is nearly a duration, date, character or decimal is refused", "[hub_library]") {
    using Date = std::chrono::year_month_day;
    CHECK_FALSE(read<std::chrono::seconds>(json(), "1"));
    CHECK_FALSE(read<std::chrono::seconds>(json(), "\"1s\""));
    CHECK_FALSE(read<std::chrono::nanoseconds>(json(), "\"10675199.00:00:00\""));
    CHECK_FALSE(read<Date>(json(), "\"2023-02-29\""));
    CHECK_FALSE(read<Date>(json(), "\"2024-02-29T00:00\""));
    CHECK_FALSE(read<Date>(json(), "738000"));
    CHECK_FALSE(read<Date>(messagepack(), "\xff"));
    CHECK_FALSE(read<char16_t>(json(), "\"\""));
    CHECK_FALSE(read<char16_t>(json(), "\"ab\""));
    CHECK_FALSE(read<char16_t>(json(), R"("\ud83d\ude00")"));
    CHECK_FALSE(read<char16_t>(messagepack(), "\xce\x00\x01\x00\x00"s));
    CHECK_FALSE(read<Decimal>(json(), "\"1.5\""));
    CHECK_FALSE(read<Decimal>(json(), "1e5"));
    CHECK_FALSE(read<Decimal>(messagepack(),
                              "\xa2"
                              "1."));
}

TEST_CASE("Times at both ends of what there is", "[hub_library]") {
    using Clock = std::chrono::system_clock;
    using Exact = std::chrono::time_point<Clock, std::chrono::microseconds>;
    // .NET's DateTime.MinValue and MaxValue.
    const std::string first = "\"0001-01-01T00:00:00Z\"";
    const std::string last = "\"9999-12-31T23:59:59.9999999Z\"";
    CHECK(read<Clock::time_point>(json(), first) == Clock::time_point::min());
    CHECK(read<Clock::time_point>(json(), last) == Clock::time_point::max());
    CHECK_FALSE(read<Clock::time_point>(json(), "\"0001-01-02T00:00:00Z\""));
    CHECK(write(json(), *read<Exact>(json(), first)) == first);
    CHECK(read<Exact>(messagepack(), write(messagepack(), *read<Exact>(json(), last))) ==
          read<Exact>(json(), last));
    CHECK(write(json(), Clock::time_point::min()) == "\"1677-09-21T00:12:43.145224192Z\"");
    CHECK(read<Clock::time_point>(json(), "\"1677-09-21T00:12:44Z\""));
}

TEMPLATE_TEST_CASE("A time or duration that is too long is refused, not computed with",
                   "[hub_library]", std::chrono::hours, std::chrono::microseconds,
                   std::chrono::duration<double>) {
    using Instant = std::chrono::time_point<std::chrono::system_clock, TestType>;
    for (const auto* protocol : {&json(), &messagepack()}) {
        std::string out;
        const auto writer = protocol->make_writer(out);
        write_value(*writer, Instant::max());
        REQUIRE(writer->problem() != nullptr);
        CHECK(std::string(writer->problem()) == protocol::kNotAYear);
        CHECK(writer->count() == 1);
    }
}

TEST_CASE("A failed read tells in which member it was", "[hub_library]") {
    app::Shape shape;
    const auto reader = json().make_reader(R"({"points":[{"x":1},{"y":"2"}]})");
    CHECK_FALSE(read_value(*reader, shape));
    CHECK(reader->problem_member() == "points.y");
    std::map<std::string, app::Point> points;
    const auto packed = messagepack().make_reader("\x81\xa1k\x81\xa1x\xc3");
    CHECK_FALSE(read_value(*packed, points));
    CHECK(packed->problem_member() == "k.x");
    CHECK(std::string(packed->problem()) == "expected an integer that fits");
}

TEST_CASE("Texts of all kinds can be sent", "[hub_library]") {
    const char* pointer = "p";
    CHECK(write(json(), "literal") == "\"literal\"");
    CHECK(write(json(), pointer) == "\"p\"");
    CHECK(write(json(), std::string_view("view")) == "\"view\"");
    CHECK(write(json(), nullptr) == "null");
}

}  // namespace hubtrail
