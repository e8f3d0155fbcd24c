#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/hub_protocol.h"
#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

/// Cuts a byte stream into records ended by 0x1E (HubProtocol.md, "JSON Encoding"). Records that
/// lie whole in the fed bytes are views into them; only a record that was cut is copied.
/// Thread: strand. One splitter per connection.
class RecordSplitter final : public MessageSplitter {
public:
    /// The limit counts a record with its separator; 0: no limit.
    explicit RecordSplitter(std::size_t record_bytes_max) : record_bytes_max_(record_bytes_max) {}

    void feed(std::string_view bytes) override;
    Result<std::optional<std::string_view>, ProtocolError> next() override;
    bool has_partial_record() const override {
        return !chunk_.empty() || (!pending_.empty() && !handed_out_);
    }

private:
    std::size_t record_bytes_max_;
    std::string_view chunk_;   // what next() has not looked at
    std::string pending_;      // the beginning of a cut record
    bool handed_out_ = false;  // pending_ is a whole record that the caller looks at
    bool spent_ = false;
};

}  // namespace hubtrail::protocol
