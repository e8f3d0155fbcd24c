#pragma once

#include <string_view>

#include "auth/jose/token_signer.h"
#include "base/clock.h"
#include "transport/http_message.h"

namespace hubtrail::server {

inline constexpr std::string_view kDemoTenant = "demo";
inline constexpr std::string_view kDemoSite = "demo-site";
inline constexpr std::int64_t kDemoTokenS = 12 * 3600;

/// Hands the demo page a token of the demo tenant (docs/api.md 5). Only mapped in demo mode, on
/// loopback. `signer` and `clock` must outlive it. Thread: strand; one instance may serve every
/// loop.
class DemoSession final : public transport::HttpHandler {
public:
    DemoSession(const auth::TokenSigner& signer, const Clock& clock)
        : signer_(signer), clock_(clock) {}
    void handle(transport::HttpRequest request, transport::HttpReply reply) override;

private:
    const auth::TokenSigner& signer_;
    const Clock& clock_;
};

}  // namespace hubtrail::server
