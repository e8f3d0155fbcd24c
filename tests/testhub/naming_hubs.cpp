#include "tests/testhub/naming_hubs.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/hub_protocol.h"
#include "tests/testhub/server.h"

namespace hubtrail::testhub {
namespace {

enum class Color { Red, Green, DarkBlue = 7 };
HUBTRAIL_ENUM(Color, Red, Green, DarkBlue)

enum class Level { low, high };  // without names

struct Corner {
    int X = 0;
    int yAxis = 0;
};
HUBTRAIL_MEMBERS(Corner, X, yAxis)

struct Shape {
    std::string Label;
    Color FillColor = Color::Red;
    std::optional<Color> Edge;
    std::vector<Color> Palette;
    Level ZLevel = Level::low;
    std::string URLOfImage;
    std::optional<Corner> Corner_;
};
constexpr auto hubtrail_members(const Shape*) {
    return members(member("Label", &Shape::Label), member("FillColor", &Shape::FillColor),
                   member("Edge", &Shape::Edge), member("Palette", &Shape::Palette),
                   member("ZLevel", &Shape::ZLevel), member("URLOfImage", &Shape::URLOfImage),
                   member("Corner", &Shape::Corner_));
}

/// Shapes and colors on every way that a payload can go. Thread: strand.
template <int route>
class NamingHub final : public Hub {
public:
    static void methods(Methods<NamingHub>& methods) {
        methods.add("EchoColor", &NamingHub::echo_color)
            .add("EchoShape", &NamingHub::echo_shape)
            .add("SendShape", &NamingHub::send_shape)
            .add("Colors", &NamingHub::colors)
            .add("Palette", &NamingHub::palette)
            .add("AskShape", &NamingHub::ask_shape);
    }

    Color echo_color(Color color) { return color; }
    Shape echo_shape(Shape shape) { return shape; }
    Task<void> send_shape(Shape shape) {
        co_await clients().caller().send("Shape", shape, shape.FillColor);
    }
    Stream<Color> colors() {
        co_yield Color::Red;
        co_yield Color::Green;
        co_yield Color::DarkBlue;
    }
    Task<Shape> palette(Upload<Color> colors) {
        Shape shape;
        while (auto color = co_await colors.next()) {
            shape.Palette.push_back(*color);
        }
        co_return shape;
    }
    Task<Shape> ask_shape(Color color) {
        co_return co_await clients().caller().template invoke<Shape>("Draw", color);
    }
};

}  // namespace

void map_naming_hubs(HubServer& server) {
    using protocol::NamingRule;
    map<NamingHub<0>>(server, "/names").options().protocols.json_names = NamingRule::camel_case;
    map<NamingHub<1>>(server, "/names-unchanged").options().protocols.json_names =
        NamingRule::unchanged;
}

}  // namespace hubtrail::testhub
