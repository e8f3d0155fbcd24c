#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transport/http_message.h"
#include "transport/request_parser.h"
#include "transport/session/peer.h"

namespace hubtrail::transport {

class HttpProtocol;
struct FoundRoute;
struct HubRoute;

inline constexpr std::size_t kPipelinedBytesMax =
    64 * 1024;  ///< beyond it reading pauses until the answer is out

/// A connection on its way from one loop to another, with the request that made it move.
struct MovedConnection {
    std::unique_ptr<Socket> socket;
    HttpRequest request;
    std::string pending;  ///< bytes read behind the request
    std::uint32_t requests = 0;
};

/// Finds a request's protocol again, from a callback that may come late. Thread: strand.
class ExchangeRef {
public:
    /// Null when the peer has gone or the request was answered.
    HttpProtocol* get() const;

private:
    friend class HttpProtocol;
    std::shared_ptr<HttpProtocol*> protocol_;  ///< holds null when it has gone
    std::uint32_t request_ = 0;
};

/// HTTP/1.1 on one connection (RFC 9112): one request at a time, pipelined ones wait in order.
/// Hands requests to the route table's handlers and to HubRequests, which may turn the connection
/// over to another protocol. Thread: strand.
class HttpProtocol final : public PeerProtocol {
public:
    explicit HttpProtocol(Peer& peer);
    ~HttpProtocol() override;

    /// Answers without a request, then closes.
    void refuse(int status, std::string_view code, std::string_view text);
    /// Serves a request that began on another loop. `moved.socket` is the peer's by now.
    void go_on(MovedConnection moved);

    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    void on_tick(std::int64_t now_ns) override;
    void on_flushed() override;
    void on_shutdown() override;
    void on_gone(CloseReason reason) override;

    // For HubRequests, about the request being served. It is answered, turned over or moved, once.

    Peer& peer() { return peer_; }
    /// The peer will see no answer, or the server ends.
    bool ending() const { return ended_ || closing_; }
    ExchangeRef exchange() const;
    HttpReply reply() const;
    void answer(const HttpResponse& response);
    /// `text/plain`.
    void answer_text(int status, std::string_view text);

    enum class Outcome { sent, lost, stalled };
    /// Calls once, when the answer is out or cannot be any more. A client that ends its side has
    /// given up.
    void watch(std::function<void(Outcome)> watcher) { watcher_ = std::move(watcher); }

    /// The connection speaks another protocol from here on, and `this` is not to be used any more.
    /// Returns the bytes that were read behind the request, for it.
    std::string turn_over(std::unique_ptr<PeerProtocol> protocol);
    /// The connection goes on under another server of the process, which serves the request.
    void move_to(SessionServer& home, HttpRequest request);
    /// `HTTP/1.1 200 OK`, Date, and those of CORS: the beginning of an answer that turn_over()
    /// follows.
    std::string begin_head(int status, bool with_cors = true) const;

private:
    friend class ExchangeRef;

    void refuse_incomplete();
    void parse();
    void dispatch(HttpRequest request, const HubRoute& route, bool moved);
    void serve_plain(HttpRequest request, const FoundRoute& route);
    void move_away();
    void tell_watcher(Outcome outcome);
    void write_head(std::string& out, const HttpResponse& response) const;

    Peer& peer_;
    std::unique_ptr<RequestParser> parser_;
    std::string pending_;                  ///< bytes that wait behind the request being served
    std::string cors_headers_;             ///< lines, each with its CRLF
    std::shared_ptr<HttpProtocol*> self_;  ///< owned with replies, which may come when we are gone
    std::function<void(Outcome)> watcher_;
    std::unique_ptr<MovedConnection> moving_;  ///< leaves when what was sent is out
    SessionServer* new_home_ = nullptr;
    std::int64_t started_ns_;  ///< of the request in reading, or of the idle time
    std::uint32_t requests_ = 0;
    bool serving_ = false;   ///< from a complete request until its answer has left
    bool answered_ = false;  ///< the answer is on its way
    bool in_parse_ = false;
    bool keep_alive_ = true;
    bool head_only_ = false;
    bool ended_ = false;    ///< the peer sends no more
    bool closing_ = false;  ///< the server goes down
};

}  // namespace hubtrail::transport
