#include "protocol/negotiate.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "protocol/json.h"

namespace hubtrail::protocol {
namespace {

constexpr int kNegotiateVersionMax = 1;

// As .NET's int.TryParse: white space around, one sign, 32 bits.
std::optional<int> parse_version(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) {
        return std::nullopt;
    }
    text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
    if (text.front() == '+' && text.size() > 1 && text[1] != '-') {
        text.remove_prefix(1);
    }
    int version = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, version);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return std::nullopt;
    }
    return version;
}

NegotiateReply refuse(std::string_view error) {
    NegotiateReply reply;
    reply.body = make_negotiate_error(error);
    return reply;
}

void append_transport(std::string& body, std::string_view name, bool binary) {
    if (body.back() != '[') {
        body.push_back(',');
    }
    body += R"({"transport":")";
    body += name;
    body +=
        binary ? R"(","transferFormats":["Text","Binary"]})" : R"(","transferFormats":["Text"]})";
}

std::string lifetime_member(std::int64_t seconds) {
    return R"("tokenLifetimeSeconds":)" + std::to_string(seconds);
}

}  // namespace

NegotiateReply make_negotiate_reply(std::string_view query_version, int minimum_version,
                                    const NegotiateOffer& offer) {
    const auto requested = parse_version(query_version);
    if (!requested) {
        return refuse("The client requested a non-integer protocol version.");
    }
    if (*requested < minimum_version) {
        return refuse("The client requested version '" + std::to_string(*requested) +
                      "', but the server does not support this version.");
    }
    NegotiateReply reply;
    reply.accepted = true;
    reply.version = std::min(*requested, kNegotiateVersionMax);
    auto& body = reply.body;
    body.push_back('{');
    if (offer.stateful_reconnect) {
        body += R"("useStatefulReconnect":true,)";
    }
    body += R"("negotiateVersion":)" + std::to_string(reply.version) + R"(,"connectionId":)";
    append_json_string(body, offer.connection_id);
    if (reply.version > 0) {
        body += R"(,"connectionToken":)";
        append_json_string(body, offer.connection_token);
    }
    if (offer.token_lifetime_s) {
        body += ',' + lifetime_member(*offer.token_lifetime_s);
    }
    body += R"(,"availableTransports":[)";
    if (offer.websockets) {
        append_transport(body, "WebSockets", true);
    }
    if (offer.server_sent_events) {
        append_transport(body, "ServerSentEvents", false);
    }
    if (offer.long_polling) {
        append_transport(body, "LongPolling", true);
    }
    body += "]}";
    return reply;
}

std::string make_negotiate_redirect(std::string_view url, std::string_view access_token) {
    std::string body = R"({"url":)";
    append_json_string(body, url);
    if (!access_token.empty()) {
        body += R"(,"accessToken":)";
        append_json_string(body, access_token);
    }
    body.push_back('}');
    return body;
}

std::string make_refresh_reply(std::optional<std::int64_t> token_lifetime_s) {
    return token_lifetime_s ? '{' + lifetime_member(*token_lifetime_s) + '}' : "{}";
}

std::string make_negotiate_error(std::string_view error) {
    std::string body = R"({"error":)";
    append_json_string(body, error);
    body.push_back('}');
    return body;
}

}  // namespace hubtrail::protocol
