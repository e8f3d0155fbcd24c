#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hubtrail::protocol {

/// The encodings of the hub protocol: these two (docs/adr/0020-two-encodings.md).
enum class Encoding : std::uint8_t { json, messagepack };
inline constexpr std::array kEncodings = {Encoding::json, Encoding::messagepack};
/// As in the handshake, and between nodes: `json`, `messagepack`.
constexpr std::string_view name_of(Encoding encoding) {
    return encoding == Encoding::json ? "json" : "messagepack";
}
/// By exactly this name.
constexpr std::optional<Encoding> find_encoding(std::string_view name) {
    for (const auto encoding : kEncodings) {
        if (name_of(encoding) == name) {
            return encoding;
        }
    }
    return std::nullopt;
}

/// One thing for each encoding.
template <typename T>
struct PerEncoding {
    T json{};
    T messagepack{};
    T& operator[](Encoding encoding) { return encoding == Encoding::json ? json : messagepack; }
    const T& operator[](Encoding encoding) const {
        return encoding == Encoding::json ? json : messagepack;
    }
};

}  // namespace hubtrail::protocol
