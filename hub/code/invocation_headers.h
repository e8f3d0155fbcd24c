#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/hub_protocol.h"

namespace hubtrail::hub {

/// The headers that a client gave to one invocation (HubProtocol.md), such as the context of its
/// trace. A view of the message, read anew each time something is asked for: invocations without
/// headers pay nothing. Thread: strand.
class InvocationHeaders {
public:
    InvocationHeaders() = default;
    /// `raw` as in HubMessage; both must outlive it.
    InvocationHeaders(const protocol::HubProtocol& protocol, std::string_view raw)
        : protocol_(&protocol), raw_(raw) {}

    /// Names have case. Of a header that was given twice the last one counts.
    std::optional<std::string> find(std::string_view name) const;

private:
    const protocol::HubProtocol* protocol_ = nullptr;
    std::string_view raw_;
};

}  // namespace hubtrail::hub
