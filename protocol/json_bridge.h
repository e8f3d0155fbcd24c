#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/hub_protocol.h"
#include "protocol/value_writer.h"

namespace hubtrail::protocol {

// Between JSON, which the log speaks, and the encoding of a connection.

/// Writes one JSON value in the encoding of `out`, whatever that is. Returns false, with a part of
/// it written, when the text is not JSON or nested deeper than JsonScanner::kDepthMax. Thread: any.
bool write_json(ValueWriter& out, std::string_view json);

/// A raw value of `protocol` as JSON text: bytes become Base64, timestamps ISO 8601. The error is
/// the reader's. Thread: any.
Result<std::string, std::string> to_json(const HubProtocol& protocol, std::string_view raw);

}  // namespace hubtrail::protocol
