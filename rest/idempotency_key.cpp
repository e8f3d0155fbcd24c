#include "rest/idempotency_key.h"

#include <optional>
#include <string_view>

#include "edge/errors.h"

namespace hubtrail::rest {
namespace {

bool is_visible(char c) {
    return c > ' ' && c <= '~';
}

// RFC 8941 3.3.3, without the space.
std::optional<std::string> read_quoted(std::string_view text) {
    if (text.size() < 2 || text.back() != '"') {
        return std::nullopt;
    }
    const auto inside = text.substr(1, text.size() - 2);
    std::string key;
    for (std::size_t i = 0; i < inside.size(); ++i) {
        char c = inside[i];
        if (c == '\\') {
            if (++i == inside.size() || (inside[i] != '"' && inside[i] != '\\')) {
                return std::nullopt;
            }
            c = inside[i];
        } else if (c == '"' || !is_visible(c)) {
            return std::nullopt;
        }
        key.push_back(c);
    }
    return key;
}

std::optional<std::string> read_bare(std::string_view text) {
    for (const char c : text) {
        if (!is_visible(c) || c == '"' || c == '\\') {
            return std::nullopt;
        }
    }
    return std::string(text);
}

}  // namespace

Result<std::string, transport::HttpResponse> read_idempotency_key(
    const transport::HttpRequest& request) {
    std::optional<std::string_view> text;
    bool twice = false;
    for (const auto& [name, value] : request.headers) {
        if (name == "idempotency-key") {
            twice = text.has_value();
            text = value;
        }
    }
    if (!text) {
        return std::string();
    }
    auto key = !text->empty() && text->front() == '"' ? read_quoted(*text) : read_bare(*text);
    if (twice || !key || key->empty() || key->size() > kIdempotencyKeyCharsMax) {
        return Failure{edge::make_problem(protocol::QueryError{
            protocol::QueryErrc::bad_value, "Idempotency-Key",
            "once, 1 to 255 visible ASCII characters, bare or in double quotes"})};
    }
    return std::move(*key);
}

}  // namespace hubtrail::rest
