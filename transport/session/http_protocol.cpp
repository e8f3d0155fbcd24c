#include "transport/session/http_protocol.h"

#include <utility>

#include "protocol/negotiate.h"
#include "transport/session/session_server.h"
#include "transport/session/websocket_protocol.h"
#include "transport/websocket_handshake.h"

namespace hubtrail::transport {

namespace {
constexpr int kRetryFullS = 1;  // a full server asks to be tried again after this
}

struct HttpProtocol::Alive {
    HttpProtocol* protocol;
};

HttpProtocol::HttpProtocol(Peer& peer)
    : peer_(peer),
      alive_(std::make_shared<Alive>(Alive{this})),
      started_ns_(peer.server().loop().now_ns()) {}

HttpProtocol::~HttpProtocol() {
    alive_->protocol = nullptr;
    peer_.server().give_back(std::move(parser_));
}

void HttpProtocol::refuse(int status, std::string_view code, std::string_view text) {
    keep_alive_ = false;
    head_only_ = false;
    serving_ = true;
    answer(status == 503 ? make_retry_problem(code, text, kRetryFullS)
                         : make_problem(status, code, text));
}

void HttpProtocol::on_bytes(std::string_view bytes) {
    pending_.append(bytes);
    parse();
    if (pending_.size() > kPipelinedBytesMax) {
        peer_.pause_reading();
    }
}

void HttpProtocol::on_end() {
    ended_ = true;
    if (!serving_) {
        peer_.close_after_flush(CloseReason::peer_closed);
    }
}

void HttpProtocol::on_tick(std::int64_t now_ns) {
    if (serving_) {
        return;
    }
    const bool started = parser_ && parser_->started();
    const bool in_body = started && parser_->header_complete();
    if (in_body) {
        if (now_ns - started_ns_ >= kBodyDeadlineNs) {
            refuse(408, "body-timeout", "the request body did not arrive in time");
        }
    } else if (started || requests_ == 0) {
        if (now_ns - started_ns_ >= kHeaderDeadlineNs) {
            refuse(408, "header-timeout", "the request header did not arrive in time");
        }
    } else if (now_ns - started_ns_ >= kKeepAliveIdleNs) {
        peer_.close_after_flush(CloseReason::we_closed);
    }
}

void HttpProtocol::on_flushed() {
    // The answer is out: now the next pipelined request may be read.
    serving_ = false;
    answered_ = false;
    started_ns_ = peer_.server().loop().now_ns();
    if (closing_) {
        peer_.close_after_flush(CloseReason::we_closed);
        return;
    }
    parse();
    if (ended_ && !serving_) {
        peer_.close_after_flush(CloseReason::peer_closed);
        return;
    }
    if (pending_.size() <= kPipelinedBytesMax) {
        peer_.resume_reading();
    }
}

void HttpProtocol::on_shutdown() {
    // A request that is being served still gets its answer.
    closing_ = true;
    keep_alive_ = false;
    if (!serving_) {
        peer_.close_after_flush(CloseReason::we_closed);
    }
}

void HttpProtocol::on_gone(CloseReason) { alive_->protocol = nullptr; }

void HttpProtocol::parse() {
    if (in_parse_) {
        return;
    }
    in_parse_ = true;
    while (!serving_ && !pending_.empty()) {
        if (!parser_) {
            parser_ = peer_.server().take_parser();
        }
        if (!parser_->started() && requests_ > 0) {
            started_ns_ = peer_.server().loop().now_ns();
        }
        std::size_t consumed = 0;
        const auto state = parser_->feed(pending_, consumed);
        pending_.erase(0, consumed);
        if (state == RequestParser::State::need_more) {
            if (parser_->wants_continue()) {
                peer_.outbox().send("HTTP/1.1 100 Continue\r\n\r\n");
            }
            break;
        }
        serving_ = true;
        ++requests_;
        if (state == RequestParser::State::failed) {
            const auto& error = parser_->error();
            refuse(error.status, "bad-request", error.text);
            break;
        }
        auto request = parser_->take();
        peer_.server().give_back(std::move(parser_));
        const bool hub_path = peer_.server().router().find_hub(request.path) != nullptr ||
                              peer_.server().router().find_negotiate(request.path) != nullptr;
        extract_token(request, hub_path ? TokenInQuery::accepted : TokenInQuery::refused);
        keep_alive_ = request.keep_alive && !closing_ && requests_ < kRequestsPerConnectionMax;
        head_only_ = request.method == "HEAD";
        dispatch(std::move(request));
    }
    in_parse_ = false;
}

void HttpProtocol::dispatch(HttpRequest request) {
    const auto& router = peer_.server().router();
    if (request.token_conflict) {
        answer(make_problem(400, "token-conflict",
                            "Authorization and access_token hold different tokens"));
        return;
    }
    if (auto* hub = router.find_negotiate(request.path)) {
        serve_negotiate(*hub, request);
        return;
    }
    if (auto* hub = router.find_hub(request.path)) {
        serve_hub(*hub, std::move(request));
        return;
    }
    auto* handler = router.find(request.path);
    if (handler == nullptr) {
        answer(make_problem(404, "not-found", "nothing is served at this path"));
        return;
    }
    handler->handle(std::move(request), [alive = alive_, number = requests_](HttpResponse response) {
        if (alive->protocol != nullptr) {
            alive->protocol->answer_late(number, response);
        }
    });
}

void HttpProtocol::answer_late(std::uint32_t request, const HttpResponse& response) {
    if (request == requests_ && serving_ && !answered_) {
        answer(response);
    }
}

// TransportProtocols.md, "POST [endpoint-base]/negotiate request".
void HttpProtocol::serve_negotiate(HubEndpoint& hub, const HttpRequest& request) {
    if (request.method != "POST") {
        answer_text(405, "");
        return;
    }
    if (auto refusal = hub.check(request)) {
        answer(*refusal);
        return;
    }
    const auto version = request.query_value("negotiateversion").value_or("");
    protocol::NegotiateOffer offer;
    offer.websockets = true;
    auto reply = protocol::make_negotiate_reply(version, 0, offer);
    if (reply.accepted) {
        auto& server = peer_.server();
        const auto made = server.tokens().make(reply.version > 0, server.loop().now_ns());
        if (made.token.empty()) {
            answer(make_retry_problem("too-many-negotiations",
                                      "too many connections are being set up", kRetryFullS));
            return;
        }
        offer.connection_id = made.id;
        offer.connection_token = made.token;
        reply = protocol::make_negotiate_reply(version, 0, offer);
    }
    HttpResponse response;
    response.body = std::move(reply.body);
    answer(response);
}

// Statuses and texts of the reference's connection dispatcher (docs/protocol/transports.md).
void HttpProtocol::serve_hub(HubEndpoint& hub, HttpRequest request) {
    const auto check = check_websocket_handshake(request);
    if (check.outcome == WebSocketHandshake::Outcome::accepted) {
        open_websocket(hub, std::move(request), check.accept_value);
        return;
    }
    if (check.outcome == WebSocketHandshake::Outcome::refused) {
        answer(check.response);
        return;
    }
    if (auto refusal = hub.check(request)) {
        answer(*refusal);
        return;
    }
    if (request.method != "GET" && request.method != "POST" && request.method != "DELETE") {
        answer_text(405, "");
        return;
    }
    const auto id = request.query_value("id");
    if (!id) {
        answer_text(400, "Connection ID required");
        return;
    }
    const auto state = peer_.server().tokens().find(*id, peer_.server().loop().now_ns());
    if (state == ConnectionTokens::State::unknown) {
        answer_text(404, "No Connection with that ID");
        return;
    }
    if (request.method == "DELETE") {
        answer_text(400, "Cannot terminate this connection using the DELETE endpoint.");
        return;
    }
    if (request.method == "POST" && state == ConnectionTokens::State::in_use) {
        answer_text(405, "POST requests are not allowed for WebSocket connections.");
        return;
    }
    const auto accepts = request.header("accept").value_or("");
    const bool sse = request.method == "GET" &&
                     accepts.find("text/event-stream") != std::string_view::npos;
    answer_text(404, sse ? "ServerSentEvents transport not supported by this end point type"
                         : "LongPolling transport not supported by this end point type");
}

void HttpProtocol::open_websocket(HubEndpoint& hub, HttpRequest request, const std::string& accept) {
    auto& server = peer_.server();
    std::string id;
    std::string token;
    if (const auto given = request.query_value("id")) {
        token = std::string(*given);
        // Who may not connect must not use up somebody's token.
        if (auto refusal = hub.check(request)) {
            answer(*refusal);
            return;
        }
        switch (server.tokens().claim(token, server.loop().now_ns(), id)) {
            case ConnectionTokens::Claim::ok:
                break;
            case ConnectionTokens::Claim::unknown:
                answer_text(404, "No Connection with that ID");
                return;
            case ConnectionTokens::Claim::in_use:
                answer_text(409, "");
                return;
        }
    } else {
        id = server.tokens().make_id();
    }
    auto& tokens = server.tokens();
    hub.open(std::move(request), std::move(id),
             [alive = alive_, accept, token, &tokens](OpenResult result) {
                 auto* const protocol = alive->protocol;
                 if (protocol != nullptr) {
                     protocol->on_opened(accept, token, std::move(result));
                 } else if (!token.empty()) {
                     tokens.forget(token);
                 }
             });
}

void HttpProtocol::on_opened(const std::string& accept, const std::string& token, OpenResult result) {
    auto* handler = std::get_if<std::unique_ptr<ConnectionHandler>>(&result);
    if (handler != nullptr && !ended_ && !closing_) {
        upgrade(accept, std::move(*handler), token);
        return;
    }
    if (!token.empty()) {
        peer_.server().tokens().forget(token);
    }
    if (handler == nullptr) {
        answer(std::get<HttpResponse>(result));
    } else {
        refuse(503, "shutting-down", "this server is going down");
    }
}

void HttpProtocol::upgrade(const std::string& accept, std::unique_ptr<ConnectionHandler> handler,
                           std::string token) {
    std::string head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: ";
    head += accept;
    head += "\r\n\r\n";
    peer_.outbox().send(head);
    auto protocol =
        std::make_unique<WebSocketProtocol>(peer_, std::move(handler), std::move(token));
    auto& websocket = *protocol;
    const auto rest = std::move(pending_);
    auto& peer = peer_;
    peer_.switch_protocol(std::move(protocol));
    peer.server().slow_down(peer);
    peer.resume_reading();
    websocket.open();
    // Frames may have come in the same segment as the request.
    if (!rest.empty() && !peer.closed()) {
        websocket.on_bytes(rest);
    }
}

void HttpProtocol::answer_text(int status, std::string_view text) {
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain";
    response.body = std::string(text);
    answer(response);
}

void HttpProtocol::answer(const HttpResponse& response) {
    if (peer_.closed()) {
        return;
    }
    std::string head;
    write_head(head, response);
    peer_.outbox().send(head, head_only_ ? std::string_view{} : std::string_view(response.body));
    answered_ = true;
    if (!keep_alive_) {
        peer_.close_after_flush(CloseReason::we_closed);
        return;
    }
    peer_.outbox().tell_when_flushed();
}

void HttpProtocol::write_head(std::string& out, const HttpResponse& response) const {
    out.reserve(320);
    out += "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\nDate: ";
    out += peer_.server().http_date();
    if (!response.content_type.empty() && response.status != 204) {
        out += "\r\nContent-Type: ";
        out += response.content_type;
    }
    if (response.status != 204) {
        out += "\r\nContent-Length: ";
        out += std::to_string(response.body.size());
    }
    out += "\r\nX-Content-Type-Options: nosniff";
    bool cache_control = false;
    for (const auto& [name, value] : response.headers) {
        cache_control = cache_control || name == "Cache-Control";
        out += "\r\n";
        out += name;
        out += ": ";
        out += value;
    }
    if (!cache_control) {
        out += "\r\nCache-Control: no-store";
    }
    if (!keep_alive_) {
        out += "\r\nConnection: close";
    }
    out += "\r\n\r\n";
}

}  // namespace hubtrail::transport
