#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/hub_message.h"
#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

inline constexpr char kRecordSeparator = '\x1e';

/// Parses one record (without its separator) of the JSON hub protocol into `message`
/// (HubProtocol.md "JSON Encoding"; reader rules in docs/protocol/json.md). One pass, any property
/// order, unknown properties skipped, an unknown type gives MessageType::unknown. The raw views of
/// `message` die with `record`. Thread: any.
Result<void, ProtocolError> parse_json_message(std::string_view record, HubMessage& message);

// Writers. Each appends one whole message with its record separator; raw_* is JSON text.
void append_json_invocation(std::string& out, std::string_view target,
                            std::string_view raw_arguments);  ///< arguments without the brackets
void append_json_client_result_request(std::string& out, std::string_view id,
                                       std::string_view target, std::string_view raw_arguments);
void append_json_stream_item(std::string& out, std::string_view id, std::string_view raw_item);
void append_json_completion(std::string& out, std::string_view id);  ///< end of a stream
void append_json_completion_result(std::string& out, std::string_view id,
                                   std::string_view raw_result);
void append_json_completion_error(std::string& out, std::string_view id, std::string_view error);
void append_json_close(std::string& out, std::string_view error, bool allow_reconnect);
inline constexpr std::string_view kJsonPing = "{\"type\":6}\x1e";

}  // namespace hubtrail::protocol
