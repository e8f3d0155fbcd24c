#include "server/token_command.h"

#include <cstdio>

#include "auth/jose/token_signer.h"
#include "auth/key_file.h"
#include "server/config.h"

namespace hubtrail::server {

std::vector<std::string> default_token_scopes() {
    return {"events.read", "events.write", "user_api.full_access"};
}

Result<SignedToken, std::string> make_token(const TokenOptions& options, FileSystem& files,
                                            Random& random, const Clock& clock) {
    SignedToken made;
    const auto path = token_key_path(options.data_dir);
    const auto existing = files.read(path, auth::kTokenKeyFileBytesMax);
    const auto key = auth::load_or_create_token_key(files, random, path);
    if (!key) {
        return Failure{key.error() +
                       (existing && !*existing
                            ? "; is --data the directory of the server, and has it been "
                              "started once?"
                            : "")};
    }
    if (existing && !*existing) {
        made.notes.push_back(
            "made the key " + path +
            ": a server must be started on this directory for the token to be of use");
    }
    auth::TokenClaims claims;
    claims.issuer = kEmbeddedIssuer;
    claims.audience = kEmbeddedIssuer;
    claims.subject = options.subject;
    claims.tenant = options.tenant;
    claims.scopes = options.scopes.empty() ? default_token_scopes() : options.scopes;
    claims.sites = options.sites;
    claims.ttl_s = options.ttl_s;
    auto token = auth::TokenSigner(*key, clock).sign(claims);
    if (!token) {
        return Failure{token.error()};
    }
    if (options.sites.empty()) {
        made.notes.emplace_back(
            "the token sees no site, so no events; give --site SITE=user or --site '*=admin'");
    }
    made.token = std::move(*token);
    return made;
}

int run_token(const TokenOptions& options) {
    PosixFileSystem files;
    SystemRandom random;
    const SystemClock clock;
    const auto made = make_token(options, files, random, clock);
    if (!made) {
        std::fprintf(stderr, "hubtrail token: %s\n", made.error().c_str());
        return 1;
    }
    for (const auto& note : made->notes) {
        std::fprintf(stderr, "hubtrail token: note: %s\n", note.c_str());
    }
    std::printf("%s\n", made->token.c_str());
    return 0;
}

}  // namespace hubtrail::server
