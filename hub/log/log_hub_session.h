#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "auth/principal.h"
#include "hub/connection/hub_connection.h"
#include "hub/connection/hub_session.h"
#include "hub/log/log_hub.h"
#include "hub/log/log_subscription.h"
#include "protocol/event_filter.h"
#include "protocol/log_query.h"
#include "storage/position.h"

namespace hubtrail::hub {

/// Who is connected to a log hub, and what the URL asks for.
struct Admission {
    std::shared_ptr<const auth::Principal> principal;  ///< owned with the verifier's cache
    protocol::LogQuery query;                          ///< of hub and URL: what no Subscribe leaves
    protocol::EventFilter filter;                      ///< of the pushed subscription
    bool push = false;
};

/// One connection of a log hub: at most one pushed subscription from the URL, and Subscribe
/// streams. Thread: strand. `config` and `context` must outlive it.
class LogHubSession final : public HubSession {
public:
    LogHubSession(const LogHubConfig& config, const LogHubContext& context, Admission admission,
                  std::optional<storage::StartPosition> start);

    const HubMethod* find_method(std::string_view lower_name) const override;
    void on_connected(HubConnection& connection) override;
    bool on_cancel(std::string_view stream_id) override;
    transport::UserOutcome on_user(const transport::LaterRequest& later) override;
    void on_tick(std::int64_t now_ns) override;
    void on_congested() override;
    void on_drained() override;
    void on_disconnected(std::string_view error) override;

private:
    template <typename Action>
    void for_each(Action&& action);
    void subscribe(const HubCall& call);
    std::shared_ptr<LogSubscription> make_subscription(
        const protocol::EventFilter& filter, const storage::StartPosition& start, LogShape shape,
        std::function<void(const SubscriptionEnd&)> on_end);
    void end_stream(const std::string& id, const SubscriptionEnd& end);
    LogShape shape(LogShape::Kind kind, std::string name) const;
    void open_stream(const std::string& id, const protocol::EventFilter& filter,
                     const Result<storage::StartPosition, storage::PositionError>& start);
    void refuse_stream(const std::string& id, const storage::PositionError& error);
    void get_cursor(const HubCall& call);

    const LogHubConfig& config_;
    const LogHubContext& context_;
    Admission admission_;
    std::optional<storage::StartPosition> start_;
    HubConnection* connection_ = nullptr;
    // Owned with the loop's queue while they have something to do there.
    std::shared_ptr<LogSubscription> pushed_;
    /// Likewise.
    std::map<std::string, std::shared_ptr<LogSubscription>, std::less<>> streams_;
    std::map<std::string, std::uint64_t, std::less<>>
        opening_;                 ///< streams whose start is being looked up
    std::uint64_t lookups_ = 0;   ///< tells a stream from an earlier one with its id
    std::shared_ptr<int> alive_;  ///< gone when we are: for answers that come late
};

}  // namespace hubtrail::hub
