#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hubtrail::protocol {

/// A string token as it stands between its quotes. Valid UTF-8 with valid escapes.
struct JsonString {
    std::string_view raw;
    bool escaped = false;         ///< raw holds backslashes: decode before use
    bool has_nul = false;         ///< holds \u0000
    bool lone_surrogate = false;  ///< holds half a surrogate pair: no Unicode text
};

/// A number token that fits the grammar of RFC 8259.
struct JsonNumber {
    std::string_view raw;
    bool integer = false;  ///< neither fraction nor exponent
    bool has_exponent = false;
};

/// Appends the text of the string, escapes resolved. Half a surrogate pair becomes U+FFFD.
void append_decoded(std::string& out, const JsonString& string);

/// True and the value when the number is an integer of 64 bits.
bool to_int64(const JsonNumber& number, std::int64_t& value);
bool to_uint64(const JsonNumber& number, std::uint64_t& value);

/// Whether the number fits a double (one that is too small counts as 0 and fits).
bool fits_double(const JsonNumber& number);

/// Removes the white space between the tokens of a valid JSON text.
void append_compact(std::string& out, std::string_view json);

/// A strict pull reader over one JSON text (RFC 8259): one pass, no allocation, no recursion. The
/// caller asks for what it expects; the first mistake is kept and every call after it fails. Views
/// point into the text. Thread: strand. One scanner per text.
class JsonScanner {
public:
    enum class Step { item, end, error };

    /// Nesting that skip_value() and walk_json() can follow.
    static constexpr std::size_t kDepthMax = 64;

    explicit JsonScanner(std::string_view text)
        : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

    /// The first byte of the next token, or 0 at the end (a NUL byte is no token either).
    char peek() {
        if (at_ != end_ && static_cast<unsigned char>(*at_) > ' ') {
            return *at_;
        }
        return peek_after_space();
    }

    /// Takes the next token if it is this one byte.
    bool take(char token) {
        if (peek() != token || at_ == end_) {
            return false;
        }
        ++at_;
        return true;
    }

    // Each of these fails with a reason when the next token is not of that kind.
    bool read_string(JsonString& string);
    bool read_number(JsonNumber& number);
    bool read_literal();  ///< true, false or null; peek() told which

    /// Checks and skips one value of at most this depth; a scalar has depth 0.
    bool skip_value(std::size_t depth_max);
    /// The same; `raw` becomes its text without the white space around it.
    bool skip_value(std::size_t depth_max, std::string_view& raw);

    // Steps through an object after take('{'), or an array after take('['). After `item` the caller
    // must read or skip the value; `end` has taken the closing bracket.
    Step first_member(JsonString& name) { return member(name, Place::first); }
    Step next_member(JsonString& name) { return member(name, Place::later); }
    Step first_element() { return element(Place::first); }
    Step next_element() { return element(Place::later); }

    /// Nothing but white space may follow.
    bool finish();

    /// Keeps the first mistake (a literal: it is not copied); always false.
    bool fail(const char* problem);
    bool fail_depth();

    bool failed() const { return problem_ != nullptr; }
    const char* problem() const { return problem_; }
    bool too_deep() const { return too_deep_; }
    /// Where the scanner stands; after a mistake: where that is.
    std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
    const char* position() const { return at_; }
    /// Bytes of white space between tokens so far.
    std::size_t space_bytes() const { return space_bytes_; }

private:
    enum class Place { first, later };

    char peek_after_space();
    Step member(JsonString& name, Place place);
    Step element(Place place);
    bool read_escape(const char*& p, JsonString& string);
    bool fail_at(const char* where, const char* problem);

    const char* begin_;
    const char* at_;
    const char* end_;
    const char* problem_ = nullptr;
    bool too_deep_ = false;
    std::size_t space_bytes_ = 0;
};

}  // namespace hubtrail::protocol
