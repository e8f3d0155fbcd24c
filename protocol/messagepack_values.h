#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/value_reader.h"
#include "protocol/value_writer.h"

namespace hubtrail::protocol {

// The payload of the MessagePack hub protocol (rules and differences in
// docs/protocol/messagepack.md).

/// The type of the timestamp extension of the MessagePack specification.
inline constexpr int kTimestampExtension = -1;

/// `out` must outlive the writer.
std::unique_ptr<ValueWriter> make_messagepack_value_writer(std::string& out);
/// `raw` must outlive the reader.
std::unique_ptr<ValueReader> make_messagepack_value_reader(std::string_view raw);

}  // namespace hubtrail::protocol
