#pragma once

#include <memory>

#include "transport/hub_endpoint.h"

namespace hubtrail::testhub {

/// No hub: the bytes of a connection come back (tests/conformance/HUBS.md).
std::unique_ptr<transport::HubEndpoint> make_echo_endpoint(transport::EndpointOptions options);

/// For RFC 6455: messages come back whole, text as text and binary as binary, up to 16 MiB and a
/// little.
std::unique_ptr<transport::HubEndpoint> make_message_echo_endpoint(
    transport::EndpointOptions options);

}  // namespace hubtrail::testhub
