#include "hub/code/request_info.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include "base/ascii.h"
#include "hub/code/convert.h"

namespace hubtrail::hub {
namespace {

constexpr char kPath = 'p';
constexpr char kHeader = 'h';
constexpr char kQuery = 'q';
constexpr char kRemote = 'r';
constexpr char kLocal = 'l';

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(' ');
    return begin == std::string_view::npos
               ? ""
               : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// Of `127.0.0.1:80`, `[::1]:80`.
std::string_view host_of(std::string_view address) {
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos) {
        return {};
    }
    const bool six = address.front() == '[';
    return six ? address.substr(1, colon - 2) : address.substr(0, colon);
}

std::uint16_t port_of(std::string_view address) {
    std::uint16_t port = 0;
    const auto colon = address.rfind(':');
    if (colon != std::string_view::npos) {
        std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
    }
    return port;
}

// A byte for every seven bits, least significant first.
void append_length(std::string& out, std::size_t length) {
    for (; length > 0x7F; length >>= 7U) {
        out += static_cast<char>((length & 0x7FU) | 0x80U);
    }
    out += static_cast<char>(length);
}

std::size_t take_length(const char*& in) {
    std::size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(*in++);
        length |= std::size_t{byte & 0x7FU} << shift;
        if (byte <= 0x7F) {
            return length;
        }
    }
}

void append(std::string& fields, char kind, std::string_view name, std::string_view value) {
    fields += kind;
    append_length(fields, name.size());
    append_length(fields, value.size());
    fields.append(name).append(value);
}

}  // namespace

RequestInfo::RequestInfo(const transport::HttpRequest& request) {
    std::string fields;
    append(fields, kPath, "", request.path);
    append(fields, kRemote, "", request.peer_address);
    append(fields, kLocal, "", request.local_address);
    for (const auto& [name, value] : request.query) {
        append(fields, kQuery, name, value);
    }
    for (const auto& [name, value] : request.headers) {
        append(fields, kHeader, name, value);
    }
    std::string length;
    append_length(length, fields.size());
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): it is on the heap
    block_ = std::make_unique<char[]>(length.size() + fields.size());
    fields.copy(std::copy(length.begin(), length.end(), block_.get()), fields.size());
}

std::optional<std::string_view> RequestInfo::find(char kind, std::string_view name) const {
    if (block_ == nullptr) {
        return std::nullopt;
    }
    const char* at = block_.get();
    const auto size = take_length(at);
    const char* const end = at + size;
    while (at != end) {
        const char found = *at++;
        const auto name_size = take_length(at);
        const auto value_size = take_length(at);
        const std::string_view value(at + name_size, value_size);
        if (found == kind && equal_ignoring_case(std::string_view(at, name_size), name)) {
            return value;
        }
        at += name_size + value_size;
    }
    return std::nullopt;
}

std::string_view RequestInfo::path() const {
    return find(kPath, "").value_or("");
}
std::optional<std::string_view> RequestInfo::header(std::string_view name) const {
    return find(kHeader, name);
}
std::optional<std::string_view> RequestInfo::query(std::string_view name) const {
    return find(kQuery, name);
}

std::string_view RequestInfo::remote_address() const {
    return host_of(find(kRemote, "").value_or(""));
}
std::uint16_t RequestInfo::remote_port() const {
    return port_of(find(kRemote, "").value_or(""));
}
std::string_view RequestInfo::local_address() const {
    return host_of(find(kLocal, "").value_or(""));
}
std::uint16_t RequestInfo::local_port() const {
    return port_of(find(kLocal, "").value_or(""));
}

std::optional<std::string_view> RequestInfo::cookie(std::string_view name) const {
    auto rest = header("cookie").value_or("");
    while (!rest.empty()) {
        const auto end = rest.find(';');
        const auto pair = trim(rest.substr(0, end));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
            return pair.substr(equals + 1);
        }
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return std::nullopt;
}

}  // namespace hubtrail::hub
