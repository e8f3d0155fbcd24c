#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "transport/hub_endpoint.h"

namespace hubtrail::transport {

/// What the hub's handlers of a test saw and hold. Thread: strand.
struct HubRecord {
    std::vector<std::string> calls;
    Connection* connection = nullptr;  ///< of the handler opened last; null after its on_close()
    std::vector<HttpRequest> requests;
    std::vector<std::string> ids;
    std::deque<std::function<void(OpenResult)>> waiting;  ///< with `late`
    bool late = false;
    std::function<void(Connection&, std::string_view)> on_bytes;
    std::function<void(Connection&)> on_open;
    std::function<void(Connection&)> on_resumed;
    std::function<void(Connection&)> on_shutdown;
    std::vector<std::string> users;  ///< of further requests
    UserOutcome user_outcome = UserOutcome::accepted;
    std::vector<TransferFormat> formats;  ///< of messages that have one
    int ticks = 0;
};

/// A hub connection that writes down what it is told. Thread: strand.
class TestHandler final : public ConnectionHandler {
public:
    explicit TestHandler(HubRecord& record) : record_(record) {}
    void on_open(Connection& connection) override {
        connection_ = &connection;
        record_.connection = &connection;
        record_.calls.emplace_back("open");
        if (record_.on_open) {
            record_.on_open(connection);
        }
    }
    void on_message(std::string_view payload, TransferFormat format) override {
        record_.formats.push_back(format);
        on_bytes(payload);
    }
    void on_resumed() override {
        REQUIRE(connection_ != nullptr);
        record_.calls.emplace_back("resumed");
        if (record_.on_resumed) {
            record_.on_resumed(*connection_);
        }
    }
    UserOutcome on_user(const LaterRequest& later) override {
        REQUIRE(connection_ != nullptr);
        static constexpr const char* kNames[] = {"poll ", "resume ", "refresh "};
        record_.users.push_back(kNames[static_cast<int>(later.kind)] +
                                (later.user != nullptr ? later.user->subject : "nobody"));
        return record_.user_outcome;
    }
    void on_bytes(std::string_view bytes) override {
        REQUIRE(connection_ != nullptr);
        record_.calls.push_back("bytes " + std::string(bytes.substr(0, 40)));
        if (record_.on_bytes) {
            record_.on_bytes(*connection_, bytes);
        }
    }
    void on_tick(std::int64_t) override {
        REQUIRE(connection_ != nullptr);
        ++record_.ticks;
    }
    void on_congested() override { record_.calls.emplace_back("congested"); }
    void on_drained() override { record_.calls.emplace_back("drained"); }
    void on_shutdown() override {
        record_.calls.emplace_back("shutdown");
        if (record_.on_shutdown) {
            record_.on_shutdown(*connection_);
        }
        connection_->close();
    }
    void on_close(CloseReason reason) override {
        REQUIRE(connection_ != nullptr);
        connection_ = nullptr;
        record_.connection = nullptr;
        static constexpr const char* kNames[] = {"peer_closed", "we_closed", "lost",
                                                 "protocol_error", "stalled"};
        record_.calls.push_back(std::string("close ") + kNames[static_cast<int>(reason)]);
    }

private:
    HubRecord& record_;
    Connection* connection_ = nullptr;
};

/// Refuses the token `bad`; others are the name of their user. Thread: strand.
class TestHub final : public HubEndpoint {
public:
    explicit TestHub(HubRecord& record) : record_(record) {}
    const EndpointOptions& options() const override { return hub_options; }
    std::optional<NegotiateRedirect> redirect(const HttpRequest&) override { return redirect_to; }
    std::optional<HttpResponse> check(const HttpRequest& request) override {
        ++checks;
        if (request.token == "bad") {
            return make_problem(401, "unauthorized", "bad token");
        }
        return std::nullopt;
    }
    std::shared_ptr<const auth::Principal> identify(const HttpRequest& request) override {
        if (request.token.empty()) {
            return nullptr;
        }
        auth::Principal principal;
        principal.subject = request.token;
        principal.expires_us = tokens_end_us;
        return std::make_shared<const auth::Principal>(std::move(principal));
    }
    void open(HttpRequest request, std::string id, std::function<void(OpenResult)> done) override {
        if (auto refusal = check(request)) {
            done(std::move(*refusal));
            return;
        }
        record_.requests.push_back(std::move(request));
        record_.ids.push_back(std::move(id));
        if (record_.late) {
            record_.waiting.push_back(std::move(done));
        } else {
            done(std::make_unique<TestHandler>(record_));
        }
    }

    EndpointOptions hub_options;
    std::optional<NegotiateRedirect> redirect_to;
    int checks = 0;
    std::int64_t tokens_end_us = 0;  ///< 0: never

private:
    HubRecord& record_;
};

/// Answers `METHOD path body` at once, or for `/later` when the test says so. Thread: strand.
class TestPages final : public HttpHandler {
public:
    void handle(HttpRequest request, HttpReply reply) override {
        ++handled;
        if (request.path == "/later") {
            waiting.push_back(std::move(reply));
            return;
        }
        HttpResponse response;
        response.content_type = "text/plain";
        response.body = request.path == "/big"
                            ? std::string(1'000'000, 'b')
                            : request.method + " " + request.path + " " + request.body;
        response.status = request.path == "/empty" ? 204 : 200;
        reply(std::move(response));
    }
    std::deque<HttpReply> waiting;
    int handled = 0;
};

}  // namespace hubtrail::transport
