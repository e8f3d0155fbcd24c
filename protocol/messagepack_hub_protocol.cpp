#include <array>
#include <limits>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "base/check.h"
#include "base/utf8.h"
#include "protocol/hub_protocol.h"
#include "protocol/length_splitter.h"
#include "protocol/messagepack_message.h"
#include "protocol/messagepack_values.h"

namespace hubtrail::protocol {
namespace {

constexpr int kErrorResult = 1;
constexpr int kVoidResult = 2;
constexpr int kValueResult = 3;

/// Appends one record: its items first, then their length in front of them.
class RecordWriter {
public:
    RecordWriter(std::string& out, std::uint32_t item_count, MessageType type)
        : out_(out), start_(out.size()), packer_(*this) {
        out_.push_back('\0');  // the length, which is one byte for most records
        packer_.pack_array(item_count);
        packer_.pack_int(static_cast<int>(type));
    }
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;

    void no_headers() { packer_.pack_map(0); }
    void nil() { packer_.pack_nil(); }
    void boolean(bool value) { value ? packer_.pack_true() : packer_.pack_false(); }
    void integer(std::int64_t value) { packer_.pack_int64(value); }
    void array(std::size_t count) { packer_.pack_array(static_cast<std::uint32_t>(count)); }
    void text(std::string_view given) {
        std::string buffer;
        const auto text = valid_utf8(given, buffer);
        packer_.pack_str(static_cast<std::uint32_t>(text.size()));
        packer_.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
    }
    void raw(std::string_view values) { out_ += values; }

    void finish() {
        auto length = out_.size() - start_ - 1;
        HUBTRAIL_CHECK(length <= std::numeric_limits<std::int32_t>::max(), "a record below 2 GB");
        std::array<char, 5> prefix;
        std::size_t size = 0;
        for (; length > 0x7FU; length >>= 7U) {
            prefix[size++] = static_cast<char>(0x80U | (length & 0x7FU));
        }
        prefix[size++] = static_cast<char>(length);
        out_.replace(start_, 1, prefix.data(), size);
    }

    /// For the packer.
    void write(const char* data, std::size_t size) { out_.append(data, size); }

private:
    std::string& out_;
    std::size_t start_;
    msgpack::packer<RecordWriter> packer_;
};

class MessagePackHubProtocol final : public HubProtocol {
public:
    Encoding encoding() const override { return Encoding::messagepack; }

    std::unique_ptr<MessageSplitter> make_splitter(std::size_t record_bytes_max) const override {
        return std::make_unique<LengthSplitter>(record_bytes_max);
    }
    Result<void, ProtocolError> parse(std::string_view record, HubMessage& message) const override {
        return parse_messagepack_message(record, message);
    }
    std::unique_ptr<ValueWriter> make_writer(std::string& out) const override {
        return make_messagepack_value_writer(out);
    }
    std::unique_ptr<ValueReader> make_reader(std::string_view raw) const override {
        return make_messagepack_value_reader(raw);
    }

    void append_invocation(std::string& out, MessageType type, std::string_view id,
                           std::string_view target, std::string_view raw_arguments,
                           std::size_t count,
                           const std::vector<std::string>& stream_ids) const override {
        RecordWriter record(out, 6, type);
        record.no_headers();
        id.empty() ? record.nil() : record.text(id);
        record.text(target);
        record.array(count);
        record.raw(raw_arguments);
        record.array(stream_ids.size());
        for (const auto& stream_id : stream_ids) {
            record.text(stream_id);
        }
        record.finish();
    }
    void append_stream_item(std::string& out, std::string_view id,
                            std::string_view raw_item) const override {
        RecordWriter record(out, 4, MessageType::stream_item);
        record.no_headers();
        record.text(id);
        record.raw(raw_item);
        record.finish();
    }
    void append_completion(std::string& out, std::string_view id) const override {
        RecordWriter record(out, 4, MessageType::completion);
        record.no_headers();
        record.text(id);
        record.integer(kVoidResult);
        record.finish();
    }
    void append_completion_result(std::string& out, std::string_view id,
                                  std::string_view raw_result) const override {
        RecordWriter record(out, 5, MessageType::completion);
        record.no_headers();
        record.text(id);
        record.integer(kValueResult);
        record.raw(raw_result);
        record.finish();
    }
    void append_completion_error(std::string& out, std::string_view id,
                                 std::string_view error) const override {
        RecordWriter record(out, 5, MessageType::completion);
        record.no_headers();
        record.text(id);
        record.integer(kErrorResult);
        record.text(error);
        record.finish();
    }
    void append_cancel(std::string& out, std::string_view id) const override {
        RecordWriter record(out, 3, MessageType::cancel_invocation);
        record.no_headers();
        record.text(id);
        record.finish();
    }
    void append_close(std::string& out, std::string_view error,
                      bool allow_reconnect) const override {
        RecordWriter record(out, 3, MessageType::close);
        error.empty() ? record.nil() : record.text(error);
        record.boolean(allow_reconnect);
        record.finish();
    }
    void append_ack(std::string& out, std::int64_t sequence_id) const override {
        append_sequence_id(out, MessageType::ack, sequence_id);
    }
    void append_sequence(std::string& out, std::int64_t sequence_id) const override {
        append_sequence_id(out, MessageType::sequence, sequence_id);
    }
    std::string_view ping() const override { return "\x02\x91\x06"; }
    std::string_view null_value() const override { return "\xC0"; }

private:
    static void append_sequence_id(std::string& out, MessageType type, std::int64_t sequence_id) {
        RecordWriter record(out, 2, type);
        record.integer(sequence_id);
        record.finish();
    }
};

}  // namespace

const HubProtocol& messagepack_hub_protocol() {
    static const MessagePackHubProtocol protocol;
    return protocol;
}

}  // namespace hubtrail::protocol
