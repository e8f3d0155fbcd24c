#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace hubtrail::transport {

/// One HTTP answer, taken apart.
struct Answer {
    int status = 0;
    std::string head;  ///< with the status line, without the blank line
    std::string body;
    bool has(std::string_view line) const {
        return head.find("\r\n" + std::string(line)) != std::string::npos;
    }
};

/// One frame of the server.
struct Frame {
    unsigned opcode = 0;
    std::string payload;
    bool operator==(const Frame&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Frame& frame) {
    return out << frame.opcode << ":" << frame.payload.substr(0, 60);
}

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
    std::string out{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    return out.append(reason);
}

/// A client's frame. `first`: FIN and opcode.
inline std::string client_frame(unsigned first, std::string_view payload) {
    std::string out(1, static_cast<char>(first));
    if (payload.size() < 126) {
        out.push_back(static_cast<char>(0x80U | payload.size()));
    } else {
        out.push_back(static_cast<char>(0x80U | 126U));
        out.push_back(static_cast<char>(payload.size() >> 8U));
        out.push_back(static_cast<char>(payload.size() & 0xFFU));
    }
    const std::string mask = "\x11\x22\x33\x44";
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    }
    return out;
}
inline std::string text_frame(std::string_view payload) {
    return client_frame(0x81, payload);
}
inline std::string ping_frame(std::string_view payload) {
    return client_frame(0x89, payload);
}
inline std::string close_frame(unsigned code) {
    return client_frame(0x88, close_payload(code));
}

inline std::string upgrade_request(const std::string& target = "/hub") {
    return "GET " + target +
           " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}
inline std::string get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

}  // namespace hubtrail::transport
