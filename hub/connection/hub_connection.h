#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "hub/connection/calls.h"
#include "hub/connection/client_results.h"
#include "hub/connection/handshake_input.h"
#include "hub/connection/hub_options.h"
#include "hub/connection/hub_scratch.h"
#include "hub/connection/hub_session.h"
#include "hub/connection/liveness.h"
#include "hub/connection/receive_counter.h"
#include "hub/connection/record_input.h"
#include "hub/connection/record_output.h"
#include "hub/connection/uploads.h"
#include "protocol/hub_protocol.h"
#include "transport/connection.h"

namespace hubtrail::hub {

/// The hub protocol on one connection (HubProtocol.md; texts and rules of the reference in
/// docs/protocol/hub.md). Each duty is an object of its own: HandshakeInput, RecordInput, Calls,
/// Uploads, ClientResults, Liveness, ReceiveCounter, RecordOutput. This one knows which of them a
/// message is for, and ends the connection once. Thread: strand.
class HubConnection final : public transport::ConnectionHandler, private RecordSink {
public:
    /// `options` and `scratch` must outlive the connection.
    HubConnection(std::string id, std::unique_ptr<HubSession> session, const HubOptions& options,
                  HubScratch& scratch);
    ~HubConnection() override;

    const std::string& id() const { return id_; }
    transport::Connection& transport() { return *output_.connection(); }
    const HubOptions& options() const { return options_; }
    HubScratch& scratch() { return output_.scratch(); }
    /// The encoding that the handshake chose; from on_connected() on.
    const protocol::HubProtocol& protocol() const { return output_.protocol(); }
    bool open() const { return output_.open(); }

    // Answers. An empty id wants none: nothing is sent. Results are raw values of protocol().
    void complete_result(std::string_view id, std::string_view raw) { output_.result(id, raw); }
    void complete_error(std::string_view id, std::string_view error) { output_.error(id, error); }
    /// An invocation of kind async gives its slot back: when it ends, or before it waits for a
    /// client's result. Exactly once each, and never by a method that takes uploads: it has none.
    void release_slot();

    /// Whole records of counted messages (types 1 to 5), in protocol().
    void send(std::string_view records, std::uint32_t counted) { output_.send(records, counted); }
    /// An item of a stream that has not ended; others are dropped.
    void send_item(std::string_view stream_id, std::string_view raw_item);
    /// Sends the completion of a stream and forgets its id. Unknown ids are ignored.
    void end_stream(std::string_view id);
    void fail_stream(std::string_view id, std::string_view error);
    /// The method that took the uploads has ended: later items of them are ignored.
    void end_uploads(const Uploads::List& uploads) { uploads_.end(uploads); }

    /// Asks the client (HubProtocol.md "Client results"). `id` is unique among all connections of
    /// the hub; `done` is called once, never within this call. Over kQuestionsMax it is an error.
    void invoke(std::string id, std::string_view target, std::string_view raw_arguments,
                std::size_t count, ClientResultDone done);
    /// Forgets it; a late answer is ignored.
    void cancel_invoke(std::string_view id) { results_.cancel(id); }

    /// From on_connected(): nothing is dispatched until unhold().
    void hold() { input_.hold(); }
    void unhold() { input_.unhold(); }

    /// Hub Close message, then the transport's. `error` empty: none.
    void close(std::string_view error, bool allow_reconnect);

    /// See hub/connection/hub_options.h.
    std::string error_text(std::string_view base, std::string_view detail) const {
        return hub::error_text(options_, base, detail);
    }

    // For Calls.
    HubSession& session() { return *session_; }
    Uploads& uploads() { return uploads_; }

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
    bool on_record(std::string_view record) override;
    bool on_record_behind(std::string_view record) override;
    void on_broken(std::string_view detail) override { fail(detail); }
    void on_listened() override;

    bool closed() const { return handshake_ == nullptr && !open(); }
    void accept(const HandshakeAnswer& answer);
    void refuse(std::string_view error);
    bool process();
    void cancel();
    void take_completion();
    void fail(std::string_view detail);
    void end(std::string_view error, bool allow_reconnect, std::string_view told);
    void finish(std::string_view told);

    const std::string id_;
    const std::unique_ptr<HubSession> session_;
    const HubOptions& options_;
    std::unique_ptr<HandshakeInput> handshake_;  ///< null once it is done or the end has come
    RecordOutput output_;
    RecordInput input_;
    Calls calls_;
    Uploads uploads_;
    ClientResults results_;
    Liveness liveness_;
    std::unique_ptr<ReceiveCounter> stateful_;  ///< with stateful reconnect only
};

}  // namespace hubtrail::hub
