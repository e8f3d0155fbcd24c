#include "hub/bench_hub.h"

#include <array>
#include <charconv>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "protocol/json.h"
#include "protocol/json_hub_protocol.h"
#include "transport/authenticate.h"

namespace hubtrail::hub {
namespace {

// While a member has a backlog the next round of a burst waits this long.
constexpr std::int64_t kBacklogPauseNs = 200'000;

bool parse_count(std::string_view raw, std::int64_t most, std::int64_t& value) {
    const auto parsed = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    return parsed.ec == std::errc{} && parsed.ptr == raw.data() + raw.size() && value >= 0 &&
           value <= most;
}

// `SEQUENCE:` padded with x, as the client checks it.
void append_message(std::string& out, std::int64_t sequence, std::size_t bytes) {
    std::string argument = std::to_string(sequence) + ":";
    argument.resize(std::max(argument.size(), bytes), 'x');
    protocol::append_json_invocation(out, "m", "\"" + argument + "\"");
}

class BenchSession;

/// What the connections of the bench hub of one loop share. Thread: strand.
class BenchHub final : public transport::HubEndpoint {
public:
    BenchHub(transport::OutputScheduler& scheduler, auth::TokenVerifier& verifier, Log& log,
             const HubOptions& options, HubScratch& scratch)
        : all(scheduler), loop(scheduler.loop()), verifier_(verifier), log_(log), options_(options), scratch_(scratch) {}

    std::optional<transport::HttpResponse> check(const transport::HttpRequest& request) override {
        if (request.token.empty()) {
            return std::nullopt;
        }
        auto result = transport::authenticate(request, verifier_, log_, {});
        if (auto* refusal = std::get_if<transport::HttpResponse>(&result)) {
            return std::move(*refusal);
        }
        return std::nullopt;
    }

    void open(transport::HttpRequest request, std::string connection_id,
              std::function<void(transport::OpenResult)> done) override;

    transport::SharedStream all;
    transport::Loop& loop;
    std::unordered_map<std::string, HubConnection*> users;

private:
    auth::TokenVerifier& verifier_;
    Log& log_;
    const HubOptions& options_;
    HubScratch& scratch_;
};

/// One connection of the bench hub. Thread: strand.
class BenchSession final : public HubSession {
public:
    BenchSession(BenchHub& hub, std::string user) : hub_(hub), user_(std::move(user)) {}

    const HubMethod* find_method(std::string_view lower_name) const override {
        static constexpr std::array<HubMethod, 3> kMethods = {{
            {"echo", MethodKind::plain, 1, 1,
             [](HubSession&, const HubCall& call) {
                 call.connection.complete_result(call.id(), call.message.arguments[0]);
             }},
            {"burst", MethodKind::async, 3, 3,
             [](HubSession& session, const HubCall& call) {
                 static_cast<BenchSession&>(session).burst(call);
             }},
            {"touser", MethodKind::async, 2, 2,
             [](HubSession& session, const HubCall& call) {
                 static_cast<BenchSession&>(session).to_user(call);
             }},
        }};
        for (const auto& method : kMethods) {
            if (method.name == lower_name) {
                return &method;
            }
        }
        return nullptr;
    }

    void on_connected(HubConnection& connection) override {
        connection_ = &connection;
        connection.transport().outbox().join(hub_.all);
        if (!user_.empty()) {
            hub_.users[user_] = &connection;
        }
    }

    void on_cancel(std::string_view) override {}
    void on_tick(std::int64_t) override {}

    // Nothing can be replayed here, so who stops reading for long is cut off.
    void on_congested() override {
        if (connection_->transport().outbox().unsent() > transport::kUnsentHardMax) {
            connection_->transport().abort(transport::CloseReason::stalled);
        }
    }
    void on_drained() override {}

    void on_disconnected() override {
        connection_->transport().outbox().leave(hub_.all);
        const auto found = hub_.users.find(user_);
        if (found != hub_.users.end() && found->second == connection_) {
            hub_.users.erase(found);
        }
        alive_.reset();
    }

private:
    struct Run {
        std::string id;
        std::string user;
        std::int64_t rounds = 0;
        std::int64_t per_turn = 1;
        std::int64_t bytes = 0;
        std::int64_t sequence = 0;
    };

    void burst(const HubCall& call) {
        const auto& arguments = call.message.arguments;
        Run run;
        run.id = call.id();
        if (!parse_count(arguments[0], kBurstRoundsMax, run.rounds) ||
            !parse_count(arguments[1], kBurstPerTurnMax, run.per_turn) ||
            !parse_count(arguments[2], kBurstBytesMax, run.bytes)) {
            connection_->fail_async(run.id, "Burst(rounds up to 1000000, per_turn up to 1000, bytes up to 16384)");
            return;
        }
        next_round(std::move(run));
    }

    void to_user(const HubCall& call) {
        const auto& arguments = call.message.arguments;
        Run run;
        run.id = call.id();
        const auto user = protocol::JsonValue::parse(arguments[0], {});
        if (!user || !user->is_string() || !parse_count(arguments[1], kBurstRoundsMax, run.rounds)) {
            connection_->fail_async(run.id, "ToUser(user, rounds up to 1000000)");
            return;
        }
        run.user = user->string();
        next_round(std::move(run));
    }

    // One round a turn: each is flushed before the next begins.
    void next_round(Run run) {
        if (run.rounds == 0) {
            connection_->finish_async(run.id, "null");
            return;
        }
        const auto then = [this, alive = std::weak_ptr<int>(alive_)](Run next) {
            return [this, alive, next = std::move(next)]() mutable {
                if (!alive.expired()) {
                    next_round(std::move(next));
                }
            };
        };
        if (hub_.all.backlogged()) {
            hub_.loop.call_after(kBacklogPauseNs, then(std::move(run)));
            return;
        }
        --run.rounds;
        record_.clear();
        if (run.user.empty()) {
            for (std::int64_t i = 0; i < run.per_turn; ++i) {
                record_.clear();
                append_message(record_, run.sequence++, static_cast<std::size_t>(run.bytes));
                append_framed(hub_.all, transport::Framing::websocket_text, record_);
            }
        } else {
            const auto found = hub_.users.find(run.user);
            if (found != hub_.users.end()) {
                append_message(record_, run.sequence++, 0);
                found->second->transport().send(record_);
            }
        }
        hub_.loop.post(then(std::move(run)));
    }

    BenchHub& hub_;
    std::string user_;
    HubConnection* connection_ = nullptr;
    std::string record_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

void BenchHub::open(transport::HttpRequest request, std::string connection_id,
                    std::function<void(transport::OpenResult)> done) {
    if (auto refusal = check(request)) {
        done(std::move(*refusal));
        return;
    }
    auto session = std::make_unique<BenchSession>(
        *this, std::string(request.query_value("user").value_or("")));
    done(std::make_unique<HubConnection>(std::move(connection_id), std::move(session), options_,
                                         scratch_));
}

}  // namespace

std::unique_ptr<transport::HubEndpoint> make_bench_hub(transport::OutputScheduler& scheduler,
                                                       auth::TokenVerifier& verifier, Log& log,
                                                       const HubOptions& options,
                                                       HubScratch& scratch) {
    return std::make_unique<BenchHub>(scheduler, verifier, log, options, scratch);
}

}  // namespace hubtrail::hub
