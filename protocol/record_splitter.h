#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

/// Cuts a byte stream into records ended by 0x1E (HubProtocol.md, "JSON Encoding"). Records that
/// lie whole in the fed bytes are views into them; only a record that was cut is copied.
/// Thread: strand. One splitter per connection.
class RecordSplitter {
public:
    /// The limit counts a record with its separator.
    explicit RecordSplitter(std::size_t record_bytes_max) : record_bytes_max_(record_bytes_max) {}

    /// Hands over bytes cut anywhere; they must stay until next() has answered "nothing". Call
    /// next() until then before the next feed().
    void feed(std::string_view bytes);

    /// The next whole record without its separator; its view dies at the following call of next()
    /// or feed(). Nothing: feed more. A record over the limit fails as soon as that is certain,
    /// after the records before it; then the splitter is spent: close the connection.
    Result<std::optional<std::string_view>, ProtocolError> next();

    /// Whether a record has begun and not ended: at the end of the stream it was cut off.
    bool has_partial_record() const {
        return !chunk_.empty() || (!pending_.empty() && !handed_out_);
    }

private:
    Failure<ProtocolError> too_large();

    std::size_t record_bytes_max_;
    std::string_view chunk_;   // what next() has not looked at
    std::string pending_;      // the beginning of a cut record
    bool handed_out_ = false;  // pending_ is a whole record that the caller looks at
    bool spent_ = false;
};

}  // namespace hubtrail::protocol
