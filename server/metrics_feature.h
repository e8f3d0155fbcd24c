#pragma once

#include "host/feature.h"
#include "host/host.h"

namespace hubtrail::server {

/// `/metrics` of the host's first site, for whoever can reach the admin listener. Thread: main.
/// `host` must outlive it.
class MetricsFeature final : public host::Feature {
public:
    explicit MetricsFeature(const host::Host& host) : host_(host) {}
    std::unique_ptr<host::LoopFeature> on_loop(const host::LoopScope& scope) override;

private:
    const host::Host& host_;
};

}  // namespace hubtrail::server
