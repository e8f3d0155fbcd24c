#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hub/connection/hub_options.h"
#include "protocol/hub_protocol.h"
#include "transport/connection.h"

namespace hubtrail::hub {

/// The reference's answer to a handshake that is too long or too late.
inline constexpr std::string_view kHandshakeCanceled = "Handshake was canceled.";

/// What a client is told of its handshake.
struct HandshakeAnswer {
    const protocol::HubProtocol* protocol = nullptr;  ///< what it chose; null: refused
    bool knows_resume = false;                        ///< its version has stateful reconnect
    std::string error;                                ///< why it was refused
};

/// The beginning of a connection: gathers the first record, which is JSON whatever comes after it,
/// and judges it (HubProtocol.md "Overview"; texts of the reference in docs/protocol/hub.md). Sends
/// nothing. Thread: strand.
class HandshakeInput {
public:
    /// `options` must outlive it.
    explicit HandshakeInput(const HubOptions& options) : options_(options) {}

    /// Takes what belongs to the handshake off the front of `bytes`. Nothing: more has to come.
    /// Called no more once it has answered.
    std::optional<HandshakeAnswer> take(std::string_view& bytes,
                                        const transport::Connection& connection);

private:
    HandshakeAnswer judge(std::string_view record, const transport::Connection& connection) const;

    const HubOptions& options_;
    std::string begun_;
};

}  // namespace hubtrail::hub
