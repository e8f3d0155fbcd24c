#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "hub/code/convert_trait.h"

namespace hubtrail {

/// A number of any length, as its text: `-12.50`. .NET's decimal and Java's BigDecimal, which JSON
/// carries as a number and MessagePack as text. A value.
struct Decimal {
    std::string text = "0";
    bool operator==(const Decimal&) const = default;
};

template <>
struct Convert<Decimal> {
    static void write(ValueWriter& writer, const Decimal& value) {
        if (!is_decimal(value.text)) {
            writer.fail("A Decimal that is no number such as -12.50 cannot be sent.");
        } else if (writer.encoding() == protocol::Encoding::messagepack) {
            writer.string(value.text);
        } else {
            writer.raw(value.text);
        }
    }
    static bool read(ValueReader& reader, Decimal& value) {
        if (reader.encoding() == protocol::Encoding::messagepack) {
            std::string text;
            if (!reader.read_string(text)) {
                return false;
            }
            if (!is_decimal(text)) {
                return reader.fail("expected a decimal number as text");
            }
            value.text = std::move(text);
            return true;
        }
        std::string_view raw;
        if (!reader.read_raw(raw)) {
            return false;
        }
        if (!is_decimal(raw)) {
            return reader.fail("expected a number without an exponent");
        }
        value.text = raw;
        return true;
    }

private:
    // As JSON writes numbers (RFC 8259 6), but without an exponent, which .NET's decimal has not.
    static bool is_decimal(std::string_view text) {
        const auto is_digits = [](std::string_view part) {
            return !part.empty() && std::all_of(part.begin(), part.end(), is_digit);
        };
        text.remove_prefix(!text.empty() && text.front() == '-' ? 1 : 0);
        const auto point = std::min(text.find('.'), text.size());
        const auto whole = text.substr(0, point);
        return is_digits(whole) && (whole.size() == 1 || whole.front() != '0') &&
               (point == text.size() || is_digits(text.substr(point + 1)));
    }
};

}  // namespace hubtrail
