#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/hub_protocol.h"
#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

/// Cuts a byte stream into records with their length in front, seven bits a byte, least significant
/// first (HubProtocol.md, "MessagePack Encoding", framing). A length costs nothing: memory grows
/// with what has come. Thread: strand. One splitter per connection.
class LengthSplitter final : public MessageSplitter {
public:
    /// The limit counts a record with its length prefix; 0: no limit.
    explicit LengthSplitter(std::size_t record_bytes_max) : record_bytes_max_(record_bytes_max) {}

    void feed(std::string_view bytes) override;
    Result<std::optional<std::string_view>, ProtocolError> next() override;
    bool has_partial_record() const override { return !chunk_.empty() || prefix_bytes_ > 0; }

private:
    enum class Prefix : std::uint8_t { partial, whole };

    Result<Prefix, ProtocolError> read_prefix();
    Failure<ProtocolError> spend(ProtocolError error);

    std::size_t record_bytes_max_;
    std::string_view chunk_;        // what next() has not looked at
    std::string pending_;           // the beginning of a cut record, without its prefix
    std::size_t length_ = 0;        // as far as the prefix was read
    std::size_t prefix_bytes_ = 0;  // 0: no record has begun
    bool prefix_whole_ = false;
    bool handed_out_ = false;  // pending_ is a whole record that the caller looks at
    std::optional<ProtocolError> spent_;
};

}  // namespace hubtrail::protocol
