#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hubtrail::bench {

constexpr char kRecordSeparator = '\x1e';
constexpr std::size_t kRecordBytesMax = 64U << 20U;

enum class Opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

/// Appends one masked client frame (RFC 6455 5.2).
void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload,
                         std::uint32_t mask);

/// Appends one unmasked server frame; the peers in bench/peers use it.
void append_server_frame(std::string& out, Opcode opcode, std::string_view payload);

/// The upgrade request of a client that skips negotiation.
std::string upgrade_request(std::string_view host, std::uint16_t port, std::string_view path,
                            std::string_view token, std::string_view key);

/// Sec-WebSocket-Accept for a key (RFC 6455 4.2.2).
std::string websocket_accept(std::string_view key);

/// Empty when `head` (status line and headers) accepts the upgrade made with `key`, otherwise what
/// is wrong with it.
std::string upgrade_refusal(std::string_view head, std::string_view key);

/// What a RecordStream finds. Views die when the call returns. Thread: main.
class RecordStreamSink {
public:
    virtual ~RecordStreamSink() = default;
    /// One SignalR record without its separator.
    virtual void on_record(std::string_view record) = 0;
    virtual void on_control(Opcode opcode, std::string_view payload) = 0;
};

/// Appends the VarInt that stands before a record of the MessagePack hub protocol.
void append_length_prefix(std::string& out, std::size_t record_bytes);

/// Cuts the bytes of a server into WebSocket frames and their payload into records; a record may
/// span frames and a frame may hold many records. Thread: main. One per connection.
class RecordStream {
public:
    explicit RecordStream(std::size_t record_bytes_max = kRecordBytesMax)
        : record_bytes_max_(record_bytes_max) {}

    /// Takes bytes cut anywhere. Empty, or what the server did wrong: then the stream is spent.
    std::string_view feed(std::string_view bytes, RecordStreamSink& sink);

    /// What follows is MessagePack: records have their length in front. May be called from
    /// on_record().
    void use_length_prefix() { length_prefix_ = true; }

private:
    std::string_view begin_frame();
    std::string_view take_payload(std::string_view payload, RecordStreamSink& sink);
    std::string_view take_packed(std::string_view& payload, RecordStreamSink& sink);

    std::size_t record_bytes_max_;
    std::uint64_t payload_left_ = 0;
    std::string record_;   // the unfinished record
    std::string control_;  // the unfinished control payload
    std::array<std::uint8_t, 10> header_{};
    std::uint8_t header_have_ = 0;
    Opcode opcode_ = Opcode::text;
    bool in_payload_ = false;
    bool length_prefix_ = false;
    bool in_record_ = false;  // behind the length, which is record_left_ at first
    unsigned length_shift_ = 0;
    std::size_t record_left_ = 0;
};

}  // namespace hubtrail::bench
