#include "hub/code/code_session.h"

#include <exception>
#include <utility>

#include "hub/code/exceptions.h"
#include "hub/code/failed_call.h"
#include "hub/code/invocation.h"

namespace hubtrail::hub {
namespace {

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kClosedWithError = "Connection closed with an error.";
constexpr const char* kNoResultsHere =
    "Client results inside OnConnectedAsync Hub methods are not allowed.";

std::string_view name_of(const auth::Principal* user) {
    return user != nullptr ? std::string_view(user->subject) : std::string_view();
}

/// What connecting and disconnecting run in. Thread: strand.
class LifetimeScope : public CallScope {
public:
    LifetimeScope(const CodeHubContext& context, std::shared_ptr<CallerContext> of)
        : hub(context), caller(std::move(of)) {}

    transport::Loop& loop() override { return hub.loop.loop(); }
    WorkerPool& workers() override { return hub.loop.workers(); }
    bool may_continue() override { return hub.loop.may_continue(); }

    void make_object() {
        object = hub.definition.create();
        hub.loop.attach(*object, hub.messenger, caller);
    }
    void log(std::string_view event, const std::string& error) {
        hub.loop.log().error(event, {{"hub", hub.definition.name},
                                     {"connection", caller->connection_id()},
                                     {"error", error}});
    }

    const CodeHubContext& hub;
    const std::shared_ptr<CallerContext> caller;  ///< owned with the session
    std::unique_ptr<Hub> object;
};

}  // namespace

struct CodeSession::Connect final : LifetimeScope {
    using LifetimeScope::LifetimeScope;
    ~Connect() override { caller->end_error_ = nullptr; }
    Connect(const Connect&) = delete;
    Connect& operator=(const Connect&) = delete;
    void before_client_result() override { throw InvalidOperationException(kNoResultsHere); }
    Task<void> run(std::size_t index) {
        const auto& filters = hub.definition.filters;
        return index == filters.size() ? object->on_connected()
                                       : filters[index]->on_connected(
                                             *object, [this, index] { return run(index + 1); });
    }

    /// Makes the connection known; says why other nodes cannot reach it.
    Task<std::string> join() {
        auto added = std::make_shared<OneShot<std::string>>();
        hub.messenger.manager().add(
            *caller->connection_, caller->user_identifier(),
            [added](std::string_view error) { added->set(std::string(error)); });
        std::string unreachable;
        try {
            co_await Operation(added);
        } catch (const IOException& exception) {
            unreachable = exception.what();
        }
        co_return unreachable;
    }

    std::string end_error;  ///< why the connection ended meanwhile
};

struct CodeSession::Disconnect final : LifetimeScope {
    using LifetimeScope::LifetimeScope;
    Task<void> run(std::size_t index) {
        const auto& filters = hub.definition.filters;
        return index == filters.size()
                   ? object->on_disconnected(error)
                   : filters[index]->on_disconnected(*object, error,
                                                     [this, index] { return run(index + 1); });
    }

    std::optional<std::string> error;
};

void CallerContext::abort() {
    if (connection_ != nullptr) {
        connection_->close({}, false);
    }
}

const HubMethod* CodeSession::find_method(std::string_view lower_name) const {
    const auto* method = hub_.definition.find(lower_name);
    return method == nullptr ? nullptr : &method->row;
}

bool CodeSession::authorize(const HubMethod& method, const HubCall& call) {
    const auto& entry = *static_cast<const MethodEntry*>(method.context);
    if (!entry.policy) {
        return true;
    }
    try {
        return hub_.definition.allows(
            *entry.policy, AuthorizationContext(caller_->user().get(), caller_->request(), &call));
    } catch (...) {
        hub_.loop.log().error("hub_policy_failed",
                              {{"hub", hub_.definition.name},
                               {"method", entry.name},
                               {"connection", caller_->connection_id()},
                               {"error", describe(std::current_exception()).text}});
        return false;
    }
}

// As in the reference a further request changes the user only before the connection begins, but it
// is its token whose end counts.
transport::UserOutcome CodeSession::on_user(const transport::LaterRequest& later) {
    if (hub_.endpoint.enable_authentication_refresh) {
        try {
            return refresh(later);
        } catch (...) {
            hub_.loop.log().error("hub_refresh_failed",
                                  {{"hub", hub_.definition.name},
                                   {"connection", caller_->connection_id()},
                                   {"error", describe(std::current_exception()).text}});
            return transport::UserOutcome::refused;
        }
    }
    if (name_of(later.user.get()) != name_of(caller_->user().get())) {
        hub_.loop.log().info("hub_user_name_changed", {{"hub", hub_.definition.name},
                                                       {"connection", caller_->connection_id()},
                                                       {"from", name_of(caller_->user().get())},
                                                       {"to", name_of(later.user.get())}});
    }
    newest_user_ = later.user;
    if (caller_->phase_ == CallerContext::Phase::before) {
        caller_->user_ = later.user;
    }
    return transport::UserOutcome::accepted;
}

transport::UserOutcome CodeSession::refresh(const transport::LaterRequest& later) {
    const auto& user = caller_->user();
    if (!is_same_user(later.user.get())) {
        return transport::UserOutcome::refused;
    }
    // A request that was on its way with the old token while the new one was taken does not bring
    // the old one back.
    const bool asked = later.kind == transport::LaterRequest::Kind::refresh;
    const bool news =
        user != nullptr && later.user != user &&
        (asked || later.user->expires_us > user->expires_us ||
         (later.user->expires_us == user->expires_us && later.user->claims != user->claims));
    if (!news) {
        return transport::UserOutcome::accepted;
    }
    const auto& allow = hub_.endpoint.on_authentication_refresh;
    if (allow && !allow({later.request, caller_->connection_id(), *user, *later.user})) {
        return transport::UserOutcome::refused;
    }
    caller_->user_ = newest_user_ = later.user;
    return transport::UserOutcome::accepted;
}

// Nobody becomes somebody, and nobody else: groups, items and what runs belong to whoever
// connected.
bool CodeSession::is_same_user(const auth::Principal* next) const {
    const auto* const user = caller_->user().get();
    if (user == nullptr || next == nullptr) {
        return user == next;
    }
    if (!caller_->user_identifier().empty()) {
        return hub_.definition.user_id(next, caller_->request()) == caller_->user_identifier();
    }
    return next->tenant == user->tenant && next->subject == user->subject &&
           (!user->subject.empty() || next->claims == user->claims);
}

void CodeSession::on_connected(HubConnection& connection) {
    caller_->connection_ = &connection;
    caller_->transport_ = connection.transport().transport();
    caller_->phase_ = CallerContext::Phase::connecting;
    auto connect = std::make_unique<Connect>(hub_, caller_);
    caller_->end_error_ = &connect->end_error;
    run_connect(hub_.loop.tasks(), std::move(connect));
    if (caller_->phase_ == CallerContext::Phase::connecting) {
        connection.hold();
    }
}

RootTask CodeSession::run_connect(RootTasks&, std::unique_ptr<Connect> connect) {
    auto& caller = *connect->caller;
    std::exception_ptr failure;
    try {
        auto user = connect->hub.definition.user_id(caller.user().get(), caller.request());
        if (!user.empty()) {
            caller.user_identifier_ = std::make_unique<const std::string>(std::move(user));
        }
        const auto unreachable = co_await connect->join();
        if (!unreachable.empty()) {
            connect->log("hub_connection_not_on_backplane", unreachable);
        }
        connect->make_object();
        co_await connect->run(0);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        const auto detail = describe(failure);
        connect->log("hub_connect_failed", detail.text);
        caller.phase_ = CallerContext::Phase::refused;
        if (caller.connection_ != nullptr) {
            const bool detailed = connect->hub.definition.options.detailed_errors;
            caller.connection_->close(error_text(kClosedWithError, detail, detailed), false);
        }
        co_return;
    }
    caller.phase_ = CallerContext::Phase::connected;
    if (caller.connection_ != nullptr) {
        caller.connection_->unhold();
    } else {
        start_disconnect(connect->hub, connect->caller, std::move(connect->end_error));
    }
}

void CodeSession::on_disconnected(std::string_view error) {
    auto& connection = *std::exchange(caller_->connection_, nullptr);
    hub_.messenger.manager().remove(connection);
    caller_->congested_ = false;
    wake_all();
    caller_->aborted_.request();
    if (caller_->busy_) {
        for (auto* invocation : std::vector<Invocation*>(caller_->busy_->running)) {
            invocation->cancel();
        }
    }
    if (caller_->phase_ == CallerContext::Phase::connected) {
        start_disconnect(hub_, caller_, std::string(error));
    } else if (caller_->end_error_ != nullptr) {
        *caller_->end_error_ = error;
    }
}

void CodeSession::start_disconnect(const CodeHubContext& hub, std::shared_ptr<CallerContext> caller,
                                   std::string error) {
    auto disconnect = std::make_unique<Disconnect>(hub, std::move(caller));
    if (!error.empty()) {
        disconnect->error = std::move(error);
    }
    run_disconnect(hub.loop.tasks(), std::move(disconnect));
}

RootTask CodeSession::run_disconnect(RootTasks&, std::unique_ptr<Disconnect> disconnect) {
    std::exception_ptr failure;
    try {
        disconnect->make_object();
        co_await disconnect->run(0);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        disconnect->log("hub_disconnect_failed", describe(failure).text);
    }
}

bool CodeSession::on_cancel(std::string_view id) {
    if (!caller_->busy_) {
        return false;
    }
    for (auto* invocation : caller_->busy_->running) {
        if (invocation->id() == id) {
            invocation->cancel();
            return true;
        }
    }
    return false;
}

bool CodeSession::on_foreign_result(std::string_view id) {
    return hub_.messenger.manager().is_waiting(id);
}

void CodeSession::on_tick(std::int64_t) {
    caller_->rest();
    const bool ends = newest_user_ != nullptr && newest_user_->expires_us > 0;
    if (hub_.endpoint.close_on_authentication_expiration && ends &&
        hub_.loop.clock().wall_us() >= newest_user_->expires_us) {
        caller_->connection_->close({}, true);
    }
}

void CodeSession::on_congested() {
    caller_->congested_ = true;
    hub_.messenger.manager().on_congested(*caller_->connection_);
}

void CodeSession::on_drained() {
    caller_->congested_ = false;
    wake_all();
    hub_.messenger.manager().on_drained(*caller_->connection_);
}

void CodeSession::wake_all() {
    if (caller_->busy_) {
        for (auto& wake : std::exchange(caller_->busy_->waiting_for_room, {})) {
            Wake::post(std::move(wake));
        }
    }
}

std::string CodeSession::binding_error(const HubCall& call) {
    return call.connection.error_text(
        "Failed to invoke '" + call.message.target + "' due to an error on the server.",
        "InvalidDataException: Error binding arguments. Make sure that the types of the provided "
        "values match the types of the hub method being invoked.");
}

void CodeSession::refuse_plain(const MethodEntry& entry, const HubCall& call,
                               const std::string& problem) {
    log_failed_call(hub_.loop.log(),
                    {hub_.definition.name, entry.name, caller_->connection_id(), problem},
                    InvocationHeaders(call.connection.protocol(), call.message.headers));
    call.connection.complete_error(call.id(), binding_error(call));
}

void CodeSession::call_plain(const MethodEntry& entry, const HubCall& call,
                             const PlainCall& method) {
    auto& connection = call.connection;
    const InvocationHeaders headers(connection.protocol(), call.message.headers);
    try {
        const auto object = hub_.definition.create();
        hub_.loop.attach(*object, hub_.messenger, caller_, headers);
        auto& raw = hub_.loop.buffer();
        raw.clear();
        const auto writer = connection.protocol().make_writer(raw);
        method(*object, *writer);
        check_written(*writer);
        connection.complete_result(call.id(), raw);
    } catch (...) {
        const auto detail = describe(std::current_exception());
        log_failed_call(hub_.loop.log(),
                        {hub_.definition.name, entry.name, caller_->connection_id(), detail.text},
                        headers);
        const bool detailed = hub_.definition.options.detailed_errors;
        connection.complete_error(call.id(),
                                  error_text(invoking(call.message.target), detail, detailed));
    }
}

}  // namespace hubtrail::hub
