#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "transport/http_message.h"

namespace hubtrail::hub {

/// The request that opened a connection, as far as hubs need it, in one block of memory. Never
/// holds the token. Thread: any; it never changes. Views die with it.
class RequestInfo {
public:
    RequestInfo() = default;
    explicit RequestInfo(const transport::HttpRequest& request);

    std::string_view path() const;
    /// The first of this name, which is found without case; nothing: not sent.
    std::optional<std::string_view> header(std::string_view name) const;
    std::optional<std::string_view> query(std::string_view name) const;
    std::optional<std::string_view> cookie(std::string_view name) const;

    // The two ends of the request's TCP connection, `127.0.0.1` or `::1`. Behind a proxy the remote
    // one is the proxy. Empty and 0: not known.
    std::string_view remote_address() const;
    std::uint16_t remote_port() const;
    std::string_view local_address() const;
    std::uint16_t local_port() const;

private:
    std::optional<std::string_view> find(char kind, std::string_view name) const;

    /// Kind, two lengths, name, value; again and again; in front of it all its own length. Null: of
    /// no request.
    std::unique_ptr<char[]> block_;  // NOLINT(modernize-avoid-c-arrays): not one, but on the heap
};

}  // namespace hubtrail::hub
