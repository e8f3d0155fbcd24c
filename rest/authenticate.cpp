#include "rest/authenticate.h"

#include <string>
#include <vector>

#include "auth/authenticate.h"
#include "edge/errors.h"

namespace hubtrail::rest {

Result<std::shared_ptr<const auth::Principal>, transport::HttpResponse> authenticate(
    const ApiContext& context, const transport::HttpRequest& request, Access access) {
    static const std::vector<std::string> kAppend{"events.write"};
    static const std::vector<std::string> kRead{"events.read", "user_api.full_access"};
    auto principal = auth::authenticate(request.token, context.verifier, context.log,
                                        access == Access::append ? kAppend : kRead);
    if (!principal) {
        return Failure{edge::make_problem(principal.error())};
    }
    return std::move(*principal);
}

}  // namespace hubtrail::rest
