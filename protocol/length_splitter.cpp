#include "protocol/length_splitter.h"

#include <algorithm>

#include "base/check.h"

namespace hubtrail::protocol {
namespace {

// An idle connection keeps no more than this for the next cut record.
constexpr std::size_t kKeptBytesMax = 512;
// Five groups of seven bits, of which the last may only hold the top three bits of 31.
constexpr std::size_t kPrefixBytesMax = 5;
constexpr unsigned kLastPrefixByteMax = 7;

}  // namespace

Failure<ProtocolError> LengthSplitter::spend(ProtocolError error) {
    chunk_ = {};
    spent_ = error;
    return Failure{std::move(error)};
}

void LengthSplitter::feed(std::string_view bytes) {
    HUBTRAIL_CHECK(chunk_.empty(), "the records of the last feed are taken first");
    if (!spent_) {
        chunk_ = bytes;
    }
}

Result<LengthSplitter::Prefix, ProtocolError> LengthSplitter::read_prefix() {
    while (!prefix_whole_ && !chunk_.empty()) {
        const unsigned byte = static_cast<unsigned char>(chunk_.front());
        chunk_.remove_prefix(1);
        length_ |= std::size_t{byte & 0x7FU} << (7U * prefix_bytes_);
        ++prefix_bytes_;
        if (prefix_bytes_ == kPrefixBytesMax && byte > kLastPrefixByteMax) {
            return spend({ProtocolErrc::too_large, "Messages over 2GB in size are not supported.",
                          "FormatException"});
        }
        prefix_whole_ = byte < 0x80U;
        // The groups to come only add to the length.
        if (record_bytes_max_ != 0 && prefix_bytes_ + length_ > record_bytes_max_) {
            return spend(record_too_large(record_bytes_max_));
        }
    }
    return prefix_whole_ ? Prefix::whole : Prefix::partial;
}

Result<std::optional<std::string_view>, ProtocolError> LengthSplitter::next() {
    using Record = std::optional<std::string_view>;
    if (spent_) {
        return Failure{*spent_};
    }
    if (handed_out_) {
        handed_out_ = false;
        pending_.clear();
        if (pending_.capacity() > kKeptBytesMax) {
            pending_.shrink_to_fit();
        }
    }
    const auto prefix = read_prefix();
    if (!prefix) {
        return Failure{prefix.error()};
    }
    if (*prefix == Prefix::partial) {
        return Record{};
    }
    const auto piece = chunk_.substr(0, std::min(chunk_.size(), length_ - pending_.size()));
    chunk_.remove_prefix(piece.size());
    const bool whole = pending_.size() + piece.size() == length_;
    const bool in_one_piece = whole && pending_.empty();
    if (!in_one_piece) {
        pending_.append(piece);
    }
    if (!whole) {
        return Record{};
    }
    length_ = 0;
    prefix_bytes_ = 0;
    prefix_whole_ = false;
    handed_out_ = !in_one_piece;
    return Record{in_one_piece ? piece : std::string_view{pending_}};
}

}  // namespace hubtrail::protocol
