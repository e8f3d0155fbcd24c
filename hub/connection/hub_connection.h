#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/connection/hub_options.h"
#include "hub/connection/hub_session.h"
#include "hub/connection/receive_counter.h"
#include "hub/connection/upload_stream.h"
#include "protocol/hub_message.h"
#include "protocol/hub_protocol.h"
#include "transport/connection.h"

namespace hubtrail::hub {

// Limits of one connection (docs/limits.md); the others are options.
inline constexpr std::size_t kHeldBytesMax =
    256 * 1024;                                     ///< stateful: read on behind a held record
inline constexpr std::size_t kQuestionsMax = 1000;  ///< client results that are waited for

/// What the connections of one loop share to parse and write messages. Thread: strand.
struct HubScratch {
    protocol::HubMessage message;
    std::string lower_name;
    std::string out;
};

/// How a client answered HubConnection::invoke().
struct ClientResult {
    enum class Kind : std::uint8_t { result, error, disconnected };
    Kind kind = Kind::result;
    std::string_view value;  ///< raw result in the connection's encoding, or the error's text; dies
                             ///< with the call
    /// The client sent no result at all: void, or no handler.
    bool empty = false;
};
using ClientResultDone = std::function<void(const ClientResult&)>;

/// The hub protocol on one connection: handshake, message loop, dispatch, slots, streams, uploads,
/// client results, pings, timeouts, acks, Close (HubProtocol.md; texts and rules of the reference
/// in docs/protocol/hub.md). Thread: strand.
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
    /// The encoding that the handshake chose; from on_connected() on.
    const protocol::HubProtocol& protocol() const { return *protocol_; }
    bool open() const { return state_ == State::open; }

    // Answers. An empty id wants none: nothing is sent. Results are raw values of protocol().
    void complete_result(std::string_view id, std::string_view raw_result);
    void complete_error(std::string_view id, std::string_view error);
    /// An invocation of kind async gives its slot back: when it ends, or before it waits for a
    /// client's result. Exactly once each, and never by a method that takes uploads: it has none.
    void release_slot();

    /// Whole records of counted messages (types 1 to 5), in protocol().
    void send(std::string_view records, std::uint32_t counted);
    /// An item of a stream that has not ended; others are dropped.
    void send_item(std::string_view stream_id, std::string_view raw_item);
    /// Sends the completion of a stream and forgets its id. Unknown ids are ignored.
    void end_stream(std::string_view id);
    void fail_stream(std::string_view id, std::string_view error);
    /// The method that took the uploads has ended: later items of them are ignored.
    void end_uploads(const std::vector<std::shared_ptr<UploadStream>>& uploads);

    /// Asks the client (HubProtocol.md "Client results"). `id` is unique among all connections of
    /// the hub; `done` is called once, never within this call. Over kQuestionsMax it is an error.
    void invoke(std::string id, std::string_view target, std::string_view raw_arguments,
                std::size_t count, ClientResultDone done);
    /// Forgets it; a late answer is ignored.
    void cancel_invoke(std::string_view id);

    /// From on_connected(): nothing is dispatched until unhold().
    void hold();
    void unhold();

    /// Hub Close message, then the transport's. `error` empty: none.
    void close(std::string_view error, bool allow_reconnect);

    /// Error text of a failure that the reference wraps: `detail` is added with detailed errors
    /// only.
    std::string error_text(std::string_view base, std::string_view detail) const;

    // For UploadStream: it has room again.
    void upload_drained();

    void on_open(transport::Connection& connection) override;
    void on_bytes(std::string_view bytes) override;
    void on_tick(std::int64_t now_ns) override;
    void on_congested() override;
    void on_drained() override;
    void on_resumed() override;
    transport::UserOutcome on_user(const transport::LaterRequest& later) override;
    void on_shutdown() override;
    void on_close(transport::CloseReason reason) override;

private:
    enum class State : std::uint8_t { handshake, open, closed };
    using Uploads = std::vector<std::shared_ptr<UploadStream>>;

    std::string_view take_handshake(std::string_view bytes);
    void answer_handshake(std::string_view record);
    void fail_handshake(std::string_view error);

    void read_records(std::string_view bytes);
    bool on_record(std::string_view record);
    bool process();
    bool dispatch(bool streaming);
    bool start_uploads(std::size_t expected, Uploads& uploads);
    bool start_stream();
    void reject(std::string_view base, std::string_view detail, bool always_detailed);
    void cancel();
    bool take_item();
    void take_completion();

    bool has_held() const { return held_first_ < held_.size(); }
    void keep_for_later(std::string_view record);
    void look_for_ack(std::string_view record);
    void pump();
    void pump_later();
    void update_reading();

    bool has_stream(std::string_view id) const;
    bool forget_stream(std::string_view id);
    void fail(std::string_view detail);
    void end(std::string_view error, bool allow_reconnect, std::string_view told);
    void finish(std::string_view told);
    void send_ping(std::int64_t now_ns);
    void send_ack(std::int64_t now_ns);

    const std::string id_;
    const std::unique_ptr<HubSession> session_;
    const HubOptions& options_;
    HubScratch& scratch_;
    const protocol::HubProtocol* protocol_ = nullptr;
    transport::Connection* connection_ = nullptr;  ///< null again after on_close()
    transport::Loop* loop_ = nullptr;
    std::string begun_handshake_;
    std::unique_ptr<protocol::MessageSplitter> splitter_;
    std::string broken_;  ///< what is wrong with the input behind the held records
    std::vector<std::string>
        held_;  ///< records that wait for a slot, an upload, or the peer to take what it is sent
    std::size_t held_first_ = 0;
    std::size_t held_bytes_ = 0;
    std::vector<std::string> streams_;
    std::map<std::string, std::shared_ptr<UploadStream>, std::less<>> uploads_;
    std::map<std::string, ClientResultDone, std::less<>> asked_;
    std::shared_ptr<HubConnection*>
        self_;  ///< once something was posted; null in it when we are gone
    ReceiveCounter received_;
    std::int64_t acked_ = 0;
    std::int64_t acked_ns_ = 0;
    std::int64_t opened_ns_ = 0;
    std::int64_t pinged_ns_ = 0;
    std::int64_t heard_ns_ = 0;
    std::size_t slots_taken_ = 0;
    State state_ = State::handshake;
    bool stateful_ = false;
    bool client_pings_ = false;
    bool on_hold_ = false;
    bool in_records_ = false;
    bool pump_due_ = false;
    bool paused_ = false;
};

}  // namespace hubtrail::hub
