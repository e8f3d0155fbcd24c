#include "transport/session/http_protocol.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "transport/session/cors.h"
#include "transport/session/hub_requests.h"
#include "transport/session/session_server.h"

namespace hubtrail::transport {

namespace {
constexpr int kRetryFullS = 1;  // a full server asks to be tried again after this
// What our answers say beyond their bodies (docs/api.md 2).
constexpr std::string_view kExposedHeaders =
    "Allow, Preference-Applied, Retry-After, WWW-Authenticate";

// 204 to OPTIONS, 405 to others (RFC 9110 9.3.7, 15.5.6).
HttpResponse make_allow_response(std::string_view method, std::string_view allow) {
    HttpResponse response;
    if (method == "OPTIONS") {
        response.status = 204;
    } else {
        response = make_problem(405, "method-not-allowed",
                                "this resource knows the methods " + std::string(allow));
    }
    response.headers.emplace_back("Allow", allow);
    return response;
}

// A handler that answers for itself whose pages may read it: two such headers are none to browsers.
bool says_cors(const HttpResponse& response) {
    return std::any_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
        return equal_ignoring_case(header.first, "access-control-allow-origin");
    });
}
}  // namespace

HttpProtocol* ExchangeRef::get() const {
    auto* const protocol = *protocol_;
    const bool open = protocol != nullptr && protocol->requests_ == request_ &&
                      protocol->serving_ && !protocol->answered_ && !protocol->peer_.closed();
    return open ? protocol : nullptr;
}

HttpProtocol::HttpProtocol(Peer& peer)
    : peer_(peer),
      self_(std::make_shared<HttpProtocol*>(this)),
      started_ns_(peer.server().loop().now_ns()) {}

HttpProtocol::~HttpProtocol() {
    *self_ = nullptr;
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

void HttpProtocol::go_on(MovedConnection moved) {
    serving_ = true;
    requests_ = moved.requests;
    pending_ = std::move(moved.pending);
    const auto route = peer_.server().routes().find_hub(moved.request.path);
    dispatch(std::move(moved.request), route, true);
}

void HttpProtocol::on_end() {
    ended_ = true;
    if (!serving_ && parser_ && parser_->header_complete()) {
        refuse_incomplete();
        return;
    }
    const bool given_up = watcher_ && !answered_;
    if (given_up) {
        tell_watcher(Outcome::lost);
    }
    if (!serving_ || given_up) {
        peer_.close_after_flush(CloseReason::peer_closed);
    }
}

// The peer may still be reading. Hubs answer as the reference does.
void HttpProtocol::refuse_incomplete() {
    const bool to_hub = peer_.server().routes().find_hub(parser_->peek().path).endpoint != nullptr;
    serving_ = true;
    keep_alive_ = false;
    head_only_ = false;
    if (to_hub) {
        answer_text(400, "");
    } else {
        answer(make_problem(400, "incomplete-body", "the request body broke off"));
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
    } else if (started) {
        if (now_ns - started_ns_ >= kHeaderDeadlineNs) {
            refuse(408, "header-timeout", "the request header did not arrive in time");
        }
    } else if (now_ns - started_ns_ >= kKeepAliveIdleNs) {
        peer_.close_after_flush(CloseReason::we_closed);
    }
}

void HttpProtocol::on_flushed() {
    if (moving_) {
        move_away();
        return;
    }
    // The answer is out: now the next pipelined request may be read.
    serving_ = false;
    answered_ = false;
    tell_watcher(Outcome::sent);
    started_ns_ = peer_.server().loop().now_ns();
    if (closing_) {
        peer_.close_after_flush(CloseReason::we_closed);
        return;
    }
    parse();
    if (*self_ == nullptr) {
        return;  // turned over
    }
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

void HttpProtocol::on_gone(CloseReason reason) {
    *self_ = nullptr;
    tell_watcher(reason == CloseReason::stalled ? Outcome::stalled : Outcome::lost);
}

void HttpProtocol::tell_watcher(Outcome outcome) {
    if (const auto watcher = std::exchange(watcher_, nullptr)) {
        watcher(outcome);
    }
}

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
        const auto route = peer_.server().routes().find_hub(request.path);
        extract_token(request,
                      route.endpoint != nullptr ? TokenInQuery::accepted : TokenInQuery::refused);
        dispatch(std::move(request), route, false);
    }
    in_parse_ = false;
}

// CORS first, so that pages can read every refusal.
void HttpProtocol::dispatch(HttpRequest request, const HubRoute& route, bool moved) {
    keep_alive_ = request.keep_alive && !closing_ && requests_ < kRequestsPerConnectionMax;
    head_only_ = request.method == "HEAD";
    auto& server = peer_.server();
    const bool to_hub = route.endpoint != nullptr;
    const auto found = to_hub ? FoundRoute{} : server.routes().find(request.path, request.method);
    cors_headers_ = to_hub ? cors_headers(origins_of(route.endpoint->options()), request)
                           : cors_headers(server.routes().origins(found), request, kExposedHeaders);
    if (request.token_conflict) {
        answer(make_problem(400, "token-conflict",
                            "Authorization and access_token hold different tokens"));
    } else if (to_hub) {
        peer_.set_send_timeout(route.endpoint->options().send_timeout_ns);
        server.hub_requests().serve(*this, route, std::move(request), moved);
    } else {
        peer_.set_send_timeout(kWriteStallMaxNs);
        serve_plain(std::move(request), found);
    }
}

void HttpProtocol::serve_plain(HttpRequest request, const FoundRoute& route) {
    const auto origins = peer_.server().routes().origins(route);
    if (route.allow.empty()) {
        answer(make_problem(404, "not-found", "nothing is served at this path"));
    } else if (is_preflight(request) && (route.handler == nullptr || origins.any())) {
        answer(make_preflight_response(origins, request, route.allow));
    } else if (route.handler != nullptr) {
        route.handler->handle(std::move(request), reply());
    } else {
        answer(make_allow_response(request.method, route.allow));
    }
}

ExchangeRef HttpProtocol::exchange() const {
    ExchangeRef ref;
    ref.protocol_ = self_;
    ref.request_ = requests_;
    return ref;
}

// A second answer, or one of an earlier request, is dropped.
HttpReply HttpProtocol::reply() const {
    return [exchange = exchange()](const HttpResponse& response) {
        if (auto* const protocol = exchange.get()) {
            protocol->answer(response);
        }
    };
}

std::string HttpProtocol::turn_over(std::unique_ptr<PeerProtocol> protocol) {
    auto rest = std::move(pending_);
    *self_ = nullptr;
    auto& peer = peer_;
    peer.switch_protocol(std::move(protocol));
    peer.server().slow_down(peer);
    peer.resume_reading();
    return rest;
}

// What was sent before, if only a 100 Continue, has to leave by the socket first.
void HttpProtocol::move_to(SessionServer& home, HttpRequest request) {
    answered_ = true;
    new_home_ = &home;
    moving_ = std::make_unique<MovedConnection>();
    moving_->request = std::move(request);
    peer_.outbox().tell_when_flushed();
}

void HttpProtocol::move_away() {
    *self_ = nullptr;
    // Tasks are copyable; the connection is not.
    const std::shared_ptr<MovedConnection> moved = std::move(moving_);
    moved->pending = std::move(pending_);
    moved->requests = requests_;
    auto& home = *new_home_;
    moved->socket = peer_.release_socket();
    home.loop().post([moved, &home] { home.adopt(std::move(*moved)); });
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

std::string HttpProtocol::begin_head(int status, bool with_cors) const {
    std::string out;
    out.reserve(320);
    out += "HTTP/1.1 ";
    out += std::to_string(status);
    out += ' ';
    out += reason_phrase(status);
    out += "\r\nDate: ";
    out += peer_.server().http_date();
    out += "\r\n";
    out += with_cors ? cors_headers_ : "";
    return out;
}

void HttpProtocol::write_head(std::string& out, const HttpResponse& response) const {
    out = begin_head(response.status, !says_cors(response));
    const auto add = [&out](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    if (response.status != 204) {
        if (!response.content_type.empty()) {
            add("Content-Type", response.content_type);
        }
        add("Content-Length", std::to_string(response.body.size()));
    }
    add("X-Content-Type-Options", "nosniff");
    bool cache_control = false;
    for (const auto& [name, value] : response.headers) {
        cache_control = cache_control || name == "Cache-Control";
        add(name, value);
    }
    if (!cache_control) {
        add("Cache-Control", "no-store");
    }
    if (!keep_alive_) {
        add("Connection", "close");
    }
    out += "\r\n";
}

}  // namespace hubtrail::transport
