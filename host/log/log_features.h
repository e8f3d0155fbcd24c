#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/feature.h"
#include "host/log/log_feature.h"
#include "hub/log/log_hub.h"
#include "storage/log_service.h"

namespace hubtrail::host {

/// Append and read by REST (docs/api.md 2). Needs a verifier. Thread: main. `log` must outlive it.
class RestFeature final : public Feature {
public:
    explicit RestFeature(LogFeature& log) : log_(log) {}
    std::unique_ptr<LoopFeature> on_loop(const LoopScope& scope) override;

private:
    LogFeature& log_;
};

/// A hub that is a tail of the log (docs/api.md 3). Needs a verifier. Thread: main. `log` must
/// outlive it.
class LogHubFeature final : public Feature {
public:
    /// `owner`: who asks for the path, for the operator.
    LogHubFeature(LogFeature& log, hub::LogHubConfig config, std::string owner)
        : log_(log), config_(std::move(config)), owner_(std::move(owner)) {}
    std::unique_ptr<LoopFeature> on_loop(const LoopScope& scope) override;

private:
    LogFeature& log_;
    const hub::LogHubConfig config_;
    const std::string owner_;
};

/// `/livez` and `/readyz`. Thread: main. `service` and `draining` must outlive it.
class HealthFeature final : public Feature {
public:
    HealthFeature(const storage::LogService& service, const std::atomic<bool>& draining)
        : service_(service), draining_(draining) {}
    std::unique_ptr<LoopFeature> on_loop(const LoopScope& scope) override;

private:
    const storage::LogService& service_;
    const std::atomic<bool>& draining_;
};

}  // namespace hubtrail::host
