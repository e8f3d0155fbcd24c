#pragma once

#include <atomic>
#include <string_view>

#include "storage/log_service.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr std::string_view kLivePath = "/livez";
inline constexpr std::string_view kReadyPath = "/readyz";

/// Serves kLivePath (200 as long as the loop turns) and kReadyPath (503 while the store cannot be
/// written or `draining` is set). No token. `service` and `draining` must outlive the handler.
/// Thread: strand. `draining` may be set by any thread.
class HealthHandler final : public transport::HttpHandler {
public:
    HealthHandler(const storage::LogService& service, const std::atomic<bool>& draining)
        : service_(service), draining_(draining) {}

    void handle(transport::HttpRequest request, transport::HttpReply reply) override;

private:
    transport::HttpResponse answer(const transport::HttpRequest& request) const;

    const storage::LogService& service_;
    const std::atomic<bool>& draining_;
};

}  // namespace hubtrail::rest
