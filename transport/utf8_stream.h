#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hubtrail::transport {

/// Checks UTF-8 (RFC 3629) that arrives in pieces: fails at the first byte that no continuation
/// could make good. Thread: strand.
class Utf8Stream {
public:
    /// False once a byte was wrong; the checker is then spent until reset().
    bool feed(std::string_view bytes) {
        const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
        const auto* const end = at + bytes.size();
        while (at != end) {
            if (missing_ == 0) {
                at = skip_plain(at, end);
                if (at == end) {
                    return true;
                }
                if (!begin_sequence(*at)) {
                    return false;
                }
            } else {
                if (*at < low_ || *at > high_) {
                    return false;
                }
                low_ = 0x80;
                high_ = 0xBF;
                --missing_;
            }
            ++at;
        }
        return true;
    }

    /// The bytes so far do not end inside a sequence.
    bool complete() const { return missing_ == 0; }
    void reset() { missing_ = 0; }

private:
    // ASCII and whole sequences of two bytes, and of three where every second byte is good: nearly
    // all text.
    static const unsigned char* skip_plain(const unsigned char* at, const unsigned char* end) {
        while (at != end) {
            if (*at < 0x80) {
                at = skip_ascii(at, end);
            } else if (end - at >= 2 && *at >= 0xC2 && *at <= 0xDF && is_tail(at[1])) {
                at += 2;
            } else if (end - at >= 3 && *at > 0xE0 && *at <= 0xEF && *at != 0xED &&
                       is_tail(at[1]) && is_tail(at[2])) {
                at += 3;
            } else {
                break;
            }
        }
        return at;
    }

    static const unsigned char* skip_ascii(const unsigned char* at, const unsigned char* end) {
        while (end - at >= 8) {
            std::uint64_t word;
            std::memcpy(&word, at, sizeof(word));
            if ((word & 0x8080808080808080U) != 0) {
                break;
            }
            at += 8;
        }
        while (at != end && *at < 0x80) {
            ++at;
        }
        return at;
    }

    static bool is_tail(unsigned char byte) { return (byte & 0xC0U) == 0x80; }

    // The second byte's range shuts out overlong forms (E0, F0), surrogates (ED) and values over
    // 10FFFF (F4).
    bool begin_sequence(unsigned char lead) {
        low_ = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        high_ = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        missing_ = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        const bool good = lead >= 0xC2 && lead <= 0xF4;
        if (!good) {
            missing_ = 0;
        }
        return good;
    }

    std::uint8_t missing_ = 0;
    std::uint8_t low_ = 0x80;
    std::uint8_t high_ = 0xBF;
};

}  // namespace hubtrail::transport
