#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "transport/hub_endpoint.h"
#include "transport/http_message.h"
#include "transport/request_parser.h"
#include "transport/session/peer.h"

namespace hubtrail::transport {

inline constexpr std::size_t kPipelinedBytesMax = 64 * 1024;  ///< beyond it reading pauses until the answer is out

/// HTTP/1.1 on one connection (RFC 9112): one request at a time, pipelined ones wait in order. Hands requests to
/// the router, serves negotiate, and turns the connection over to WebSocket after an upgrade.
/// Thread: strand.
class HttpProtocol final : public PeerProtocol {
public:
    explicit HttpProtocol(Peer& peer);
    ~HttpProtocol() override;

    /// Answers without a request, then closes.
    void refuse(int status, std::string_view code, std::string_view text);

    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    void on_tick(std::int64_t now_ns) override;
    void on_flushed() override;
    void on_shutdown() override;
    void on_gone(CloseReason reason) override;

private:
    struct Alive;  ///< tells answers that come late whether we are still here

    void parse();
    void dispatch(HttpRequest request);
    void serve_hub(HubEndpoint& hub, HttpRequest request);
    void serve_negotiate(HubEndpoint& hub, const HttpRequest& request);
    void open_websocket(HubEndpoint& hub, HttpRequest request, const std::string& accept);
    void on_opened(const std::string& accept, const std::string& token, OpenResult result);
    void upgrade(const std::string& accept, std::unique_ptr<ConnectionHandler> handler,
                 std::string token);
    /// The answer of one request; a second one, or one of an earlier request, is dropped.
    void answer_late(std::uint32_t request, const HttpResponse& response);
    void answer(const HttpResponse& response);
    void answer_text(int status, std::string_view text);
    void write_head(std::string& out, const HttpResponse& response) const;

    Peer& peer_;
    std::unique_ptr<RequestParser> parser_;
    std::string pending_;  ///< bytes that wait behind the request being served
    std::shared_ptr<Alive> alive_;
    std::int64_t started_ns_;      ///< of the request in reading, or of the idle time
    std::uint32_t requests_ = 0;
    bool serving_ = false;    ///< from a complete request until its answer has left
    bool answered_ = false;   ///< the answer is on its way
    bool in_parse_ = false;
    bool keep_alive_ = true;
    bool head_only_ = false;
    bool ended_ = false;    ///< the peer sends no more
    bool closing_ = false;  ///< the server goes down
};

}  // namespace hubtrail::transport
