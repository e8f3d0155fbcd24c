#include "tests/testhub/echo_endpoint.h"

#include <string>
#include <utility>

namespace hubtrail::testhub {
namespace {

using namespace transport;

// Of Autobahn's messages the largest has 16 MiB, another 65,536 fragments.
constexpr std::size_t kMessageBytes = 17 * 1024 * 1024;
constexpr std::size_t kFragments = 128 * 1024;

/// Thread: strand.
class EchoHandler : public ConnectionHandler {
public:
    void on_open(Connection& connection) override {
        connection_ = &connection;
        connection.refuse_resume();
    }
    void on_bytes(std::string_view bytes) override { connection_->send(bytes, 0); }
    void on_tick(std::int64_t) override {}
    void on_congested() override { connection_->pause_reading(); }
    void on_drained() override { connection_->resume_reading(); }
    void on_shutdown() override { connection_->close(); }
    void on_close(CloseReason) override {}

protected:
    Connection* connection_ = nullptr;
};

/// Thread: strand.
class MessageEchoHandler final : public EchoHandler {
public:
    void on_message(std::string_view payload, TransferFormat format) override {
        connection_->set_transfer_format(format);
        connection_->send(payload, 0);
    }
};

/// Thread: strand.
class EchoEndpoint final : public HubEndpoint {
public:
    EchoEndpoint(EndpointOptions options, bool messages)
        : options_(std::move(options)), messages_(messages) {}

    const EndpointOptions& options() const override { return options_; }
    std::optional<HttpResponse> check(const HttpRequest&) override { return std::nullopt; }
    void open(HttpRequest, std::string, std::function<void(OpenResult)> done) override {
        if (messages_) {
            done(std::make_unique<MessageEchoHandler>());
        } else {
            done(std::make_unique<EchoHandler>());
        }
    }

private:
    const EndpointOptions options_;
    const bool messages_;
};

}  // namespace

std::unique_ptr<HubEndpoint> make_echo_endpoint(EndpointOptions options) {
    return std::make_unique<EchoEndpoint>(std::move(options), false);
}

std::unique_ptr<HubEndpoint> make_message_echo_endpoint(EndpointOptions options) {
    options.message_bytes_max = kMessageBytes;
    options.fragments_max = kFragments;
    return std::make_unique<EchoEndpoint>(std::move(options), true);
}

}  // namespace hubtrail::testhub
