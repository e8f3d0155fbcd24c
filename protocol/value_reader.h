#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/value_writer.h"

namespace hubtrail::protocol {

/// Pulls one payload value apart. The caller asks for what it expects; the first mistake is kept
/// (problem()) and every call after it fails. No bytes crash it, but a value of a parsed message
/// was checked for syntax, size and depth already. Thread: strand. One value at a time; views die
/// with the raw value.
class ValueReader {
public:
    enum class Kind : std::uint8_t {
        null,
        boolean,
        integer,
        number,
        string,
        binary,
        timestamp,
        array,
        object,
        other,  ///< an extension of MessagePack: only read_raw() and skip() take it
        end,    ///< no value, or no value that can be read
    };
    enum class Step : std::uint8_t { item, end, error };

    virtual ~ValueReader() = default;

    /// Begins another value; the mistake is forgotten.
    virtual void reset(std::string_view raw) = 0;

    /// What comes next. JSON knows neither binary nor timestamp: both are strings there, and the
    /// read functions below take them.
    virtual Kind peek() = 0;

    /// Takes a null if there is one; false (and no mistake) otherwise.
    virtual bool take_null() = 0;

    // Each fails, with the reason kept, when the next value is not of that kind or does not fit.
    virtual bool read_boolean(bool& value) = 0;
    virtual bool read_integer(std::int64_t& value) = 0;
    virtual bool read_unsigned(std::uint64_t& value) = 0;
    virtual bool read_number(double& value) = 0;  ///< integers too
    virtual bool read_string(std::string& value) = 0;
    virtual bool read_binary(std::string& value) = 0;   ///< JSON: a Base64 string
    virtual bool read_timestamp(Timestamp& value) = 0;  ///< JSON: an ISO 8601 string
    /// The whole next value in this encoding.
    virtual bool read_raw(std::string_view& value) = 0;
    virtual bool skip() = 0;

    /// After begin_array() each next_element() that answers `item` is followed by one read; `end`
    /// closes it.
    virtual bool begin_array() = 0;
    virtual Step next_element() = 0;
    /// After begin_object() each next_member() that answers `item` is followed by one read; `end`
    /// closes it. A name given twice comes twice: the last one counts, as in the reference.
    virtual bool begin_object() = 0;
    virtual Step next_member(std::string& name) = 0;
    /// For types whose forms differ; member names match without case in JSON, exactly in
    /// MessagePack.
    virtual Encoding encoding() const = 0;

    /// Keeps the first mistake (a literal: it is not copied); always false.
    virtual bool fail(const char* problem) = 0;
    virtual const char* problem() const = 0;  ///< null: none
    /// Said on the way out of a read that failed, innermost first: in which member it was.
    virtual void failed_in(std::string_view member) = 0;
    /// `order.lines.count`; empty: in no member.
    virtual const std::string& problem_member() const = 0;
};

}  // namespace hubtrail::protocol
