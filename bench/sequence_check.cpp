#include "bench/sequence_check.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "bench/json_scan.h"

namespace hubtrail::bench {
namespace {

// Enough that all connections can be a few turns apart, little enough to stay in the cache.
constexpr std::size_t kVerifiedSlots = 1024;
constexpr std::size_t kQuotedBytesMax = 120;
constexpr char kPadding = 'x';

/// Empty when `argument` is what append_sequence_argument() writes for `sequence`.
std::string_view argument_fault(std::string_view argument, std::uint64_t sequence,
                                std::uint32_t argument_bytes) {
    std::uint64_t found = 0;
    const auto* text_end = argument.data() + argument.size();
    const auto [end, error] = std::from_chars(argument.data(), text_end, found);
    if (error != std::errc{} || end == text_end || *end != ':') {
        return "the argument does not begin with its sequence number and ':'";
    }
    if (found != sequence) {
        return found > sequence ? "messages are missing" : "a message came twice or out of order";
    }
    std::string expected;
    append_sequence_argument(expected, sequence,
                             argument_bytes == kArgumentAnyBytes
                                 ? static_cast<std::uint32_t>(argument.size())
                                 : argument_bytes);
    return argument == expected ? "" : "the padding of the argument is not what it should be";
}

}  // namespace

void append_sequence_argument(std::string& out, std::uint64_t sequence,
                              std::uint32_t argument_bytes) {
    const std::size_t begin = out.size();
    out += std::to_string(sequence) + ":";
    const std::size_t have = out.size() - begin;
    if (have < argument_bytes) {
        out.append(argument_bytes - have, kPadding);
    }
}

SequenceCheck::SequenceCheck(std::size_t connections, std::uint64_t messages,
                             std::uint32_t argument_bytes)
    : next_(connections, 0),
      messages_(messages),
      argument_bytes_(argument_bytes),
      verified_(kVerifiedSlots),
      verified_sequence_(kVerifiedSlots, std::numeric_limits<std::uint64_t>::max()) {}

SequenceCheck::Verdict SequenceCheck::accept(std::size_t connection, std::string_view record) {
    const std::uint64_t expected = next_[connection];
    const std::size_t slot = expected % kVerifiedSlots;
    if (verified_sequence_[slot] != expected || record != verified_[slot]) {
        const Verdict verdict = read_in_full(connection, record);
        if (verdict != Verdict::message) {
            return verdict;
        }
        verified_sequence_[slot] = expected;
        verified_[slot] = record;
    }
    if (expected >= messages_) {
        return wrong(connection, "more messages than were asked for", record);
    }
    ++next_[connection];
    ++delivered_;
    return Verdict::message;
}

SequenceCheck::Verdict SequenceCheck::read_in_full(std::size_t connection,
                                                   std::string_view record) {
    const auto type = json_member(record, "type");
    if (!type) {
        return wrong(connection, "a record without type", record);
    }
    if (*type != "1") {
        return Verdict::other;
    }
    if (json_member(record, "target") != "\"m\"") {
        return wrong(connection, "an invocation of something else than 'm'", record);
    }
    JsonElements arguments(json_member(record, "arguments").value_or("[]"));
    const auto argument = json_plain_string(arguments.next().value_or(""));
    if (!argument || arguments.next()) {
        return wrong(connection, "'m' must have exactly one plain string argument", record);
    }
    const auto fault = argument_fault(*argument, next_[connection], argument_bytes_);
    return fault.empty() ? Verdict::message : wrong(connection, fault, record);
}

SequenceCheck::Verdict SequenceCheck::wrong(std::size_t connection, std::string_view why,
                                            std::string_view record) {
    failure_ = "expected message " + std::to_string(next_[connection]) + ": " + std::string(why) +
               ": " + std::string(record.substr(0, kQuotedBytesMax));
    return Verdict::wrong;
}

}  // namespace hubtrail::bench
