#include "protocol/record_splitter.h"

#include <cstring>

#include "base/check.h"
#include "protocol/json_hub_protocol.h"

namespace hubtrail::protocol {
namespace {

// An idle connection keeps no more than this for the next cut record.
constexpr std::size_t kKeptBytesMax = 512;

}  // namespace

void RecordSplitter::feed(std::string_view bytes) {
    HUBTRAIL_CHECK(chunk_.empty(), "the records of the last feed are taken first");
    if (!spent_) {
        chunk_ = bytes;
    }
}

Result<std::optional<std::string_view>, ProtocolError> RecordSplitter::next() {
    using Record = std::optional<std::string_view>;
    if (spent_) {
        return Failure{record_too_large(record_bytes_max_)};
    }
    if (handed_out_) {
        handed_out_ = false;
        pending_.clear();
        if (pending_.capacity() > kKeptBytesMax) {
            pending_.shrink_to_fit();
        }
    }
    if (chunk_.empty()) {
        return Record{};
    }
    // Only the new bytes are searched: a peer that drips single bytes must not make us rescan the
    // rest.
    const auto* separator =
        static_cast<const char*>(std::memchr(chunk_.data(), kRecordSeparator, chunk_.size()));
    const auto length =
        separator == nullptr ? chunk_.size() : static_cast<std::size_t>(separator - chunk_.data());
    // An unfinished record needs at least a separator more, so both kinds have the same limit.
    if (record_bytes_max_ != 0 && pending_.size() + length + 1 > record_bytes_max_) {
        spent_ = true;
        chunk_ = {};
        return Failure{record_too_large(record_bytes_max_)};
    }
    const auto piece = chunk_.substr(0, length);
    if (separator == nullptr) {
        pending_.append(piece);
        chunk_ = {};
        return Record{};
    }
    chunk_.remove_prefix(length + 1);
    if (pending_.empty()) {
        return Record{piece};
    }
    pending_.append(piece);
    handed_out_ = true;
    return Record{std::string_view{pending_}};
}

}  // namespace hubtrail::protocol
