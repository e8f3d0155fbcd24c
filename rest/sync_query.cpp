#include "rest/sync_query.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace hubtrail::rest {
namespace {

using protocol::QueryErrc;
using protocol::QueryError;
using transport::HttpRequest;

// The sentences below say these numbers.
static_assert(kPageEventsMax == 5000 && kWaitMaxS == 60);

std::optional<std::int64_t> read_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || text.front() == '-' || error != std::errc{} ||
        end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// RFC 7240 4.3: the seconds of the first well-formed `wait`.
std::optional<std::int64_t> find_preferred_wait(const HttpRequest& request) {
    const auto trim = [](std::string_view text) {
        const auto from = text.find_first_not_of(" \t");
        return from == std::string_view::npos
                   ? std::string_view{}
                   : text.substr(from, text.find_last_not_of(" \t") - from + 1);
    };
    for (const auto& [name, value] : request.headers) {
        if (name != "prefer") {
            continue;
        }
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            const auto preference = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            const auto word = trim(preference.substr(0, preference.find(';')));
            const auto equals = word.find('=');
            if (equals == std::string_view::npos || trim(word.substr(0, equals)) != "wait") {
                continue;
            }
            if (const auto seconds = read_integer(trim(word.substr(equals + 1)))) {
                return std::min(*seconds, kWaitMaxS);
            }
        }
    }
    return std::nullopt;
}

/// Reads one parameter after the other and remembers the first refusal.
/// Thread: any. One per request.
class QueryReader {
public:
    explicit QueryReader(const HttpRequest& request) : request_(request) {}

    Result<SyncQuery, QueryError> read() {
        auto log = protocol::parse_log_query(request_.query);
        if (!log) {
            return Failure{log.error()};
        }
        query_.log = std::move(*log);
        query_.limit = static_cast<std::size_t>(read_number(
            "limit", 1, kPageEventsMax, kPageEventsDefault, "an integer from 1 to 5000"));
        read_wait();
        if (refusal_) {
            return Failure{*refusal_};
        }
        return std::move(query_);
    }

private:
    void require(bool good, std::string_view name, std::string_view expected) {
        if (!good && !refusal_) {
            refusal_ = QueryError{QueryErrc::bad_value, name, expected};
        }
    }

    // A parameter that may come once; nothing when it is absent.
    std::optional<std::string_view> find_single(std::string_view name) {
        const auto values = request_.query_values(name);
        if (values.empty()) {
            return std::nullopt;
        }
        require(values.size() == 1, name, "a single value");
        return values.front();
    }

    std::int64_t read_number(std::string_view name, std::int64_t min, std::int64_t max,
                             std::int64_t absent, std::string_view expected) {
        const auto text = find_single(name);
        if (!text) {
            return absent;
        }
        const auto number = read_integer(*text);
        const bool good = number && *number >= min && *number <= max;
        require(good, name, expected);
        return good ? *number : absent;
    }

    void read_wait() {
        const auto preferred = find_preferred_wait(request_);
        query_.wait_preferred = preferred && !request_.query_value("wait");
        query_.wait_s = read_number("wait", 0, kWaitMaxS, preferred.value_or(0),
                                    "an integer of seconds from 0 to 60");
    }

    const HttpRequest& request_;
    SyncQuery query_;
    std::optional<QueryError> refusal_;
};

}  // namespace

Result<SyncQuery, protocol::QueryError> parse_sync_query(const HttpRequest& request) {
    return QueryReader(request).read();
}

}  // namespace hubtrail::rest
