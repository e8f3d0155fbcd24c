#include "rest/sync_query.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "rest/answers.h"

namespace hubtrail::rest {
namespace {

using transport::HttpRequest;
using transport::HttpResponse;

// The sentences below say these numbers.
static_assert(kPageEventsMax == 5000 && kWaitMaxS == 60 && kSiteCharsMax == 128);
static_assert(kStreamCharsMax == 64 && kTypeCharsMax == 128);
static_assert(kFilterSitesMax == 100 && kFilterStreamsMax == 100 && kFilterTypesMax == 100);

std::optional<std::int64_t> read_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || text.front() == '-' || error != std::errc{} ||
        end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

/// The characters of strict UTF-8 without control characters; nothing when it is anything else.
std::optional<std::size_t> count_printable(std::string_view text) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++characters) {
        const auto lead = static_cast<unsigned char>(text[i++]);
        if (lead < 0x20U || lead == 0x7FU) {
            return std::nullopt;
        }
        const std::size_t more = lead < 0x80U ? 0 : lead < 0xE0U ? 1 : lead < 0xF0U ? 2 : 3;
        if ((lead >= 0x80U && lead < 0xC2U) || lead > 0xF4U || text.size() - i < more) {
            return std::nullopt;
        }
        for (std::size_t k = 0; k < more; ++k) {
            const auto next = static_cast<unsigned char>(text[i++]);
            // The first byte after some leads is narrower: overlong forms, surrogates, beyond
            // U+10FFFF.
            const unsigned low = k > 0           ? 0x80U
                                 : lead == 0xE0U ? 0xA0U
                                 : lead == 0xF0U ? 0x90U
                                                 : 0x80U;
            const unsigned high = k > 0           ? 0xBFU
                                  : lead == 0xEDU ? 0x9FU
                                  : lead == 0xF4U ? 0x8FU
                                                  : 0xBFU;
            if (next < low || next > high) {
                return std::nullopt;
            }
        }
    }
    return characters;
}

bool is_site(std::string_view text) {
    const auto characters = count_printable(text);
    return characters && *characters >= 1 && *characters <= kSiteCharsMax;
}

bool is_name(std::string_view text, std::size_t characters_max) {
    return !text.empty() && text.size() <= characters_max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
                      c == '-';
           });
}

bool is_type_pattern(std::string_view text) {
    if (text == "*") {
        return true;
    }
    if (!text.empty() && text.back() == '*') {
        text.remove_suffix(1);
    }
    return is_name(text, kTypeCharsMax);
}

void add_once(std::vector<std::string>& list, std::string_view value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) {
        list.emplace_back(value);
    }
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

    Result<SyncQuery, HttpResponse> read() {
        read_start();
        query_.limit = static_cast<std::size_t>(read_number(
            "limit", 1, kPageEventsMax, kPageEventsDefault, "an integer from 1 to 5000"));
        read_wait();
        for (const auto* const name : {"share_id", "site_id"}) {
            for (const auto site : request_.query_values(name)) {
                require(is_site(site), name, "1 to 128 characters without control characters");
                add_once(query_.sites, site);
            }
        }
        require(query_.sites.size() <= kFilterSitesMax, "site_id", "at most 100 sites");
        for (const auto stream : request_.query_values("stream")) {
            require(is_name(stream, kStreamCharsMax), "stream",
                    "1 to 64 characters of a-z 0-9 _ . -");
            add_once(query_.streams, stream);
        }
        require(query_.streams.size() <= kFilterStreamsMax, "stream", "at most 100 streams");
        read_types();
        if (refusal_) {
            return Failure{std::move(*refusal_)};
        }
        return std::move(query_);
    }

private:
    void require(bool good, std::string_view name, std::string_view expected) {
        if (!good && !refusal_) {
            refusal_ = make_bad_parameter(name, expected);
        }
    }

    // A parameter that may come once; nothing when it is absent.
    std::optional<std::string_view> find_single(std::string_view name) {
        const auto values = request_.query_values(name);
        if (values.empty()) {
            return std::nullopt;
        }
        require(values.size() == 1, name, "to be given once");
        return values.front();
    }

    // An empty cursor is refused: to take it for none would skip everything up to the head.
    void read_start() {
        const auto cursor = find_single("cursor");
        const auto since = find_single("since");
        require(!cursor || !cursor->empty(), "cursor", "the cursor of an earlier answer");
        require(!since || !since->empty(), "since", "earliest, latest or an RFC 3339 time");
        require(!cursor || !since, "cursor", "to come without since");
        query_.cursor = cursor.value_or("");
        query_.since = since.value_or("");
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

    void read_types() {
        for (auto list : request_.query_values("types")) {
            for (bool more = true; more;) {
                const auto comma = list.find(',');
                const auto type = list.substr(0, comma);
                more = comma != std::string_view::npos;
                list.remove_prefix(more ? comma + 1 : list.size());
                require(
                    is_type_pattern(type), "types",
                    "a comma list of types of 1 to 128 characters of a-z 0-9 _ . -, each with an "
                    "optional * at its end");
                add_once(query_.types, type);
            }
        }
        require(query_.types.size() <= kFilterTypesMax, "types", "at most 100 types");
    }

    const HttpRequest& request_;
    SyncQuery query_;
    std::optional<HttpResponse> refusal_;
};

}  // namespace

Result<SyncQuery, HttpResponse> parse_sync_query(const HttpRequest& request) {
    return QueryReader(request).read();
}

}  // namespace hubtrail::rest
