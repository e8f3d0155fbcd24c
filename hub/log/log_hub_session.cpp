#include "hub/log/log_hub_session.h"

#include <array>
#include <utility>

#include "auth/visibility.h"
#include "edge/errors.h"
#include "edge/log_head.h"
#include "hub/log/subscribe_options.h"
#include "protocol/json_bridge.h"

namespace hubtrail::hub {
namespace {

// What the store said is in our log; it is not for peers.
std::string describe_end(const SubscriptionEnd& end) {
    if (const auto* loss = std::get_if<SubscriptionLoss>(&end)) {
        return "The log can no longer be followed from here (" + loss->reason +
               "); restart with since=earliest.";
    }
    switch (std::get<storage::StoreError>(end).code) {
        case storage::StoreErrc::corrupt:
            return "the log is damaged and cannot be read; its operator has to look at it.";
        case storage::StoreErrc::refused:
            return "the log cannot answer a question of this size; ask for less.";
        case storage::StoreErrc::unavailable:
        case storage::StoreErrc::failed:
            break;
    }
    return "the log cannot be read for this subscription; trying again will not help.";
}

}  // namespace

LogHubSession::LogHubSession(const LogHubConfig& config, const LogHubContext& context,
                             Admission admission, std::optional<storage::StartPosition> start)
    : config_(config),
      context_(context),
      admission_(std::move(admission)),
      start_(start),
      alive_(std::make_shared<int>(0)) {}

const HubMethod* LogHubSession::find_method(std::string_view lower_name) const {
    static constexpr std::array<HubMethod, 2> kMethods = {{
        {"subscribe", MethodKind::stream, 0, 1,
         [](HubSession& session, const HubMethod&, const HubCall& call) {
             static_cast<LogHubSession&>(session).subscribe(call);
         }},
        {"getcursor", MethodKind::async, 0, 0,
         [](HubSession& session, const HubMethod&, const HubCall& call) {
             static_cast<LogHubSession&>(session).get_cursor(call);
         }},
    }};
    if (config_.subscribe) {
        for (const auto& method : kMethods) {
            if (method.name == lower_name) {
                return &method;
            }
        }
    }
    return nullptr;
}

void LogHubSession::on_connected(HubConnection& connection) {
    connection_ = &connection;
    if (!start_) {
        return;
    }
    pushed_ = make_subscription(admission_.filter, *start_,
                                shape(LogShape::Kind::message, config_.method),
                                [this](const SubscriptionEnd& end) {
                                    // A passive client can only be told by the end of the
                                    // connection.
                                    connection_->close(describe_end(end), false);
                                });
    start_.reset();
    pushed_->start();
}

bool LogHubSession::on_cancel(std::string_view stream_id) {
    const auto found = streams_.find(stream_id);
    if (found != streams_.end()) {
        found->second->stop();
        streams_.erase(found);
    }
    const auto opening = opening_.find(stream_id);
    if (opening != opening_.end()) {
        opening_.erase(opening);
    }
    return false;
}

LogShape LogHubSession::shape(LogShape::Kind kind, std::string name) const {
    return {kind, std::move(name), &connection_->protocol(), connection_->transport().framing()};
}

// What is followed was fixed when the connection began: only a token of the same user with the same
// rights may take the place of the first one.
transport::UserOutcome LogHubSession::on_user(const transport::LaterRequest& later) {
    const auto& old = *admission_.principal;
    const auto& next = later.user;
    if (!config_.endpoint.enable_authentication_refresh) {
        return HubSession::on_user(later);
    }
    if (next == nullptr || next->tenant != old.tenant || next->subject != old.subject ||
        next->scopes != old.scopes || next->sites != old.sites) {
        return transport::UserOutcome::refused;
    }
    if (later.kind == transport::LaterRequest::Kind::refresh || next->expires_us > old.expires_us) {
        admission_.principal = next;
    }
    return transport::UserOutcome::accepted;
}

void LogHubSession::on_tick(std::int64_t) {
    if (config_.endpoint.close_on_authentication_expiration &&
        context_.clock.wall_us() >= admission_.principal->expires_us) {
        connection_->close({}, true);
    }
}

void LogHubSession::on_congested() {
    for_each([](LogSubscription& subscription) { subscription.on_congested(); });
}

void LogHubSession::on_drained() {
    for_each([](LogSubscription& subscription) { subscription.on_drained(); });
}

void LogHubSession::on_disconnected(std::string_view) {
    for_each([](LogSubscription& subscription) { subscription.stop(); });
    pushed_.reset();
    streams_.clear();
    alive_.reset();
}

template <typename Action>
void LogHubSession::for_each(Action&& action) {
    if (pushed_) {
        action(*pushed_);
    }
    // The action may end a stream.
    std::vector<std::shared_ptr<LogSubscription>> all;
    for (const auto& [id, subscription] : streams_) {
        all.push_back(subscription);
    }
    for (const auto& subscription : all) {
        action(*subscription);
    }
}

void LogHubSession::subscribe(const HubCall& call) {
    const std::string id(call.id());
    const auto& arguments = call.message.arguments;
    // What JSON cannot say is not an object either.
    const auto json = arguments.empty() ? Result<std::string, std::string>(std::string())
                                        : protocol::to_json(connection_->protocol(), arguments[0]);
    const auto asked = parse_subscribe_options(json ? std::string_view(*json) : "[]");
    if (!asked) {
        connection_->fail_stream(id, asked.error());
        return;
    }
    const auto query = protocol::narrow(admission_.query, *asked);
    if (!query) {
        connection_->fail_stream(id, describe_refusal(query.error()));
        return;
    }
    auto filter = auth::make_visibility(*admission_.principal, *query);
    if (!filter) {
        connection_->fail_stream(id, "Subscribe: no role on site '" + filter.error() + "'.");
        return;
    }
    const auto lookup = ++lookups_;
    opening_[id] = lookup;
    context_.tails.resolve(admission_.principal->tenant,
                           query->start.value_or(protocol::LogStart{}),
                           [this, alive = std::weak_ptr<int>(alive_), id, lookup,
                            filter = std::move(*filter)](auto start) {
                               if (alive.expired()) {
                                   return;
                               }
                               const auto opening = opening_.find(id);
                               if (opening != opening_.end() && opening->second == lookup) {
                                   opening_.erase(opening);
                                   open_stream(id, filter, start);
                               }
                           });
}

void LogHubSession::open_stream(
    const std::string& id, const protocol::EventFilter& filter,
    const Result<storage::StartPosition, storage::PositionError>& start) {
    if (!start) {
        refuse_stream(id, start.error());
        return;
    }
    auto subscription =
        make_subscription(filter, *start, shape(LogShape::Kind::batch, id),
                          [this, id](const SubscriptionEnd& end) { end_stream(id, end); });
    streams_[id] = subscription;
    subscription->start();
}

std::shared_ptr<LogSubscription> LogHubSession::make_subscription(
    const protocol::EventFilter& filter, const storage::StartPosition& start, LogShape shape,
    std::function<void(const SubscriptionEnd&)> on_end) {
    follow::Following following;
    following.tenant = admission_.principal->tenant;
    following.filter = filter;
    following.after_pos = start.after_pos;
    following.epoch = start.head.epoch;
    return std::make_shared<LogSubscription>(context_.output, context_.tails,
                                             connection_->transport(), std::move(following),
                                             std::move(shape), std::move(on_end));
}

// The log says it in the stream what is lost; what it cannot do is the stream's error.
void LogHubSession::end_stream(const std::string& id, const SubscriptionEnd& end) {
    streams_.erase(id);
    if (const auto* loss = std::get_if<SubscriptionLoss>(&end)) {
        std::string record;
        append_reset(record, connection_->protocol(), id, loss->reason, loss->oldest_cursor,
                     loss->latest_cursor, loss->lost_at_least);
        connection_->send(record, 1);
        connection_->end_stream(id);
    } else {
        connection_->fail_stream(id, "Subscribe: " + describe_end(end));
    }
}

// What is lost is said in the stream, as an item; what is wrong is an error.
void LogHubSession::refuse_stream(const std::string& id, const storage::PositionError& error) {
    if (!error.is_loss()) {
        std::string text = "Subscribe: ";
        text.append(edge::code_of(error.code)).append(": ").append(edge::text_of(error.code));
        connection_->fail_stream(id, text);
        return;
    }
    const auto& codec = context_.tails.codec();
    const auto& tenant = admission_.principal->tenant;
    std::string record;
    append_reset(record, connection_->protocol(), id,
                 error.code == storage::PositionErrc::expired ? "expired" : "log-reset",
                 codec.encode(tenant, error.oldest), codec.encode(tenant, error.latest),
                 error.lost_at_least);
    connection_->send(record, 1);
    connection_->end_stream(id);
}

void LogHubSession::get_cursor(const HubCall& call) {
    const auto& tenant = admission_.principal->tenant;
    context_.tails.resolve(
        tenant, protocol::LogStart{},
        [this, alive = std::weak_ptr<int>(alive_), id = std::string(call.id())](auto latest) {
            if (alive.expired()) {
                return;
            }
            if (latest) {
                std::string raw;
                const auto writer = connection_->protocol().make_writer(raw);
                protocol::write_json(*writer,
                                     edge::describe_head(context_.tails.codec(),
                                                         admission_.principal->tenant, *latest));
                connection_->complete_result(id, raw);
            } else {
                connection_->complete_error(
                    id, "GetCursor: " + std::string(edge::text_of(latest.error().code)));
            }
            connection_->release_slot();
        });
}

}  // namespace hubtrail::hub
