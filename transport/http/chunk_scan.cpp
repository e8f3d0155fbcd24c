#include "transport/http/chunk_scan.h"

#include "base/ascii.h"

namespace hubtrail::transport {

bool ChunkScan::take(char c) {
    switch (expect_) {
        case Expect::previous_cr:
            expect_ = Expect::previous_lf;
            return c == '\r';
        case Expect::previous_lf:
            expect_ = Expect::first_digit;
            return c == '\n';
        case Expect::digit:
            if (c == '\r') {
                expect_ = Expect::lf;
                return true;
            }
            [[fallthrough]];
        case Expect::first_digit: {
            const int value = hex_value(c);
            if (value < 0 || ++digits_ > kChunkSizeDigitsMax) {
                return false;
            }
            expect_ = Expect::digit;
            size_ = size_ * 16 + static_cast<std::uint64_t>(value);
            return true;
        }
        case Expect::lf:
            return c == '\n';
    }
    return false;
}

ChunkScan::State ChunkScan::feed(std::string_view bytes, std::size_t& consumed) {
    consumed = 0;
    for (const char c : bytes) {
        const bool last = expect_ == Expect::lf;
        ++consumed;
        if (!take(c)) {
            return State::failed;
        }
        line_.push_back(c);
        if (last) {
            return State::complete;
        }
    }
    return State::need_more;
}

void ChunkScan::next() {
    line_.clear();
    size_ = 0;
    digits_ = 0;
    expect_ = Expect::previous_cr;
}

}  // namespace hubtrail::transport
