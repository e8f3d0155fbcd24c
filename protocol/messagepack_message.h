#pragma once

#include <string_view>

#include "base/result.h"
#include "protocol/hub_message.h"
#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

/// Parses one record (without its length) of the MessagePack hub protocol into `message`
/// (HubProtocol.md "MessagePack Encoding"; reader rules in docs/protocol/messagepack.md). One pass,
/// no allocation but what the texts of `message` need; an unknown type gives MessageType::unknown.
/// The raw views of `message` die with `record`. Thread: any.
Result<void, ProtocolError> parse_messagepack_message(std::string_view record, HubMessage& message);

}  // namespace hubtrail::protocol
