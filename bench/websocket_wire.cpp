#include "bench/websocket_wire.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ascii.h"
#include "base/crypto.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kControlBytesMax = 125;  // RFC 6455 5.5
constexpr std::size_t kShortPayloadMax = 125;
constexpr std::size_t kMediumPayloadMax = 0xffff;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kFinal = 0x80;

void append_header(std::string& out, Opcode opcode, std::size_t bytes, unsigned masked) {
    out.push_back(static_cast<char>(kFinal | static_cast<unsigned>(opcode)));
    int length_bytes = 0;
    if (bytes <= kShortPayloadMax) {
        out.push_back(static_cast<char>(masked | bytes));
    } else if (bytes <= kMediumPayloadMax) {
        out.push_back(static_cast<char>(masked | 126U));
        length_bytes = 2;
    } else {
        out.push_back(static_cast<char>(masked | 127U));
        length_bytes = 8;
    }
    for (int shift = (length_bytes - 1) * 8; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>((static_cast<std::uint64_t>(bytes) >> shift) & 0xffU));
    }
}

/// The value of a header; `name` in lower case with colon.
std::string_view header_value(std::string_view head, std::string_view name) {
    for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;
         line = head.find("\r\n", line)) {
        line += 2;
        if (lower_case(head.substr(line, name.size())) == name) {
            std::string_view value = head.substr(line + name.size());
            value = value.substr(0, value.find("\r\n"));
            value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
            return value;
        }
    }
    return {};
}

bool known(Opcode opcode) {
    switch (opcode) {
        case Opcode::continuation:
        case Opcode::text:
        case Opcode::binary:
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            return true;
    }
    return false;
}

bool control(Opcode opcode) {
    return static_cast<unsigned>(opcode) >= static_cast<unsigned>(Opcode::close);
}

}  // namespace

void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload,
                         std::uint32_t mask) {
    append_header(out, opcode, payload.size(), kMasked);
    std::array<char, sizeof mask> key;
    std::memcpy(key.data(), &mask, key.size());
    out.append(key.data(), key.size());
    const std::size_t begin = out.size();
    out.append(payload);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out[begin + i] = static_cast<char>(out[begin + i] ^ key[i % 4]);
    }
}

void append_server_frame(std::string& out, Opcode opcode, std::string_view payload) {
    append_header(out, opcode, payload.size(), 0);
    out.append(payload);
}

std::string upgrade_request(std::string_view host, std::uint16_t port, std::string_view path,
                            std::string_view token, std::string_view key) {
    std::string out = "GET ";
    out.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
    out += ":" + std::to_string(port);
    out += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    out.append("Sec-WebSocket-Key: ").append(key).append("\r\n");
    if (!token.empty()) {
        out.append("Authorization: Bearer ").append(token).append("\r\n");
    }
    return out + "\r\n";
}

std::string websocket_accept(std::string_view key) {
    constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
    return base64_encode(sha1_for_websocket(std::string(key).append(kGuid)));
}

std::string upgrade_refusal(std::string_view head, std::string_view key) {
    const std::string_view status_line = head.substr(0, head.find("\r\n"));
    if (status_line.substr(0, 13) != "HTTP/1.1 101 ") {
        return "the upgrade was refused: " + std::string(status_line.substr(0, 80));
    }
    if (lower_case(header_value(head, "upgrade:")) != "websocket") {
        return "the upgrade answer has no 'Upgrade: websocket'";
    }
    if (header_value(head, "sec-websocket-accept:") != websocket_accept(key)) {
        return "the upgrade answer has a wrong Sec-WebSocket-Accept";
    }
    return {};
}

std::string_view RecordStream::feed(std::string_view bytes, RecordStreamSink& sink) {
    while (!bytes.empty()) {
        if (!in_payload_) {
            header_[header_have_++] = static_cast<std::uint8_t>(bytes.front());
            bytes.remove_prefix(1);
            if (const auto wrong = begin_frame(); !wrong.empty()) {
                return wrong;
            }
            if (!in_payload_ || payload_left_ > 0) {
                continue;
            }
        }
        const auto take =
            static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
        payload_left_ -= take;
        if (const auto wrong = take_payload(bytes.substr(0, take), sink); !wrong.empty()) {
            return wrong;
        }
        bytes.remove_prefix(take);
        in_payload_ = payload_left_ > 0;
    }
    return {};
}

std::string_view RecordStream::begin_frame() {
    if (header_have_ < 2) {
        return {};
    }
    opcode_ = static_cast<Opcode>(header_[0] & 0x0fU);
    const unsigned short_length = header_[1] & 0x7fU;
    if ((header_[0] & 0x70U) != 0 || !known(opcode_)) {
        return "a frame has reserved bits or an unknown opcode";
    }
    if ((header_[1] & kMasked) != 0) {
        return "a server frame is masked";
    }
    if (control(opcode_) && (short_length > kControlBytesMax || (header_[0] & kFinal) == 0)) {
        return "a control frame is too long or fragmented";
    }
    const std::size_t length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
    if (header_have_ < 2 + length_bytes) {
        return {};
    }
    payload_left_ = length_bytes == 0 ? short_length : 0;
    for (std::size_t i = 0; i < length_bytes; ++i) {
        payload_left_ = payload_left_ << 8 | header_[2 + i];
    }
    header_have_ = 0;
    in_payload_ = true;
    return {};
}

std::string_view RecordStream::take_payload(std::string_view payload, RecordStreamSink& sink) {
    if (control(opcode_)) {
        control_.append(payload);
        if (payload_left_ == 0) {
            sink.on_control(opcode_, control_);
            control_.clear();
        }
        return {};
    }
    while (!payload.empty()) {
        if (length_prefix_) {
            if (const auto wrong = take_packed(payload, sink); !wrong.empty()) {
                return wrong;
            }
            continue;
        }
        const auto* end =
            static_cast<const char*>(std::memchr(payload.data(), kRecordSeparator, payload.size()));
        const std::size_t part =
            end == nullptr ? payload.size() : static_cast<std::size_t>(end - payload.data());
        if (record_.size() + part > record_bytes_max_) {
            return "a record is too long";
        }
        if (end == nullptr) {
            record_.append(payload);
            return {};
        }
        if (record_.empty()) {
            sink.on_record(payload.substr(0, part));
        } else {
            record_.append(payload.substr(0, part));
            sink.on_record(record_);
            record_.clear();
        }
        payload.remove_prefix(part + 1);
    }
    return {};
}

std::string_view RecordStream::take_packed(std::string_view& payload, RecordStreamSink& sink) {
    if (!in_record_) {
        const auto byte = static_cast<unsigned char>(payload.front());
        payload.remove_prefix(1);
        record_left_ |= std::size_t{byte & 0x7fU} << length_shift_;
        length_shift_ += 7;
        if (record_left_ > record_bytes_max_ || length_shift_ > 35) {
            return "a record is too long";
        }
        in_record_ = (byte & 0x80U) == 0;
        if (!in_record_ || record_left_ > 0) {
            return {};
        }
    }
    const auto take = std::min(record_left_, payload.size());
    record_left_ -= take;
    const auto part = payload.substr(0, take);
    payload.remove_prefix(take);
    if (record_left_ > 0) {
        record_.append(part);
        return {};
    }
    in_record_ = false;
    length_shift_ = 0;
    if (record_.empty()) {
        sink.on_record(part);
    } else {
        record_.append(part);
        sink.on_record(record_);
        record_.clear();
    }
    return {};
}

void append_length_prefix(std::string& out, std::size_t record_bytes) {
    for (; record_bytes > 0x7f; record_bytes >>= 7U) {
        out.push_back(static_cast<char>(0x80U | (record_bytes & 0x7fU)));
    }
    out.push_back(static_cast<char>(record_bytes));
}

}  // namespace hubtrail::bench
