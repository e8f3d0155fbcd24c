#include "server/config_check.h"

#include "auth/jose/jose_verifier.h"
#include "server/config_print.h"

namespace hubtrail::server {

Result<std::string, ConfigProblems> check_config(FileSystem& files, const Clock& clock,
                                                 const ConfigSources& sources) {
    auto loaded = load_config(files, sources);
    if (!loaded) {
        return Failure{loaded.error()};
    }
    if (!loaded->config.auth_key_files.empty()) {
        auto policy = load_token_policy(files, loaded->config);
        if (!policy) {
            return Failure{ConfigProblems{"auth.key_files: " + policy.error()}};
        }
        if (auto verifier = auth::make_jose_verifier(std::move(*policy), clock); !verifier) {
            return Failure{ConfigProblems{"auth: " + verifier.error()}};
        }
    }
    return "ok\n\n" + print_effective(*loaded);
}

}  // namespace hubtrail::server
