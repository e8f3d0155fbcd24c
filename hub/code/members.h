#pragma once

#include <string_view>
#include <tuple>
#include <utility>

namespace hubtrail {

/// A member of a struct, or a value of an enumeration, and its name on the wire.
template <typename Pointer>
struct Named {
    std::string_view name;
    Pointer pointer;
};
template <typename Pointer>
constexpr Named<Pointer> member(std::string_view name, Pointer pointer) {
    return {name, pointer};
}
template <typename... Pointer>
constexpr std::tuple<Named<Pointer>...> members(Named<Pointer>... list) {
    return {list...};
}

}  // namespace hubtrail

// One expansion of the list for each name in it, without a limit worth mentioning (256).
#define HUBTRAIL_PARENS ()
#define HUBTRAIL_EXPAND(...) \
    HUBTRAIL_EXPAND3(HUBTRAIL_EXPAND3(HUBTRAIL_EXPAND3(HUBTRAIL_EXPAND3(__VA_ARGS__))))
#define HUBTRAIL_EXPAND3(...) \
    HUBTRAIL_EXPAND2(HUBTRAIL_EXPAND2(HUBTRAIL_EXPAND2(HUBTRAIL_EXPAND2(__VA_ARGS__))))
#define HUBTRAIL_EXPAND2(...) \
    HUBTRAIL_EXPAND1(HUBTRAIL_EXPAND1(HUBTRAIL_EXPAND1(HUBTRAIL_EXPAND1(__VA_ARGS__))))
#define HUBTRAIL_EXPAND1(...) __VA_ARGS__
#define HUBTRAIL_EACH(Type, ...) __VA_OPT__(HUBTRAIL_EXPAND(HUBTRAIL_EACH_STEP(Type, __VA_ARGS__)))
#define HUBTRAIL_EACH_STEP(Type, name, ...) \
    ::hubtrail::member(#name, &Type::name)  \
        __VA_OPT__(, HUBTRAIL_EACH_AGAIN HUBTRAIL_PARENS(Type, __VA_ARGS__))
#define HUBTRAIL_EACH_AGAIN() HUBTRAIL_EACH_STEP
#define HUBTRAIL_EACH_VALUE(Type, ...) \
    __VA_OPT__(HUBTRAIL_EXPAND(HUBTRAIL_EACH_VALUE_STEP(Type, __VA_ARGS__)))
#define HUBTRAIL_EACH_VALUE_STEP(Type, name, ...) \
    ::hubtrail::member(#name, Type::name)         \
        __VA_OPT__(, HUBTRAIL_EACH_VALUE_AGAIN HUBTRAIL_PARENS(Type, __VA_ARGS__))
#define HUBTRAIL_EACH_VALUE_AGAIN() HUBTRAIL_EACH_VALUE_STEP

/// Behind a struct, in its namespace: its members on the wire, under their own names (JSON: as the
/// naming rule makes them). Other names: write hubtrail_members() yourself.
///     struct Point { int x = 0; int y = 0; };
///     HUBTRAIL_MEMBERS(Point, x, y)
#define HUBTRAIL_MEMBERS(Type, ...)                                   \
    [[maybe_unused]] constexpr auto hubtrail_members(const Type*) {   \
        return ::hubtrail::members(HUBTRAIL_EACH(Type, __VA_ARGS__)); \
    }

/// Behind an enumeration, in its namespace: the names that MessagePack carries; JSON carries the
/// number.
///     enum class Color { red, green };
///     HUBTRAIL_ENUM(Color, red, green)
#define HUBTRAIL_ENUM(Type, ...)                                            \
    [[maybe_unused]] constexpr auto hubtrail_members(const Type*) {         \
        return ::hubtrail::members(HUBTRAIL_EACH_VALUE(Type, __VA_ARGS__)); \
    }
