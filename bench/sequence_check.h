#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubtrail::bench {

constexpr std::uint32_t kArgumentAnyBytes = 0;

/// Checks that every connection sees the messages 0, 1, 2, ... of target `m`, each with one string
/// argument `SEQUENCE:` followed by `x` up to the agreed length: a loss, a duplicate, a wrong order
/// or a changed byte is found. A record that has been read in full once is afterwards compared as
/// bytes, which keeps the client cheaper than the server. Thread: main.
class SequenceCheck {
public:
    SequenceCheck(std::size_t connections, std::uint64_t messages, std::uint32_t argument_bytes);

    enum class Verdict {
        message,  ///< the next message of this connection
        other,    ///< a record that is not an invocation, e.g. a completion
        wrong     ///< see failure()
    };
    Verdict accept(std::size_t connection, std::string_view record);

    /// How many messages all connections have had together.
    std::uint64_t delivered() const { return delivered_; }
    std::uint64_t next_of(std::size_t connection) const { return next_[connection]; }
    const std::string& failure() const { return failure_; }

private:
    Verdict read_in_full(std::size_t connection, std::string_view record);
    Verdict wrong(std::size_t connection, std::string_view why, std::string_view record);

    std::vector<std::uint64_t> next_;
    std::uint64_t messages_;
    std::uint32_t argument_bytes_;
    std::uint64_t delivered_ = 0;
    std::vector<std::string> verified_;  // by sequence modulo size: the record read in full
    std::vector<std::uint64_t> verified_sequence_;
    std::string failure_;
};

/// The argument that message `sequence` must carry; the peers build theirs with it.
void append_sequence_argument(std::string& out, std::uint64_t sequence,
                              std::uint32_t argument_bytes);

}  // namespace hubtrail::bench
