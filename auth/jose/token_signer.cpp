#include "auth/jose/token_signer.h"

#include <algorithm>

#include "auth/claims.h"
#include "auth/key_rules.h"
#include "auth/token_verifier.h"
#include "base/check.h"
#include "base/utf8.h"
#include "protocol/json.h"

namespace hubtrail::auth {
namespace {

constexpr std::int64_t kUsPerS = 1'000'000;

std::string_view role_text(SiteRole role) {
    switch (role) {
        case SiteRole::admin:
            return "admin";
        case SiteRole::super_user:
            return "super";
        case SiteRole::user:
            return "user";
        case SiteRole::none:
            break;
    }
    return {};
}

Result<void, std::string> check(const TokenClaims& claims) {
    if (claims.issuer.empty() || claims.audience.empty() || claims.subject.empty() ||
        claims.tenant.empty()) {
        return Failure{std::string("issuer, audience, subject and tenant must not be empty")};
    }
    if (claims.ttl_s < 1 || claims.ttl_s > kTtlMaxS) {
        return Failure{"the time to live is " + std::to_string(claims.ttl_s) +
                       " s, it may be 1 to " + std::to_string(kTtlMaxS)};
    }
    for (const auto& [site, role] : claims.sites) {
        if (site.empty() || role_text(role).empty()) {
            return Failure{std::string("a site needs a name and a role: admin, super or user")};
        }
    }
    for (const auto& scope : claims.scopes) {
        if (scope.empty() || scope.find(' ') != std::string::npos) {
            return Failure{std::string("a scope must not be empty or contain a space")};
        }
    }
    return {};
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += out.size() > 1 ? "," : "";
    protocol::append_json_string(out, name);
    out += ':';
    protocol::append_json_string(out, text);
}

std::string to_json(const TokenClaims& claims, std::int64_t now_s) {
    std::string scope;
    for (const auto& word : claims.scopes) {
        scope += (scope.empty() ? "" : " ") + word;
    }
    std::string sites = "{";
    for (const auto& [site, role] : claims.sites) {
        append_member(sites, site, role_text(role));
    }
    sites += '}';
    std::string out = "{";
    append_member(out, "iss", claims.issuer);
    append_member(out, "aud", claims.audience);
    append_member(out, "sub", claims.subject);
    append_member(out, "tenant", claims.tenant);
    append_member(out, "scope", scope);
    out += ",\"sites\":" + sites;
    out += ",\"iat\":" + std::to_string(now_s);
    out += ",\"exp\":" + std::to_string(now_s + claims.ttl_s) + "}";
    return out;
}

// Writing JSON would replace what is not UTF-8, and so name somebody else.
bool is_text(const TokenClaims& claims) {
    return is_utf8(claims.issuer) && is_utf8(claims.audience) && is_utf8(claims.subject) &&
           is_utf8(claims.tenant) &&
           std::all_of(claims.scopes.begin(), claims.scopes.end(),
                       [](const auto& scope) { return is_utf8(scope); }) &&
           std::all_of(claims.sites.begin(), claims.sites.end(),
                       [](const auto& site) { return is_utf8(site.first); });
}

}  // namespace

TokenSigner::TokenSigner(std::string_view secret, const Clock& clock)
    : key_(secret), clock_(clock) {
    HUBTRAIL_CHECK(secret.size() >= kSecretBytesMin, "an HS256 secret shorter than its hash");
}

Result<std::string, std::string> TokenSigner::sign(const TokenClaims& claims) const {
    if (auto fit = check(claims); !fit) {
        return Failure{fit.error()};
    }
    if (!is_text(claims)) {
        return Failure{std::string("the claims are not valid: not UTF-8")};
    }
    const auto payload = to_json(claims, clock_.wall_us() / kUsPerS);
    // What comes from a command line may be anything; a token that our own guard would refuse is
    // worth nothing to its owner.
    const protocol::JsonLimits limits{kTokenBytesMax, kClaimsDepthMax, kClaimsMembersMax};
    if (auto guarded = protocol::check_json(payload, limits); !guarded) {
        return Failure{"the claims are not valid: " + guarded.error().what};
    }
    auto token =
        base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url_encode(payload);
    const auto mac = key_.mac(token);
    token += '.';
    append_base64url(token, mac.data(), mac.size());
    if (token.size() > kTokenBytesMax) {
        return Failure{"the token would have " + std::to_string(token.size()) + " bytes, " +
                       std::to_string(kTokenBytesMax) + " are possible"};
    }
    return token;
}

}  // namespace hubtrail::auth
