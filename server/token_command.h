#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/random.h"
#include "base/result.h"

namespace hubtrail::server {

struct TokenOptions {
    std::string data_dir = "data";  ///< of the server that is to believe the token
    std::string tenant;
    std::string subject;
    std::vector<std::string> scopes;  ///< none: default_token_scopes()
    std::map<std::string, auth::SiteRole> sites;
    std::int64_t ttl_s = 3600;
};

struct SignedToken {
    std::string token;
    std::vector<std::string> notes;  ///< for standard error
};

/// What a token may do when nothing was asked for: read and append over REST and every hub.
std::vector<std::string> default_token_scopes();

/// Signs with the key of the data directory, which is made when the directory is there and has
/// none. The error is a sentence for the operator. Thread: main.
Result<SignedToken, std::string> make_token(const TokenOptions& options, FileSystem& files,
                                            Random& random, const Clock& clock);

/// `hubtrail token`: the token alone on standard output, notes on standard error. Answers the exit
/// code. Thread: main.
int run_token(const TokenOptions& options);

}  // namespace hubtrail::server
