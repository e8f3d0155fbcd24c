#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/encoding.h"

namespace hubtrail::protocol {

/// An instant as the encodings carry it: JSON as ISO 8601 in UTC, MessagePack as timestamp
/// extension -1.
struct Timestamp {
    std::int64_t seconds = 0;       ///< since 1970-01-01T00:00:00Z, may be negative
    std::uint32_t nanoseconds = 0;  ///< below 1,000,000,000
    bool operator==(const Timestamp&) const = default;
};

/// Why a value cannot be sent.
inline constexpr const char* kNotFinite = "NaN and infinity cannot be sent.";
inline constexpr const char* kNotAYear = "A time outside the years 1 to 9999 cannot be sent.";

/// Writes payload values of one encoding, one after another, onto a string: arguments, items,
/// results (HubProtocol.md "JSON Payload Encoding", "MessagePack Encoding"). The caller keeps the
/// order right: counts as announced, a name or key before each member. Of text, bytes that are no
/// UTF-8 become U+FFFD. What cannot be said in both encodings is written as null and kept as
/// problem(): then nothing of it may be sent. Thread: strand.
class ValueWriter {
public:
    virtual ~ValueWriter() = default;

    virtual void null() = 0;
    virtual void boolean(bool value) = 0;
    virtual void integer(std::int64_t value) = 0;
    virtual void unsigned_integer(std::uint64_t value) = 0;
    virtual void number(double value) = 0;  ///< neither infinities nor NaN
    virtual void string(std::string_view text) = 0;
    virtual void binary(std::string_view bytes) = 0;  ///< JSON: Base64
    virtual void timestamp(Timestamp value) = 0;      ///< years 1 to 9999
    /// One value that is already in this encoding.
    virtual void raw(std::string_view value) = 0;

    virtual void begin_array(std::size_t count) = 0;
    virtual void end_array() = 0;
    virtual void begin_object(std::size_t count) = 0;
    /// The member's name; JSON writes it as the protocol's naming rule says.
    virtual void name(std::string_view member) = 0;
    /// The key of a dictionary's entry: written as it is in both encodings.
    virtual void key(std::string_view key) = 0;
    virtual void end_object() = 0;

    /// For types whose forms differ: an enumeration is a number in JSON and a name in MessagePack.
    virtual Encoding encoding() const = 0;

    /// Writes null instead of a value that cannot be said; the first problem (a literal: it is not
    /// copied) is kept.
    virtual void fail(const char* problem) = 0;

    /// Values at the top level so far.
    virtual std::size_t count() const = 0;
    /// The first thing that could not be written, null: none.
    virtual const char* problem() const = 0;
    /// As new: the next value is the first. For a string that was cleared or handed on meanwhile.
    virtual void reset() = 0;
};

}  // namespace hubtrail::protocol
