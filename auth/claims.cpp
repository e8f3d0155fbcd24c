#include "auth/claims.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "protocol/json.h"

namespace hubtrail::auth {
namespace {

using protocol::JsonValue;

constexpr std::int64_t kUsPerS = 1'000'000;

Failure<TokenError> refuse(TokenErrc code, std::string detail) {
    return Failure{TokenError{code, std::move(detail)}};
}

Failure<TokenError> wrong_type(const std::string& name, const char* expected) {
    return refuse(TokenErrc::claim_missing, "claim '" + name + "' is not " + expected);
}

Result<std::string, TokenError> required_text(const JsonValue& claims, const std::string& name) {
    const auto value = claims.find(name);
    if (!value) {
        return refuse(TokenErrc::claim_missing, "claim '" + name + "' is absent");
    }
    if (!value->is_string() || value->string().empty()) {
        return wrong_type(name, "a non-empty string");
    }
    return value->string();
}

/// Empty when absent.
Result<std::string, TokenError> optional_text(const JsonValue& claims, const std::string& name) {
    const auto value = claims.find(name);
    if (!value) {
        return std::string();
    }
    if (!value->is_string()) {
        return wrong_type(name, "a string");
    }
    return value->string();
}

/// A NumericDate (RFC 7519 2) in microseconds; nothing when absent.
Result<std::optional<std::int64_t>, TokenError> optional_time(const JsonValue& claims,
                                                              const std::string& name,
                                                              std::int64_t now_us) {
    const auto value = claims.find(name);
    if (!value) {
        return std::optional<std::int64_t>();
    }
    if (value->kind() != JsonValue::Kind::integer && value->kind() != JsonValue::Kind::number) {
        return wrong_type(name, "a number");
    }
    const double seconds = value->number();
    const double distance = seconds - static_cast<double>(now_us) / kUsPerS;
    // Written so that a NaN fails too.
    if (!(std::abs(distance) <= static_cast<double>(kTimeDistanceMaxS))) {
        return refuse(TokenErrc::lifetime, "claim '" + name + "' is over 100 years away");
    }
    return std::optional<std::int64_t>(std::llround(seconds * kUsPerS));
}

Result<std::int64_t, TokenError> required_time(const JsonValue& claims, const std::string& name,
                                               std::int64_t now_us) {
    auto time = optional_time(claims, name, now_us);
    if (!time) {
        return Failure{time.error()};
    }
    if (!time->has_value()) {
        return refuse(TokenErrc::claim_missing, "claim '" + name + "' is absent");
    }
    return **time;
}

Result<void, TokenError> check_issuer(const JsonValue& claims, const TokenPolicy& policy) {
    auto issuer = required_text(claims, "iss");
    if (!issuer) {
        return Failure{issuer.error()};
    }
    if (*issuer != policy.issuer) {
        return refuse(TokenErrc::issuer, "iss is not ours");
    }
    return {};
}

Result<void, TokenError> check_audience(const JsonValue& claims, const TokenPolicy& policy) {
    const auto is_ours = [&policy](const std::string& name) {
        return std::find(policy.audiences.begin(), policy.audiences.end(), name) !=
               policy.audiences.end();
    };
    const auto value = claims.find("aud");
    if (!value) {
        return refuse(TokenErrc::claim_missing, "claim 'aud' is absent");
    }
    bool named = false;
    if (value->is_string()) {
        named = is_ours(value->string());
    } else if (value->is_array()) {
        for (std::size_t i = 0; i < value->size(); ++i) {
            const auto element = value->at(i);
            if (!element.is_string()) {
                return wrong_type("aud", "an array of strings");
            }
            named = named || is_ours(element.string());
        }
    } else {
        return wrong_type("aud", "a string or an array");
    }
    if (!named) {
        return refuse(TokenErrc::audience, "aud does not name us");
    }
    return {};
}

/// Returns exp in microseconds.
Result<std::int64_t, TokenError> check_times(const JsonValue& claims, const TokenPolicy& policy,
                                             std::int64_t now_us) {
    const auto leeway_us = policy.leeway_s * kUsPerS;
    auto expires = required_time(claims, "exp", now_us);
    if (!expires) {
        return expires;
    }
    if (now_us >= *expires + leeway_us) {
        return refuse(TokenErrc::expired, "exp has passed");
    }
    auto not_before = optional_time(claims, "nbf", now_us);
    if (!not_before) {
        return Failure{not_before.error()};
    }
    if (not_before->value_or(now_us) > now_us + leeway_us) {
        return refuse(TokenErrc::not_yet_valid, "nbf lies ahead");
    }
    auto issued = required_time(claims, "iat", now_us);
    if (!issued) {
        return issued;
    }
    if (*issued > now_us + leeway_us) {
        return refuse(TokenErrc::not_yet_valid, "iat lies ahead");
    }
    if (*expires <= *issued) {
        return refuse(TokenErrc::lifetime, "exp is not after iat");
    }
    if (*expires - *issued > policy.lifetime_max_s * kUsPerS) {
        return refuse(TokenErrc::lifetime, "valid for longer than the issuer may allow");
    }
    return expires;
}

void add_words(const std::string& text, std::set<std::string, std::less<>>& out) {
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = std::min(text.find(' ', begin), text.size());
        if (end > begin) {
            out.insert(text.substr(begin, end - begin));
        }
        begin = end + 1;
    }
}

// `scope` is the registered claim (RFC 8693 4.2); `scp` is what some issuers write instead. Never
// both, or a token could mean more than either.
Result<void, TokenError> read_scopes(const JsonValue& claims, Principal& out) {
    if (const auto scope = claims.find("scope")) {
        if (!scope->is_string()) {
            return wrong_type("scope", "a string");
        }
        add_words(scope->string(), out.scopes);
        return {};
    }
    const auto scopes = claims.find("scp");
    if (!scopes) {
        return {};
    }
    if (scopes->is_string()) {
        add_words(scopes->string(), out.scopes);
        return {};
    }
    if (!scopes->is_array()) {
        return wrong_type("scp", "an array of strings");
    }
    for (std::size_t i = 0; i < scopes->size(); ++i) {
        const auto element = scopes->at(i);
        if (!element.is_string()) {
            return wrong_type("scp", "an array of strings");
        }
        add_words(element.string(), out.scopes);
    }
    return {};
}

SiteRole role_of(const std::string& text) {
    if (text == "admin") {
        return SiteRole::admin;
    }
    if (text == "super") {
        return SiteRole::super_user;
    }
    return text == "user" ? SiteRole::user : SiteRole::none;
}

Result<void, TokenError> read_sites(const JsonValue& claims, const std::string& name,
                                    Principal& out) {
    const auto sites = claims.find(name);
    if (!sites) {
        return {};
    }
    if (!sites->is_object()) {
        return wrong_type(name, "an object of site to role");
    }
    for (const auto& [site, role] : sites->members()) {
        const auto known = role.is_string() ? role_of(role.string()) : SiteRole::none;
        if (site.empty() || known == SiteRole::none) {
            return refuse(TokenErrc::claim_missing,
                          "claim '" + name + "' gives a site a role other than admin, super, user");
        }
        out.sites.emplace(site, known);
    }
    return {};
}

// Only the outermost actor counts (RFC 8693 4.1): what stands inside it is history.
Result<void, TokenError> read_clients(const JsonValue& claims, Principal& out) {
    auto client = optional_text(claims, claims.find("client_id") ? "client_id" : "azp");
    if (!client) {
        return Failure{client.error()};
    }
    out.client_id = std::move(*client);
    const auto actor = claims.find("act");
    if (!actor) {
        return {};
    }
    if (!actor->is_object()) {
        return wrong_type("act", "an object");
    }
    auto account = optional_text(*actor, "client_id");
    if (!account) {
        return Failure{account.error()};
    }
    out.service_account = std::move(*account);
    return {};
}

Result<void, TokenError> read_rights(const JsonValue& claims, const TokenPolicy& policy,
                                     Principal& out) {
    if (auto scopes = read_scopes(claims, out); !scopes) {
        return scopes;
    }
    if (auto sites = read_sites(claims, policy.sites_claim, out); !sites) {
        return sites;
    }
    return read_clients(claims, out);
}

void keep_claim(const std::string& name, const JsonValue& value, Principal& out) {
    if (value.is_string()) {
        out.claims.emplace(name, value.string());
    } else if (!value.is_object() && !value.is_array() && !value.is_null()) {
        out.claims.emplace(name, value.dump());
    }
}

void keep_claims(const JsonValue& claims, Principal& out) {
    for (const auto& [name, value] : claims.members()) {
        if (!value.is_array()) {
            keep_claim(name, value, out);
            continue;
        }
        for (std::size_t i = 0; i < value.size(); ++i) {
            keep_claim(name, value.at(i), out);
        }
    }
}

}  // namespace

Result<std::shared_ptr<const Principal>, TokenError> check_claims(std::string_view payload,
                                                                  const TokenPolicy& policy,
                                                                  std::int64_t now_us) {
    const protocol::JsonLimits limits{kTokenBytesMax, kClaimsDepthMax, kClaimsMembersMax};
    auto parsed = JsonValue::parse(payload, limits);
    if (!parsed) {
        return refuse(TokenErrc::malformed, "claims: " + parsed.error().what);
    }
    const auto& claims = *parsed;
    if (!claims.is_object()) {
        return refuse(TokenErrc::malformed, "claims are not an object");
    }
    if (auto issuer = check_issuer(claims, policy); !issuer) {
        return Failure{issuer.error()};
    }
    if (auto audience = check_audience(claims, policy); !audience) {
        return Failure{audience.error()};
    }
    auto expires = check_times(claims, policy, now_us);
    if (!expires) {
        return Failure{expires.error()};
    }
    auto subject = required_text(claims, "sub");
    if (!subject) {
        return Failure{subject.error()};
    }
    auto tenant = policy.tenant_claim.empty() ? Result<std::string, TokenError>(std::string())
                                              : required_text(claims, policy.tenant_claim);
    if (!tenant) {
        return Failure{tenant.error()};
    }
    auto principal = std::make_shared<Principal>();
    principal->subject = std::move(*subject);
    principal->tenant = std::move(*tenant);
    principal->expires_us = *expires;
    if (auto rights = read_rights(claims, policy, *principal); !rights) {
        return Failure{rights.error()};
    }
    keep_claims(claims, *principal);
    return std::shared_ptr<const Principal>(std::move(principal));
}

}  // namespace hubtrail::auth
