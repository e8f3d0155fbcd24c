#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/encoding.h"  // IWYU pragma: export
#include "protocol/hub_message.h"
#include "protocol/protocol_error.h"
#include "protocol/value_reader.h"
#include "protocol/value_writer.h"

namespace hubtrail::protocol {

/// How JSON writes the names of members. MessagePack always writes them unchanged.
enum class NamingRule : std::uint8_t { camel_case, unchanged };

/// Cuts the bytes of one connection into records (JSON: ended by 0x1E; MessagePack: VarInt length
/// in front). Records that lie whole in the fed bytes are views into them; only a cut record is
/// copied. Thread: strand.
class MessageSplitter {
public:
    virtual ~MessageSplitter() = default;
    /// Bytes cut anywhere; they must stay until next() has answered "nothing".
    virtual void feed(std::string_view bytes) = 0;
    /// The next whole record without its framing; dies at the following call. Nothing: feed more. A
    /// record over the limit fails as soon as that is certain; then the splitter is spent.
    virtual Result<std::optional<std::string_view>, ProtocolError> next() = 0;
    /// Whether a record has begun and not ended: at the end of the stream it was cut off.
    virtual bool has_partial_record() const = 0;
};

/// One encoding of the hub protocol (HubProtocol.md): records to messages and back. Instances live
/// as long as the process. Thread: any.
class HubProtocol {
public:
    virtual ~HubProtocol() = default;

    virtual Encoding encoding() const = 0;
    std::string_view name() const { return name_of(encoding()); }
    /// Its records are no text: not every transport carries them.
    bool binary() const { return encoding() == Encoding::messagepack; }

    /// `record_bytes_max` counts a record with its framing; 0: no limit.
    virtual std::unique_ptr<MessageSplitter> make_splitter(std::size_t record_bytes_max) const = 0;
    /// Parses one record without its framing. The raw views of `message` die with `record`. Unknown
    /// types give MessageType::unknown. The error's detail is the reference's text.
    virtual Result<void, ProtocolError> parse(std::string_view record,
                                              HubMessage& message) const = 0;

    virtual std::unique_ptr<ValueWriter> make_writer(std::string& out) const = 0;
    virtual std::unique_ptr<ValueReader> make_reader(std::string_view raw) const = 0;

    // Writers: each appends one whole record with its framing. Raw values are in this encoding.

    /// `raw_arguments`: the values as a ValueWriter laid them out one after another, `count` of
    /// them. `type` is invocation or stream_invocation; an empty id is absent.
    virtual void append_invocation(std::string& out, MessageType type, std::string_view id,
                                   std::string_view target, std::string_view raw_arguments,
                                   std::size_t count,
                                   const std::vector<std::string>& stream_ids = {}) const = 0;
    virtual void append_stream_item(std::string& out, std::string_view id,
                                    std::string_view raw_item) const = 0;
    virtual void append_completion(std::string& out,
                                   std::string_view id) const = 0;  ///< end of a stream
    virtual void append_completion_result(std::string& out, std::string_view id,
                                          std::string_view raw_result) const = 0;
    virtual void append_completion_error(std::string& out, std::string_view id,
                                         std::string_view error) const = 0;
    virtual void append_cancel(std::string& out, std::string_view id) const = 0;
    virtual void append_close(std::string& out, std::string_view error,
                              bool allow_reconnect) const = 0;
    virtual void append_ack(std::string& out, std::int64_t sequence_id) const = 0;
    virtual void append_sequence(std::string& out, std::int64_t sequence_id) const = 0;
    virtual std::string_view ping() const = 0;  ///< a whole record
    virtual std::string_view null_value() const = 0;
};

/// The JSON hub protocol. `naming` concerns only values written through make_writer().
const HubProtocol& json_hub_protocol(NamingRule naming = NamingRule::camel_case);
/// The MessagePack hub protocol.
const HubProtocol& messagepack_hub_protocol();

/// Which encodings a hub speaks, and how its JSON writes the names of members.
struct HubProtocols {
    bool json = true;
    bool messagepack = true;
    NamingRule json_names = NamingRule::camel_case;

    /// Null: not spoken.
    const HubProtocol* find(Encoding encoding) const {
        if (encoding == Encoding::json) {
            return json ? &json_hub_protocol(json_names) : nullptr;
        }
        return messagepack ? &messagepack_hub_protocol() : nullptr;
    }
};

}  // namespace hubtrail::protocol
