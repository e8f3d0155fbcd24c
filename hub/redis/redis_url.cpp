#include "hub/redis/redis_url.h"

#include <charconv>
#include <optional>

namespace hubtrail::hub {
namespace {

using Parsed = Result<RedisAddress, std::string>;

constexpr int kDatabaseMost = 9999;

Parsed refuse(std::string reason) {
    return Failure<std::string>{std::move(reason)};
}

std::optional<int> parse_number(std::string_view text, int least, int most) {
    int value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole =
        !text.empty() && parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
    return whole && value >= least && value <= most ? std::optional(value) : std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        unsigned byte = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || parsed.ec != std::errc{} || parsed.ptr != digits.data() + 2) {
            return std::nullopt;
        }
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

bool take_login(std::string_view login, RedisAddress& address) {
    const auto colon = login.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    const auto user = percent_decoded(login.substr(0, colon));
    const auto password = percent_decoded(login.substr(colon + 1));
    if (!user || !password || password->empty()) {
        return false;
    }
    address.user = *user;
    address.password = *password;
    return true;
}

// host, host:port, [v6] or [v6]:port
bool take_host(std::string_view text, RedisAddress& address) {
    std::string_view port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) {
            return false;
        }
        address.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        has_port = port.starts_with(':');
        if (!port.empty() && !has_port) {
            return false;
        }
        port.remove_prefix(has_port ? 1 : 0);
    } else {
        const auto colon = text.find(':');
        has_port = colon != std::string_view::npos;
        address.host = text.substr(0, colon);
        port = has_port ? text.substr(colon + 1) : std::string_view();
    }
    if (has_port) {
        const auto number = parse_number(port, 1, 65535);
        if (!number) {
            return false;
        }
        address.port = static_cast<std::uint16_t>(*number);
    }
    return !address.host.empty();
}

}  // namespace

Parsed parse_redis_url(std::string_view url) {
    constexpr std::string_view kScheme = "redis://";
    if (url.starts_with("rediss://")) {
        return refuse("TLS to Redis (rediss://) is not supported");
    }
    if (!url.starts_with(kScheme)) {
        return refuse("a Redis URL begins with redis://");
    }
    url.remove_prefix(kScheme.size());
    RedisAddress address;
    // A password's '/' and '@' are percent-encoded; be kind to an '@' that is not.
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        if (!take_login(url.substr(0, at), address)) {
            return refuse("the part of a Redis URL before '@' is [user]:password, percent-encoded");
        }
        url.remove_prefix(at + 1);
    }
    if (const auto slash = url.find('/'); slash != std::string_view::npos) {
        const auto text = url.substr(slash + 1);
        const auto number = text.empty() ? std::optional(0) : parse_number(text, 0, kDatabaseMost);
        if (!number) {
            return refuse("the database of a Redis URL is a number");
        }
        address.database = *number;
        url = url.substr(0, slash);
    }
    if (!take_host(url, address)) {
        return refuse("a Redis URL is redis://[[user]:password@]host[:port][/database]");
    }
    return address;
}

}  // namespace hubtrail::hub
