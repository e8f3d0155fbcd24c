#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "transport/connection.h"
#include "transport/endpoint_options.h"
#include "transport/http_message.h"

namespace hubtrail::transport {

/// Either the answer that refuses the connection, or what will handle it.
using OpenResult = std::variant<HttpResponse, std::unique_ptr<ConnectionHandler>>;

/// Where negotiate sends a client instead of answering itself.
struct NegotiateRedirect {
    std::string url;
    std::string access_token;  ///< empty: the client keeps its own
};

/// A hub as the session layer sees it: it decides who may connect, before any upgrade.
/// Thread: strand; one endpoint per loop.
class HubEndpoint {
public:
    virtual ~HubEndpoint() = default;

    virtual const EndpointOptions& options() const = 0;

    /// Authentication, authorization and parameters: the refusal, or nothing. For every request of
    /// the hub.
    virtual std::optional<HttpResponse> check(const HttpRequest& request) = 0;

    /// Whose request it is by its token; null: nobody's. After check().
    virtual std::shared_ptr<const auth::Principal> identify(const HttpRequest&) { return nullptr; }

    /// Asked after check() by negotiate.
    virtual std::optional<NegotiateRedirect> redirect(const HttpRequest&) { return std::nullopt; }

    /// check(), then whatever the hub has to look up. `connection_id` is the public id, made by the
    /// session. `done` is called once, on this loop, now or later.
    virtual void open(HttpRequest request, std::string connection_id,
                      std::function<void(OpenResult)> done) = 0;
};

}  // namespace hubtrail::transport
