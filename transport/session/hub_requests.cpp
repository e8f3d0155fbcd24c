#include "transport/session/hub_requests.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "protocol/negotiate.h"
#include "transport/session/cors.h"
#include "transport/session/event_stream_protocol.h"
#include "transport/session/http_protocol.h"
#include "transport/session/long_poll_connection.h"
#include "transport/session/post_queue.h"
#include "transport/session/resumable_connection.h"
#include "transport/session/session_server.h"
#include "transport/session/websocket_protocol.h"
#include "transport/websocket_handshake.h"

namespace hubtrail::transport {
namespace {

using State = ConnectionTokens::State;

constexpr int kRetryFullS = 1;
constexpr std::string_view kHubMethods = "GET, POST, DELETE";
constexpr std::string_view kPreflightMethods = "GET, POST, DELETE, OPTIONS";

HttpResponse make_draining_response() {
    return make_retry_problem("shutting-down", "this server is going down", kRetryDrainingS);
}

HttpResponse make_full_response() {
    return make_retry_problem("too-many-connections", "this server is full, try again later",
                              kRetryFullS);
}

bool is_on(const EndpointOptions& options, TransportKind kind) {
    switch (kind) {
        case TransportKind::web_sockets:
            return options.web_sockets;
        case TransportKind::server_sent_events:
            return options.server_sent_events;
        case TransportKind::long_polling:
            break;
    }
    return options.long_polling;
}

// As in the reference the type has to stand there by itself: with a weight it is another one.
bool wants_events(const HttpRequest& request) {
    auto list = request.header("accept").value_or("");
    bool found = false;
    while (!found && !list.empty()) {
        found = equal_ignoring_case(trim(take_until(list, ',')), "text/event-stream");
    }
    return found && request.method == "GET";
}

// Values of one name are one text to the reference: nothing that is given twice is a version or a
// token.
std::optional<std::string> query_text(const HttpRequest& request, std::string_view name) {
    std::optional<std::string> text;
    for (const auto value : request.query_values(name)) {
        text = text ? *text + "," + std::string(value) : std::string(value);
    }
    return text;
}

std::string token_of(const HttpRequest& request) {
    return query_text(request, "id").value_or("");
}

// Without a type for WebSockets: as the reference has it.
void answer_unknown_id(HttpProtocol& http, bool websocket) {
    auto response = make_text_response(404, kUnknownId);
    if (websocket) {
        response.content_type.clear();
    }
    http.answer(response);
}

// Of authentication refresh.
constexpr std::string_view kConnectionNotFound = "connection_not_found";
constexpr std::string_view kChangeRejected = "permission_change_rejected";

void refuse_refresh(HttpProtocol& http, int status, std::string_view error) {
    HttpResponse response;
    response.status = status;
    response.body = protocol::make_negotiate_error(error);
    if (status == 401) {
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
    }
    http.answer(response);
}

// The reference names no methods here; RFC 9110 15.5.6 wants them.
void refuse_method(HttpProtocol& http, std::string_view allowed, std::string_view text = {}) {
    auto response = make_text_response(405, text);
    response.headers.emplace_back("Allow", allowed);
    http.answer(response);
}

void answer_not_supported(HttpProtocol& http, TransportKind kind) {
    http.answer_text(
        404, std::string(transport_name(kind)) + " transport not supported by this end point type");
}

}  // namespace

void HubRequests::serve(HttpProtocol& http, const HubRoute& route, HttpRequest request,
                        bool moved) {
    const auto& options = route.endpoint->options();
    const auto origins = origins_of(options);
    if (is_preflight(request)) {
        http.answer(make_preflight_response(origins, request, kPreflightMethods));
        return;
    }
    WebSocketHandshake handshake;
    if (!route.negotiate && !route.refresh && !wants_events(request)) {
        handshake = check_websocket_handshake(request);
    }
    const bool upgrade = handshake.outcome == WebSocketHandshake::Outcome::accepted;
    if (handshake.outcome == WebSocketHandshake::Outcome::refused) {
        http.answer(handshake.response);
        return;
    }
    if (upgrade && !may_upgrade(origins, request)) {
        http.answer(
            make_problem(403, "origin-not-allowed", "pages of this origin may not connect here"));
        return;
    }
    // Who opens a connection without a token is checked by that.
    if (!moved && !(upgrade && token_of(request).empty())) {
        if (auto refusal = route.endpoint->check(request)) {
            http.answer(*refusal);
            return;
        }
    }
    if (route.negotiate) {
        negotiate(http, route, request);
    } else if (route.refresh) {
        refresh(http, route, std::move(request));
    } else if (upgrade) {
        get(http, route, std::move(request), TransportKind::web_sockets, handshake.accept_value);
    } else if (request.method == "GET") {
        const auto kind =
            wants_events(request) ? TransportKind::server_sent_events : TransportKind::long_polling;
        get(http, route, std::move(request), kind, {});
    } else if (request.method == "POST") {
        post(http, route, std::move(request));
    } else if (request.method == "DELETE") {
        terminate(http, route, std::move(request));
    } else {
        refuse_method(http, kHubMethods);
    }
}

// TransportProtocols.md, "POST [endpoint-base]/negotiate request".
void HubRequests::negotiate(HttpProtocol& http, const HubRoute& route, const HttpRequest& request) {
    if (request.method != "POST") {
        refuse_method(http, "POST");
        return;
    }
    if (server_.draining()) {
        http.answer(make_draining_response());
        return;
    }
    const auto& options = route.endpoint->options();
    const auto answer = [&](std::string body) {
        HttpResponse response;
        response.body = std::move(body);
        if (options.on_negotiate) {
            options.on_negotiate(request, response);
        }
        http.answer(response);
    };
    if (const auto redirect = route.endpoint->redirect(request)) {
        answer(protocol::make_negotiate_redirect(redirect->url, redirect->access_token));
        return;
    }
    const auto version = query_text(request, "negotiateversion").value_or("0");
    protocol::NegotiateOffer offer;
    offer.websockets = options.web_sockets;
    offer.server_sent_events = options.server_sent_events;
    offer.long_polling = options.long_polling;
    const auto stateful = query_text(request, "usestatefulreconnect").value_or("");
    offer.stateful_reconnect = options.allow_stateful_reconnects && options.web_sockets &&
                               equal_ignoring_case(stateful, "true");
    auto reply = protocol::make_negotiate_reply(version, options.minimum_protocol_version, offer);
    if (reply.accepted) {
        const auto made = server_.tokens().make(
            {route.hub, options.disconnect_timeout_ns, reply.version > 0, offer.stateful_reconnect},
            server_.loop().now_ns());
        if (made.token.empty()) {
            http.answer(make_retry_problem("too-many-negotiations",
                                           "too many connections are being set up", kRetryFullS));
            return;
        }
        offer.connection_id = made.id;
        offer.connection_token = made.token;
        if (options.enable_authentication_refresh && reply.version > 0) {
            offer.token_lifetime_s = token_lifetime_s(route.endpoint->identify(request).get());
        }
        reply = protocol::make_negotiate_reply(version, options.minimum_protocol_version, offer);
    }
    answer(std::move(reply.body));
}

std::optional<std::int64_t> HubRequests::token_lifetime_s(const auth::Principal* user) const {
    if (user == nullptr || user->expires_us <= 0) {
        return std::nullopt;
    }
    return std::max<std::int64_t>(user->expires_us - server_.clock().wall_us(), 0) / 1'000'000;
}

// docs/protocol/transports.md, "Authentication refresh".
void HubRequests::refresh(HttpProtocol& http, const HubRoute& route, HttpRequest request) {
    if (request.method != "POST") {
        refuse_method(http, "POST");
        return;
    }
    const auto token = token_of(request);
    if (token.empty()) {
        refuse_refresh(http, 400, "missing_connection_token");
        return;
    }
    const auto found = server_.tokens().find(token, route.hub, server_.loop().now_ns());
    if (found.state != State::in_use) {
        refuse_refresh(http, 404, kConnectionNotFound);
        return;
    }
    if (found.id == token) {
        refuse_refresh(http, 400, "unsupported_negotiate_version");  // everybody knows this one
        return;
    }
    if (found.home != &server_) {
        http.move_to(*found.home, std::move(request));
        return;
    }
    const auto user = route.endpoint->identify(request);
    if (user == nullptr) {
        refuse_refresh(http, 401, "invalid_token");
        return;
    }
    auto* const connection = server_.find(token);
    const auto outcome =
        connection == nullptr
            ? UserOutcome::gone
            : connection->handler().on_user({LaterRequest::Kind::refresh, request, user});
    if (outcome == UserOutcome::gone) {
        refuse_refresh(http, 404, kConnectionNotFound);
    } else if (outcome == UserOutcome::refused) {
        refuse_refresh(http, 403, kChangeRejected);
    } else {
        HttpResponse response;
        response.body = protocol::make_refresh_reply(token_lifetime_s(user.get()));
        http.answer(response);
    }
}

void HubRequests::get(HttpProtocol& http, const HubRoute& route, HttpRequest request,
                      TransportKind kind, const std::string& accept) {
    Opening opening{kind, route.endpoint, {}, accept, false};
    ConnectionTokens::Found found;
    const bool skips_negotiation = kind == TransportKind::web_sockets && token_of(request).empty();
    if (skips_negotiation) {
        found.state = State::waiting;
        found.id = server_.tokens().make_id();
    } else {
        found = look_up(http, route, request, kind == TransportKind::web_sockets, opening.token);
        if (found.state == State::unknown) {
            return;
        }
    }
    if (!is_on(route.endpoint->options(), kind)) {
        answer_not_supported(http, kind);
        return;
    }
    if (kind == TransportKind::server_sent_events && request.http_minor == 0) {
        http.answer(make_problem(505, "http-version", "Server-Sent Events need HTTP/1.1 here"));
        return;
    }
    if (found.state == State::waiting && (server_.draining() || server_.full())) {
        http.answer(server_.draining() ? make_draining_response() : make_full_response());
        return;
    }
    if (found.state == State::waiting && !skips_negotiation) {
        found = server_.tokens().claim(opening.token, route.hub, kind, server_,
                                       server_.loop().now_ns());
        if (found.state == State::unknown) {
            answer_unknown_id(http, kind == TransportKind::web_sockets);
            return;
        }
    }
    if (found.state == State::in_use) {
        if (found.kind != kind) {
            http.answer_text(400, "Cannot change transports mid-connection");
        } else {
            get_again(http, route, found, opening.token, std::move(request), accept);
        }
        return;
    }
    opening.resumable = found.resumable && kind == TransportKind::web_sockets;
    open(http, std::move(opening), std::move(request), std::move(found.id));
}

ConnectionTokens::Found HubRequests::look_up(HttpProtocol& http, const HubRoute& route,
                                             const HttpRequest& request, bool websocket,
                                             std::string& token) {
    token = token_of(request);
    if (token.empty()) {
        http.answer_text(400, "Connection ID required");
        return {};
    }
    auto found = server_.tokens().find(token, route.hub, server_.loop().now_ns());
    if (found.state == State::unknown) {
        answer_unknown_id(http, websocket);
    }
    return found;
}

void HubRequests::get_again(HttpProtocol& http, const HubRoute& route,
                            const ConnectionTokens::Found& found, const std::string& token,
                            HttpRequest request, const std::string& accept) {
    const bool several = found.kind == TransportKind::long_polling || found.resumable;
    if (!several) {
        http.answer_text(409, "");
        return;
    }
    auto* const connection = at_home(http, found, token, request, 409);
    if (connection == nullptr) {
        return;
    }
    const auto kind = found.kind == TransportKind::long_polling ? LaterRequest::Kind::poll
                                                                : LaterRequest::Kind::resume;
    if (connection->handler().on_user({kind, request, route.endpoint->identify(request)}) ==
        UserOutcome::refused) {
        refuse_refresh(http, 403, kChangeRejected);
    } else if (found.kind == TransportKind::long_polling) {
        connection->poll(http);
    } else if (!connection->resume(http, accept)) {
        answer_unknown_id(http, true);
    }
}

TokenConnection* HubRequests::at_home(HttpProtocol& http, const ConnectionTokens::Found& found,
                                      const std::string& token, HttpRequest& request, int status) {
    if (found.home != &server_) {
        http.move_to(*found.home, std::move(request));
        return nullptr;
    }
    auto* const connection = server_.find(token);
    if (connection == nullptr) {
        http.answer_text(status,
                         status == 404 ? kUnknownId : "");  // it is being opened, or has just ended
    }
    return connection;
}

void HubRequests::post(HttpProtocol& http, const HubRoute& route, HttpRequest request) {
    std::string token;
    const auto found = look_up(http, route, request, false, token);
    if (found.state == State::unknown) {
        return;
    }
    if (found.state == State::waiting) {
        http.answer_text(404, kUnknownId);  // nobody is there yet to read it
        return;
    }
    if (found.kind == TransportKind::web_sockets) {
        refuse_method(http, "GET", "POST requests are not allowed for WebSocket connections.");
        return;
    }
    if (auto* const connection = at_home(http, found, token, request, 404)) {
        connection->post(std::move(request.body), http.reply());
    }
}

void HubRequests::terminate(HttpProtocol& http, const HubRoute& route, HttpRequest request) {
    std::string token;
    const auto found = look_up(http, route, request, false, token);
    if (found.state == State::unknown) {
        return;
    }
    if (found.state == State::waiting || found.kind != TransportKind::long_polling) {
        http.answer_text(400, "Cannot terminate this connection using the DELETE endpoint.");
        return;
    }
    if (auto* const connection = at_home(http, found, token, request, 404)) {
        http.answer_text(202, "");
        connection->terminate();
    }
}

void HubRequests::open(HttpProtocol& http, Opening opening, HttpRequest request, std::string id) {
    auto& endpoint = *opening.endpoint;
    request.peer_address = http.peer().socket().peer_address();
    request.local_address = http.peer().socket().local_address();
    // The answer may come when this server is gone; the tokens are not.
    endpoint.open(std::move(request), std::move(id),
                  [exchange = http.exchange(), opening = std::move(opening),
                   &tokens = server_.tokens()](OpenResult result) {
                      if (auto* const protocol = exchange.get()) {
                          protocol->peer().server().hub_requests().on_opened(*protocol, opening,
                                                                             std::move(result));
                      } else if (!opening.token.empty()) {
                          tokens.forget(opening.token);
                      }
                  });
}

void HubRequests::on_opened(HttpProtocol& http, const Opening& opening, OpenResult result) {
    auto* handler = std::get_if<std::unique_ptr<ConnectionHandler>>(&result);
    if (handler != nullptr && !http.ending() && !server_.draining()) {
        start(http, opening, std::move(*handler));
        return;
    }
    if (!opening.token.empty()) {
        server_.tokens().forget(opening.token);
    }
    http.answer(handler == nullptr ? std::get<HttpResponse>(result) : make_draining_response());
}

void HubRequests::start(HttpProtocol& http, const Opening& opening,
                        std::unique_ptr<ConnectionHandler> handler) {
    const auto& options = opening.endpoint->options();
    auto& peer = http.peer();
    switch (opening.kind) {
        case TransportKind::web_sockets: {
            if (opening.resumable) {
                ResumableConnection::open(http, options, opening.token, std::move(handler),
                                          opening.accept);
                return;
            }
            peer.outbox().send(make_upgrade_head(opening.accept));
            auto protocol = std::make_unique<WebSocketProtocol>(peer, options, std::move(handler),
                                                                opening.token, true);
            auto& websocket = *protocol;
            const auto rest = http.turn_over(std::move(protocol));
            websocket.open();
            // Frames may have come in the same segment as the request.
            if (!rest.empty() && !peer.closed()) {
                websocket.on_bytes(rest);
            }
            return;
        }
        case TransportKind::server_sent_events: {
            peer.outbox().send(http.begin_head(200), kEventStreamHead);
            auto protocol = std::make_unique<EventStreamProtocol>(peer, options, std::move(handler),
                                                                  opening.token);
            auto& events = *protocol;
            http.turn_over(std::move(protocol));
            events.open();
            return;
        }
        case TransportKind::long_polling:
            LongPollConnection::open(http, options, opening.token, std::move(handler));
            return;
    }
}

}  // namespace hubtrail::transport
