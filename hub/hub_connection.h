#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub_options.h"
#include "hub/hub_session.h"
#include "protocol/hub_message.h"
#include "protocol/record_splitter.h"
#include "transport/connection.h"

namespace hubtrail::hub {

/// What the connections of one loop share to parse and write messages. Thread: strand.
struct HubScratch {
    protocol::HubMessage message;
    std::string lower_name;
    std::string out;
};

/// The hub protocol on one connection: handshake, message loop, dispatch, pings, timeouts, Close
/// (HubProtocol.md; texts and rules of the reference in docs/protocol/hub.md). JSON protocol.
/// Thread: strand.
class HubConnection final : public transport::ConnectionHandler {
public:
    /// `options` and `scratch` must outlive the connection.
    HubConnection(std::string id, std::unique_ptr<HubSession> session, const HubOptions& options,
                  HubScratch& scratch);
    ~HubConnection() override;

    const std::string& id() const { return id_; }
    transport::Connection& transport() { return *connection_; }
    const HubOptions& options() const { return options_; }
    HubScratch& scratch() { return scratch_; }

    // Answers. An empty id wants none: nothing is sent.
    void complete_result(std::string_view id, std::string_view raw_result);
    void complete_error(std::string_view id, std::string_view error);
    /// Also ends the wait of the next invocation. For methods of kind async.
    void finish_async(std::string_view id, std::string_view raw_result);
    void fail_async(std::string_view id, std::string_view error);

    /// Sends the completion of a stream and forgets its id. Unknown ids are ignored.
    void end_stream(std::string_view id);
    void fail_stream(std::string_view id, std::string_view error);

    /// Hub Close message, then the transport's. `error` empty: none.
    void close(std::string_view error, bool allow_reconnect);

    /// Error text of a failure that the reference wraps: `detail` is added with detailed errors only.
    std::string error_text(std::string_view base, std::string_view detail) const;

    void on_open(transport::Connection& connection) override;
    void on_bytes(std::string_view bytes) override;
    void on_tick(std::int64_t now_ns) override;
    void on_congested() override;
    void on_drained() override;
    void on_shutdown() override;
    void on_close(transport::CloseReason reason) override;

private:
    enum class State : std::uint8_t { handshake, open, closed };

    void on_handshake(std::string_view record);
    void fail_handshake(std::string_view error);
    bool on_record(std::string_view record);
    void dispatch(bool streaming);
    bool start_stream(const std::string& id);
    void reject(std::string_view base, std::string_view detail, bool always_detailed);
    void cancel_stream(const std::string& id);
    bool forget_stream(std::string_view id);
    void resume();
    void read_on();
    void protocol_failure(const protocol::ProtocolError& error);

    std::string id_;
    std::unique_ptr<HubSession> session_;
    const HubOptions& options_;
    HubScratch& scratch_;
    transport::Connection* connection_ = nullptr;
    protocol::RecordSplitter splitter_;
    std::string held_;  ///< records that wait for an async invocation, at most one read's worth
    std::vector<std::string> streams_;
    std::int64_t opened_ns_ = 0;
    std::int64_t pinged_ns_ = 0;
    std::int64_t heard_ns_ = 0;
    State state_ = State::handshake;
    bool client_pings_ = false;
    bool async_running_ = false;
    bool in_records_ = false;
};

}  // namespace hubtrail::hub
