#include "hub/code/request_info.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "hub/code/convert.h"

namespace hubtrail::hub {
namespace {

constexpr char kPath = 'p';
constexpr char kHeader = 'h';
constexpr char kQuery = 'q';
constexpr char kRemote = 'r';
constexpr char kLocal = 'l';
using Lengths = std::array<std::uint32_t, 2>;

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

}  // namespace

RequestInfo::RequestInfo(const transport::HttpRequest& request) {
    append(kPath, "", request.path);
    append(kRemote, "", request.peer_address);
    append(kLocal, "", request.local_address);
    for (const auto& [name, value] : request.query) {
        append(kQuery, name, value);
    }
    for (const auto& [name, value] : request.headers) {
        append(kHeader, name, value);
    }
    block_.shrink_to_fit();
}

void RequestInfo::append(char kind, std::string_view name, std::string_view value) {
    const Lengths lengths = {static_cast<std::uint32_t>(name.size()),
                             static_cast<std::uint32_t>(value.size())};
    block_ += kind;
    block_.append(reinterpret_cast<const char*>(lengths.data()), sizeof(lengths));
    block_ += name;
    block_ += value;
}

std::optional<std::string_view> RequestInfo::find(char kind, std::string_view name) const {
    std::string_view rest = block_;
    while (!rest.empty()) {
        const char found = rest.front();
        Lengths lengths{};
        std::memcpy(lengths.data(), rest.data() + 1, sizeof(lengths));
        rest.remove_prefix(1 + sizeof(lengths));
        const auto its_name = rest.substr(0, lengths[0]);
        const auto value = rest.substr(lengths[0], lengths[1]);
        if (found == kind && hubtrail::detail::equal_ignoring_case(its_name, name)) {
            return value;
        }
        rest.remove_prefix(its_name.size() + value.size());
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
