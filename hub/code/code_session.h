#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hub/code/hub_definition.h"
#include "hub/code/hub_loop.h"
#include "hub/code/messenger.h"
#include "hub/connection/hub_connection.h"
#include "transport/endpoint_options.h"

namespace hubtrail::hub {

/// A code hub on one loop, as its sessions need it. Thread: strand; all references outlive the
/// sessions.
struct CodeHubContext {
    const HubDefinition& definition;
    const Messenger& messenger;
    HubLoop& loop;
    const transport::EndpointOptions& endpoint;
};

/// A code hub's side of one connection: finds methods, binds and starts calls, runs connect and
/// disconnect. Thread: strand.
class CodeSession final : public HubSession {
public:
    CodeSession(const CodeHubContext& hub, std::shared_ptr<CallerContext> caller)
        : hub_(hub), caller_(std::move(caller)), newest_user_(caller_->user()) {}

    const HubMethod* find_method(std::string_view lower_name) const override;
    bool authorize(const HubMethod& method, const HubCall& call) override;
    void on_connected(HubConnection& connection) override;
    bool on_cancel(std::string_view id) override;
    bool on_foreign_result(std::string_view id) override;
    transport::UserOutcome on_user(const transport::LaterRequest& later) override;
    void on_tick(std::int64_t now_ns) override;
    void on_congested() override;
    void on_drained() override;
    void on_disconnected(std::string_view error) override;

    // For methods.
    const CodeHubContext& hub() const { return hub_; }
    const std::shared_ptr<CallerContext>& caller() const { return caller_; }
    /// What a call is told of whose arguments one could not be read.
    static std::string binding_error(const HubCall& call);
    /// Answers a method of that kind whose arguments could not be read, and logs why.
    void refuse_plain(const MethodEntry& entry, const HubCall& call, const std::string& problem);
    /// Calls a method that answers at once. `method` writes what it returned.
    using PlainCall = std::function<void(Hub&, ValueWriter&)>;
    void call_plain(const MethodEntry& entry, const HubCall& call, const PlainCall& method);

private:
    struct Connect;
    struct Disconnect;
    static RootTask run_connect(RootTasks& tasks, std::unique_ptr<Connect> connect);
    static RootTask run_disconnect(RootTasks& tasks, std::unique_ptr<Disconnect> disconnect);
    static void start_disconnect(const CodeHubContext& hub, std::shared_ptr<CallerContext> caller,
                                 std::string error);

    void wake_all();
    bool is_same_user(const auth::Principal* next) const;
    transport::UserOutcome refresh(const transport::LaterRequest& later);

    const CodeHubContext& hub_;
    const std::shared_ptr<CallerContext>
        caller_;  ///< owned with everything that runs for the connection
    std::shared_ptr<const auth::Principal>
        newest_user_;  ///< of the last request, whose token's end counts; owned with the token
                       ///< cache
};

}  // namespace hubtrail::hub
