#pragma once

#include <memory>
#include <string>

#include "auth/jose/token_signer.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "host/feature.h"
#include "server/demo_session.h"
#include "server/page_handler.h"

namespace hubtrail::server {

/// The demo page and its token (docs/api.md 5), for loopback. Both handlers serve every loop, they
/// do not change. Thread: main. `clock` must outlive it.
class DemoFeature final : public host::Feature {
public:
    DemoFeature(FileSystem& files, const std::string& page_dir, const std::string& secret,
                const Clock& clock)
        : signer_(secret, clock), page_(files, page_dir), session_(signer_, clock) {}
    std::unique_ptr<host::LoopFeature> on_loop(const host::LoopScope& scope) override;

private:
    auth::TokenSigner signer_;
    PageHandler page_;
    DemoSession session_;
};

}  // namespace hubtrail::server
