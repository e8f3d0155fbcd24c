#include "hub/connection/handshake_input.h"

#include "base/ascii.h"
#include "protocol/handshake.h"
#include "protocol/json_hub_protocol.h"

namespace hubtrail::hub {
namespace {

constexpr std::string_view kHandshakeError =
    "An unexpected error occurred during connection handshake.";

const protocol::HubProtocol* find_protocol(const protocol::HubProtocols& spoken,
                                           std::string_view name) {
    for (const auto encoding : protocol::kEncodings) {
        if (equal_ignoring_case(name_of(encoding), name)) {
            return spoken.find(encoding);
        }
    }
    return nullptr;
}

HandshakeAnswer refuse(std::string error) {
    return {nullptr, false, std::move(error)};
}

}  // namespace

std::optional<HandshakeAnswer> HandshakeInput::take(std::string_view& bytes,
                                                    const transport::Connection& connection) {
    const auto end = bytes.find(protocol::kRecordSeparator);
    const bool whole = end != std::string_view::npos;
    const auto taken = whole ? end + 1 : bytes.size();
    const auto total = begun_.size() + taken;
    const auto most = options_.receive_bytes_max;
    if (most != 0 && (total > most || (total == most && !whole))) {
        return refuse(std::string(kHandshakeCanceled));
    }
    begun_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (!whole) {
        return std::nullopt;
    }
    begun_.pop_back();
    return judge(begun_, connection);
}

HandshakeAnswer HandshakeInput::judge(std::string_view record,
                                      const transport::Connection& connection) const {
    const auto request = protocol::parse_handshake(record);
    if (!request) {
        return refuse(error_text(options_, kHandshakeError, to_text(request.error())));
    }
    const auto* const chosen = find_protocol(options_.protocols, request->protocol);
    if (chosen == nullptr) {
        return refuse("The protocol '" + request->protocol + "' is not supported.");
    }
    if (request->version > protocol::kHubProtocolVersionMax) {
        return refuse("The server does not support version " + std::to_string(request->version) +
                      " of the '" + request->protocol + "' protocol.");
    }
    const auto format =
        chosen->binary() ? transport::TransferFormat::binary : transport::TransferFormat::text;
    if (!connection.supports(format)) {
        const std::string format_name = chosen->binary() ? "Binary" : "Text";
        return refuse("Cannot use the '" + std::string(chosen->name()) +
                      "' protocol on the current transport. The transport does not support '" +
                      format_name + "' transfer format.");
    }
    return {chosen, request->version >= 2, {}};
}

}  // namespace hubtrail::hub
