#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "transport/http_message.h"
#include "transport/hub_endpoint.h"
#include "transport/session/connection_tokens.h"
#include "transport/session/route_table.h"

namespace hubtrail::transport {

class HttpProtocol;
class SessionServer;
class TokenConnection;

inline constexpr int kRetryDrainingS =
    1;  ///< Retry-After of a server that goes down: others take over at once

/// Requests to a hub's paths: negotiate, the three transports, POST and DELETE, and refresh, with
/// the statuses and texts of the reference's connection dispatcher (docs/protocol/transports.md). A
/// request for a connection that lives on another loop takes its TCP connection there. Thread:
/// strand; one per server.
class HubRequests {
public:
    explicit HubRequests(SessionServer& server) : server_(server) {}

    /// Answers, or turns the connection over. `moved`: it came from another loop, which has checked
    /// it.
    void serve(HttpProtocol& http, const HubRoute& route, HttpRequest request, bool moved);

private:
    /// A connection that is about to be opened.
    struct Opening {
        TransportKind kind = TransportKind::web_sockets;
        HubEndpoint* endpoint = nullptr;
        std::string token;   ///< empty: negotiation was skipped
        std::string accept;  ///< of the WebSocket handshake
        bool resumable = false;
    };

    void negotiate(HttpProtocol& http, const HubRoute& route, const HttpRequest& request);
    void refresh(HttpProtocol& http, const HubRoute& route, HttpRequest request);
    void get(HttpProtocol& http, const HubRoute& route, HttpRequest request, TransportKind kind,
             const std::string& accept);
    void post(HttpProtocol& http, const HubRoute& route, HttpRequest request);
    void terminate(HttpProtocol& http, const HubRoute& route, HttpRequest request);
    /// The connection of the `id`, or what was answered instead: state unknown.
    ConnectionTokens::Found look_up(HttpProtocol& http, const HubRoute& route,
                                    const HttpRequest& request, bool websocket, std::string& token);
    /// A further request of the kind that the connection was opened with.
    void get_again(HttpProtocol& http, const HubRoute& route, const ConnectionTokens::Found& found,
                   const std::string& token, HttpRequest request, const std::string& accept);
    /// Whole seconds until the user's token ends; nothing: it does not, or there is no user.
    std::optional<std::int64_t> token_lifetime_s(const auth::Principal* user) const;
    /// The connection if it lives here and is open; else null, and the request was moved or
    /// answered with `status`.
    TokenConnection* at_home(HttpProtocol& http, const ConnectionTokens::Found& found,
                             const std::string& token, HttpRequest& request, int status);
    void open(HttpProtocol& http, Opening opening, HttpRequest request, std::string id);
    void on_opened(HttpProtocol& http, const Opening& opening, OpenResult result);
    void start(HttpProtocol& http, const Opening& opening,
               std::unique_ptr<ConnectionHandler> handler);

    SessionServer& server_;
};

}  // namespace hubtrail::transport
