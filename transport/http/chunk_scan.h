#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "transport/request_parser.h"

namespace hubtrail::transport {

/// Reads the line in front of a chunk: 1-8 hexadecimal digits and CRLF, nothing else. Extensions
/// are refused: nobody needs them, and parsers disagree about them. From the second chunk on the
/// CRLF that ends the chunk before belongs to the line. Thread: strand.
class ChunkScan {
public:
    enum class State { need_more, complete, failed };

    /// Takes bytes up to the end of the line.
    State feed(std::string_view bytes, std::size_t& consumed);
    std::uint64_t size() const { return size_; }
    /// The line as it came. The view dies at the next call.
    std::string_view line() const { return line_; }
    /// Ready for the line of the next chunk.
    void next();

private:
    enum class Expect { previous_cr, previous_lf, first_digit, digit, lf };

    bool take(char c);

    std::string line_;
    std::uint64_t size_ = 0;
    std::size_t digits_ = 0;
    Expect expect_ = Expect::first_digit;
};

}  // namespace hubtrail::transport
