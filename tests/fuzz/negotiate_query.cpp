// Goal: whatever stands in the query of a negotiate request, the answer is JSON, and it is an offer
// exactly when a version was agreed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/json.h"
#include "protocol/negotiate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hubtrail::protocol;
    if (size == 0) {
        return 0;
    }
    const unsigned bits = data[0];
    const std::string_view query(reinterpret_cast<const char*>(data) + 1, size - 1);
    NegotiateOffer offer{"807809a5", "05265228"};
    offer.websockets = (bits & 1U) != 0;
    offer.server_sent_events = (bits & 2U) != 0;
    offer.long_polling = (bits & 4U) != 0;
    offer.stateful_reconnect = (bits & 8U) != 0;
    const int minimum = static_cast<int>(bits >> 4U) - 8;
    const auto reply = make_negotiate_reply(query, minimum, offer);
    const auto body = JsonValue::parse(reply.body, JsonLimits{});
    HUBTRAIL_CHECK(body && body->is_object(), "the answer is JSON");
    HUBTRAIL_CHECK(body->find("error").has_value() != reply.accepted, "an error or an offer");
    if (!reply.accepted) {
        return 0;
    }
    HUBTRAIL_CHECK(reply.version <= 1 && reply.version >= std::min(minimum, 1), "version");
    HUBTRAIL_CHECK(body->find("negotiateVersion")->integer() == reply.version, "version as told");
    HUBTRAIL_CHECK(body->find("connectionToken").has_value() == (reply.version > 0), "token");
    HUBTRAIL_CHECK(body->find("useStatefulReconnect").has_value() == offer.stateful_reconnect,
                   "stateful");
    const std::size_t transports = (bits & 1U) + (bits >> 1U & 1U) + (bits >> 2U & 1U);
    HUBTRAIL_CHECK(body->find("availableTransports")->size() == transports, "transports");
    return 0;
}
