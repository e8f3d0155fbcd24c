#pragma once

#include <string>
#include <string_view>

namespace hubtrail::protocol {

/// What a negotiate request may be offered (TransportProtocols.md, "POST
/// [endpoint-base]/negotiate").
struct NegotiateOffer {
    std::string connection_id;     ///< public
    std::string connection_token;  ///< secret; used only from version 1 on
    bool websockets = false;
};

struct NegotiateReply {
    int version = 0;        ///< that was agreed
    bool accepted = false;  ///< false: `body` holds an error
    std::string body;       ///< JSON; the status is 200 either way
};

/// `query_version` is the text of negotiateVersion, empty when absent. Versions below
/// `minimum_version` and non-integers are answered by the reference's error texts.
NegotiateReply make_negotiate_reply(std::string_view query_version, int minimum_version,
                                    const NegotiateOffer& offer);

}  // namespace hubtrail::protocol
