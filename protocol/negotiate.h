#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hubtrail::protocol {

/// What a negotiate request may be offered (TransportProtocols.md, "POST
/// [endpoint-base]/negotiate"). The transports are listed in this order, which is the client's
/// order of preference.
struct NegotiateOffer {
    std::string connection_id;     ///< public
    std::string connection_token;  ///< secret; used only from version 1 on
    bool websockets = false;
    bool server_sent_events = false;
    bool long_polling = false;
    bool stateful_reconnect =
        false;  ///< only if the client asked: it ends the connection otherwise
    std::optional<std::int64_t> token_lifetime_s =
        std::nullopt;  ///< of authentication refresh (.NET 11)
};

struct NegotiateReply {
    int version = 0;        ///< that was agreed
    bool accepted = false;  ///< false: `body` holds an error
    std::string body;       ///< JSON; the status is 200 either way
};

/// `query_version` is the text of negotiateVersion; who gives none means "0". Versions below
/// `minimum_version` and non-integers are answered by the reference's error texts.
NegotiateReply make_negotiate_reply(std::string_view query_version, int minimum_version,
                                    const NegotiateOffer& offer);

/// The body that sends the client to another URL, for those who put a service in front; an empty
/// token is left out.
std::string make_negotiate_redirect(std::string_view url, std::string_view access_token);
/// What a client whose token was exchanged is told: how long the new one lasts, if it ends at all.
std::string make_refresh_reply(std::optional<std::int64_t> token_lifetime_s);
/// The body of any other refusal.
std::string make_negotiate_error(std::string_view error);

}  // namespace hubtrail::protocol
