#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/hub_protocol.h"
#include "protocol/value_reader.h"
#include "protocol/value_writer.h"

namespace hubtrail::protocol {

// The payload of the JSON hub protocol, as System.Text.Json writes and reads it with the
// reference's settings (rules and differences in docs/protocol/json.md).

/// Top-level values are separated by commas. `out` must outlive the writer.
std::unique_ptr<ValueWriter> make_json_value_writer(std::string& out, NamingRule naming);
/// `raw` must outlive the reader.
std::unique_ptr<ValueReader> make_json_value_reader(std::string_view raw);

/// The shortest digits that read back as the same finite double, in the reference's notation: `1`,
/// `0.1`, `1E+16`.
void append_json_number(std::string& out, double value);
/// A member's name by the rule of System.Text.Json's camel case: `userId`, `ioStream` of
/// `IOStream`.
void append_camel_case(std::string& out, std::string_view name);

}  // namespace hubtrail::protocol
