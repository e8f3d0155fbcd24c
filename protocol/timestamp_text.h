#pragma once

#include <string>
#include <string_view>

#include "protocol/value_writer.h"

namespace hubtrail::protocol {

/// Whether the time lies within the years 1 to 9999, which is what every client has.
bool is_sendable(Timestamp time);

/// Appends `2000-01-01T00:00:00Z`, a fraction only of the digits that are needed. False, and
/// nothing appended, outside the years 1 to 9999.
bool append_timestamp(std::string& out, Timestamp time);

/// Reads ISO 8601 as the reference does: a date alone, a time without seconds, a fraction (digits
/// beyond the ninth are dropped), `Z`, an offset or neither (taken as UTC). False when it is not
/// one.
bool parse_timestamp(std::string_view text, Timestamp& time);

}  // namespace hubtrail::protocol
