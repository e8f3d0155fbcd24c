#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hubtrail::protocol {

/// One token of MessagePack: a scalar with its value, or the head of an array or map.
struct MessagePackToken {
    enum class Kind : std::uint8_t {
        nil,
        boolean,
        unsigned_integer,  ///< not negative, in whatever width it came
        negative_integer,
        number,
        string,  ///< valid UTF-8
        binary,
        extension,
        array,
        map,
    };
    Kind kind = Kind::nil;
    bool boolean = false;
    std::int8_t extension_type = 0;
    std::uint64_t integer = 0;  ///< two's complement of a negative one
    double number = 0;
    std::size_t count =
        0;  ///< elements of an array, pairs of a map: never more than the bytes left could hold
    std::string_view bytes;  ///< string, binary, extension
};

/// A pull reader over MessagePack: one pass, no allocation, no recursion. The first mistake is kept
/// and every call after it fails. Views point into the bytes. Thread: strand. One scanner per
/// record.
class MessagePackScanner {
public:
    /// Nesting that skip_value() can follow.
    static constexpr std::size_t kMessagePackDepthMax = 64;

    explicit MessagePackScanner(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool at_end() const { return at_ == end_; }
    const char* position() const { return at_; }

    bool next(MessagePackToken& token);

    /// Checks and skips one value of at most this depth; a scalar has depth 0.
    bool skip_value(std::size_t depth_max);
    /// The same; `raw` becomes its bytes.
    bool skip_value(std::size_t depth_max, std::string_view& raw);

    /// Keeps the first mistake (a literal: it is not copied); always false.
    bool fail(const char* problem);
    const char* problem() const { return problem_; }  ///< null: none

private:
    bool next_fixed(unsigned head, MessagePackToken& token);
    bool take_big_endian(std::size_t width, std::uint64_t& value);
    bool take_integer(std::size_t width, MessagePackToken& token);
    bool take_signed(std::size_t width, MessagePackToken& token);
    bool take_number(std::size_t width, MessagePackToken& token);
    bool take_bytes(MessagePackToken::Kind kind, std::size_t size, MessagePackToken& token);
    bool take_sized_bytes(MessagePackToken::Kind kind, std::size_t width, MessagePackToken& token);
    bool take_extension(std::size_t size, MessagePackToken& token);
    bool take_container(MessagePackToken::Kind kind, std::size_t count, MessagePackToken& token);
    bool take_sized_container(MessagePackToken::Kind kind, std::size_t width,
                              MessagePackToken& token);
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    const char* at_;
    const char* end_;
    const char* problem_ = nullptr;
};

}  // namespace hubtrail::protocol
