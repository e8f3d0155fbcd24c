// C++17: websocketpp 0.8.2 is not valid C++20.
#include "transport/websocket/hybi_frame_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include <websocketpp/common/stdint.hpp>
#include <websocketpp/extensions/permessage_deflate/disabled.hpp>
#include <websocketpp/http/request.hpp>
#include <websocketpp/http/response.hpp>
#include <websocketpp/processors/hybi13.hpp>
#include <websocketpp/random/none.hpp>

#include "base/check.h"
#include "transport/frame_header.h"
#include "transport/utf8_stream.h"
#include "transport/websocket/frame_header_check.h"

namespace hubtrail::transport {
namespace {

namespace ws = websocketpp;
using Kind = FrameDecoder::Event::Kind;

// websocketpp hands messages and their manager around as shared pointers: a dozen atomic operations
// a message. Here the decoder owns both and outlives every use, so a plain pointer with the same
// face will do.
template <typename T>
class Borrowed {
public:
    Borrowed() = default;
    explicit Borrowed(T* target) : target_(target) {}
    T* operator->() const { return target_; }
    explicit operator bool() const { return target_ != nullptr; }
    void reset() { target_ = nullptr; }

private:
    T* target_ = nullptr;
};

// What hybi13 asks of a message; the setters are for the sending side, which we do not use.
class CodecMessage {
public:
    using ptr = Borrowed<CodecMessage>;

    std::string& get_raw_payload() { return payload_; }
    const std::string& get_payload() const { return payload_; }
    ws::frame::opcode::value get_opcode() const { return opcode_; }
    void set_opcode(ws::frame::opcode::value opcode) { opcode_ = opcode; }
    bool get_compressed() const { return false; }
    void set_compressed(bool) {}
    bool get_fin() const { return true; }
    void set_header(const std::string&) {}
    void set_prepared(bool) {}

private:
    std::string payload_;
    ws::frame::opcode::value opcode_ = ws::frame::opcode::binary;
};

// Two messages for ever: the one being read and the control frame that may come in between. An
// announced size reserves nothing here; the decoder grows the payload as bytes arrive.
class CodecMessages {
public:
    using ptr = Borrowed<CodecMessages>;

    CodecMessage::ptr get_message(ws::frame::opcode::value opcode, std::size_t) {
        CodecMessage& message = ws::frame::opcode::is_control(opcode) ? control : data;
        message.get_raw_payload().clear();
        message.set_opcode(opcode);
        return CodecMessage::ptr(&message);
    }

    CodecMessage data;
    CodecMessage control;
};

// Only what the processor itself looks at: no transport, no locks, no logs, no extensions.
// NOLINTBEGIN(readability-identifier-naming): the names are websocketpp's
struct CodecConfig {
    using request_type = ws::http::parser::request;
    using response_type = ws::http::parser::response;
    using message_type = CodecMessage;
    using con_msg_manager_type = CodecMessages;
    using rng_type = ws::random::none::int_generator<std::uint32_t>;
    struct permessage_deflate_config {
        using request_type = ws::http::parser::request;
    };
    using permessage_deflate_type =
        ws::extensions::permessage_deflate::disabled<permessage_deflate_config>;
    static constexpr bool enable_extensions = false;
    static constexpr std::size_t max_message_size = kMessageBytesMax;
};
// NOLINTEND(readability-identifier-naming)

using Codec = ws::processor::hybi13<CodecConfig>;

constexpr std::size_t kMaskBytes = 4;
using Mask = std::array<char, kMaskBytes>;

// Copies and unmasks (RFC 6455 5.3), eight bytes at a time. `at`: position of the first byte in its
// payload.
void unmask(char* out, std::string_view bytes, const Mask& mask, std::size_t at) {
    std::array<char, 8> key;
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = mask[(at + i) % kMaskBytes];
    }
    std::uint64_t key_word;
    std::memcpy(&key_word, key.data(), sizeof(key_word));
    std::size_t i = 0;
    for (; i + sizeof(key_word) <= bytes.size(); i += sizeof(key_word)) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + i, sizeof(word));
        word ^= key_word;
        std::memcpy(out + i, &word, sizeof(word));
    }
    for (; i < bytes.size(); ++i) {
        out[i] = static_cast<char>(bytes[i] ^ key[i % key.size()]);
    }
}

// A string that grows by doubling would pass the limit on its last step.
void grow(std::string& text, std::size_t wanted, std::size_t bytes_max) {
    if (wanted <= text.capacity()) {
        return;
    }
    std::string larger;
    larger.reserve(std::max(wanted, std::min(2 * text.capacity(), bytes_max)));
    larger.append(text);
    text.swap(larger);
}

// RFC 6455 7.4 and the registry: 1004 to 1006 and 1015 never travel, up to 2999 only what is
// registered.
bool may_travel(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

class HybiFrameDecoder final : public FrameDecoder {
public:
    explicit HybiFrameDecoder(const FrameDecoderLimits& limits) : limits_(limits) { restart(); }

    Event decode(std::string_view& bytes) override {
        while (!ended_) {
            if (!in_payload_) {
                if (bytes.empty()) {
                    return {};
                }
                if (const Event event = take_header(bytes); event.kind != Kind::none) {
                    return event;
                }
                if (!in_payload_) {
                    return {};
                }
            }
            if (missing_ != 0) {
                if (bytes.empty()) {
                    return {};
                }
                if (const Event event = take_payload(bytes); event.kind != Kind::none) {
                    return event;
                }
            }
            if (missing_ == 0) {
                if (const Event event = end_frame(); event.kind != Kind::none) {
                    return event;
                }
            }
        }
        bytes = {};
        return {};
    }

    bool at_frame_boundary() const override {
        return header_.empty() && !in_payload_ && !in_message_ && !ended_;
    }

    void reset() override {
        header_.next();
        in_payload_ = false;
        in_message_ = false;
        ended_ = false;
        restart();
    }

private:
    // The codec unmasks a byte at a time and in place. The caller's bytes are not ours to change,
    // so they are copied, and unmasked on the way; the codec plays the side that receives unmasked
    // frames. That a client masks is checked in front.
    void restart() {
        codec_.emplace(false, false, CodecMessages::ptr(&messages_), random_);
        codec_->set_max_message_size(limits_.message_bytes_max);
    }

    Event take_header(std::string_view& bytes) {
        switch (header_.feed(bytes, in_message_)) {
            case FrameHeaderCheck::State::need_more:
                return {};
            case FrameHeaderCheck::State::failed:
                return fail(kCloseProtocolError, header_.error());
            case FrameHeaderCheck::State::complete:
                break;
        }
        const ClientFrame& frame = header_.frame();
        if (!frame.is_control()) {
            if (const Event event = begin_data_frame(frame); event.kind != Kind::none) {
                return event;
            }
        }
        // Text goes through the codec as binary: its UTF-8 check takes a table look-up for each
        // byte, ours eight bytes at a time.
        std::array<char, 14> header = header_.bytes();
        const std::size_t plain_size = header_.size() - kMaskBytes;
        std::memcpy(mask_.data(), header.data() + plain_size, kMaskBytes);
        header[1] = static_cast<char>(header[1] & 0x7F);
        if (frame.opcode == static_cast<std::uint8_t>(FrameOpcode::text)) {
            header[0] = static_cast<char>(header[0] ^ 0x3);
        }
        missing_ = static_cast<std::size_t>(frame.payload_bytes);
        in_payload_ = true;
        payload_at_ = 0;
        return consume(header.data(), plain_size);
    }

    Event begin_data_frame(const ClientFrame& frame) {
        std::string& payload = messages_.data.get_raw_payload();
        if (!in_message_) {
            payload.clear();
            fragments_ = 0;
            text_ = frame.opcode == static_cast<std::uint8_t>(FrameOpcode::text);
            utf8_.reset();
        }
        if (++fragments_ > limits_.fragments_max) {
            return fail(kClosePolicy, "too many fragments");
        }
        if (frame.payload_bytes > limits_.message_bytes_max - payload.size()) {
            return fail(kCloseTooBig, "message too big");
        }
        in_message_ = true;
        if (fragments_ > 1) {
            // The codec reserves what a further fragment announces; with our growth in front it
            // finds room.
            grow(payload, payload.size() + static_cast<std::size_t>(frame.payload_bytes),
                 limits_.message_bytes_max);
        }
        return {};
    }

    Event take_payload(std::string_view& bytes) {
        std::array<char, 4096> scratch;
        const std::size_t count = std::min({missing_, bytes.size(), scratch.size()});
        unmask(scratch.data(), bytes.substr(0, count), mask_, payload_at_);
        bytes.remove_prefix(count);
        payload_at_ += count;
        missing_ -= count;
        const bool control = header_.frame().is_control();
        std::string& payload = (control ? messages_.control : messages_.data).get_raw_payload();
        const std::size_t before = payload.size();
        grow(payload, before + count,
             control ? kControlPayloadBytesMax : limits_.message_bytes_max);
        if (const Event event = consume(scratch.data(), count); event.kind != Kind::none) {
            return event;
        }
        if (!control && text_ && !utf8_.feed(std::string_view(payload).substr(before))) {
            return fail(kCloseBadPayload, "text is not UTF-8");
        }
        return {};
    }

    Event consume(char* bytes, std::size_t count) {
        ws::lib::error_code error;
        const std::size_t taken =
            codec_->consume(reinterpret_cast<std::uint8_t*>(bytes), count, error);
        if (error) {
            const auto code = ws::processor::error::to_ws(error);
            return fail(code == 0 ? kCloseProtocolError : code, "refused by the frame processor");
        }
        HUBTRAIL_CHECK(taken == count, "the frame processor left bytes of a frame");
        return {};
    }

    Event end_frame() {
        const ClientFrame frame = header_.frame();
        header_.next();
        in_payload_ = false;
        HUBTRAIL_CHECK(codec_->ready() == frame.fin, "the frame processor counts frames otherwise");
        if (!frame.fin) {
            return {};
        }
        std::string_view payload = codec_->get_message()->get_payload();
        Event event;
        event.payload = payload;
        switch (static_cast<FrameOpcode>(frame.opcode)) {
            case FrameOpcode::ping:
                event.kind = Kind::ping;
                return event;
            case FrameOpcode::pong:
                event.kind = Kind::pong;
                return event;
            case FrameOpcode::close:
                return end_close(payload);
            case FrameOpcode::continuation:
            case FrameOpcode::text:
            case FrameOpcode::binary:
                break;
        }
        in_message_ = false;
        if (text_ && !utf8_.complete()) {
            return fail(kCloseBadPayload, "text ends inside a character");
        }
        event.kind = text_ ? Kind::text : Kind::binary;
        return event;
    }

    Event end_close(std::string_view payload) {
        Event event;
        event.kind = Kind::close;
        event.close_code = kCloseNoStatus;
        if (!payload.empty()) {
            if (payload.size() == 1) {
                return fail(kCloseProtocolError, "close code of one byte");
            }
            const unsigned code = static_cast<unsigned>(static_cast<unsigned char>(payload[0]))
                                      << 8U |
                                  static_cast<unsigned char>(payload[1]);
            if (!may_travel(code)) {
                return fail(kCloseProtocolError, "bad close code");
            }
            Utf8Stream utf8;
            if (!utf8.feed(payload.substr(2)) || !utf8.complete()) {
                return fail(kCloseBadPayload, "close reason is not UTF-8");
            }
            event.close_code = static_cast<std::uint16_t>(code);
            event.reason = payload.substr(2);
        }
        ended_ = true;
        return event;
    }

    Event fail(std::uint16_t code, std::string_view reason) {
        ended_ = true;
        Event event;
        event.kind = Kind::error;
        event.close_code = code;
        event.reason = reason;
        return event;
    }

    const FrameDecoderLimits limits_;
    CodecMessages messages_;
    CodecConfig::rng_type random_;
    std::optional<Codec> codec_;
    FrameHeaderCheck header_;
    Utf8Stream utf8_;
    Mask mask_{};
    std::size_t payload_at_ = 0;  // bytes of the current payload already there
    std::size_t missing_ = 0;     // bytes of the current payload still to come
    std::size_t fragments_ = 0;   // frames of the current message
    bool in_payload_ = false;
    bool in_message_ = false;  // from the header of a message's first frame to the end of its last
    bool text_ = false;
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<FrameDecoder> make_frame_decoder(const FrameDecoderLimits& limits) {
    return std::make_unique<HybiFrameDecoder>(limits);
}

}  // namespace hubtrail::transport
