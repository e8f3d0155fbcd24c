#include "protocol/hub_message.h"

namespace hubtrail::protocol {

void HubMessage::clear() {
    type = MessageType::unknown;
    invocation_id.clear();
    target.clear();
    arguments.clear();
    stream_ids.clear();
    headers = {};
    value = {};
    error.clear();
    has_error = false;
    allow_reconnect = false;
    sequence_id = 0;
}

}  // namespace hubtrail::protocol
