#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hub/connection/hub_scratch.h"
#include "protocol/hub_protocol.h"
#include "transport/connection.h"

namespace hubtrail::hub {

/// What a hub says to one client: each call is one record in the encoding of the connection, from
/// the end of the handshake until the Close message. Before and after that nothing is sent. An
/// empty id of a completion wants no answer. Thread: strand.
class RecordOutput {
public:
    /// `scratch` must outlive it.
    explicit RecordOutput(HubScratch& scratch) : scratch_(scratch) {}

    void connect(transport::Connection& connection);
    /// The connection is gone.
    void disconnect() { connection_ = nullptr; }
    void start(const protocol::HubProtocol& protocol);
    void stop() { open_ = false; }
    bool open() const { return open_; }

    /// Null before connect() and after disconnect().
    transport::Connection* connection() const { return connection_; }
    transport::Loop& loop() const { return *loop_; }
    const protocol::HubProtocol& protocol() const { return *protocol_; }
    HubScratch& scratch() const { return scratch_; }

    /// Whole records of counted messages (types 1 to 5).
    void send(std::string_view records, std::uint32_t counted);
    void result(std::string_view id, std::string_view raw_result);
    void error(std::string_view id, std::string_view text);
    void item(std::string_view stream_id, std::string_view raw_item);
    void end_of_stream(std::string_view id);
    void invocation(std::string_view id, std::string_view target, std::string_view raw_arguments,
                    std::size_t count);
    void ping();
    void ack(std::int64_t sequence_id);
    /// To a client that came back: everything from here on, and then what it lacks.
    void sequence();
    /// The last record.
    void close(std::string_view error, bool allow_reconnect);

private:
    template <typename Append>
    void write(std::uint32_t counted, Append&& append);

    HubScratch& scratch_;
    transport::Connection* connection_ = nullptr;
    transport::Loop* loop_ = nullptr;
    const protocol::HubProtocol* protocol_ = nullptr;
    bool open_ = false;
};

}  // namespace hubtrail::hub
