#include "rest/authenticate.h"

#include <utility>
#include <variant>

#include "transport/authenticate.h"

namespace hubtrail::rest {

Result<std::shared_ptr<const auth::Principal>, transport::HttpResponse> authenticate(
    const ApiContext& context, const transport::HttpRequest& request, Access access) {
    auto result =
        access == Access::append
            ? transport::authenticate(request, context.verifier, context.log, {"events.write"})
            : transport::authenticate(request, context.verifier, context.log,
                                      {"events.read", "user_api.full_access"});
    if (auto* refusal = std::get_if<transport::HttpResponse>(&result)) {
        return Failure{std::move(*refusal)};
    }
    return std::get<std::shared_ptr<const auth::Principal>>(std::move(result));
}

}  // namespace hubtrail::rest
