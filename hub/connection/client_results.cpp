#include "hub/connection/client_results.h"

#include <utility>

namespace hubtrail::hub {

void ClientResults::wait(std::string id, ClientResultDone done) {
    if (!waiting_) {
        waiting_ = std::make_unique<Waiting>();
    }
    waiting_->insert_or_assign(std::move(id), std::move(done));
}

void ClientResults::cancel(std::string_view id) {
    if (!waiting_) {
        return;
    }
    if (const auto found = waiting_->find(id); found != waiting_->end()) {
        waiting_->erase(found);
    }
}

bool ClientResults::take(const protocol::HubMessage& completion) {
    if (!waiting_) {
        return false;
    }
    const auto asked = waiting_->extract(completion.invocation_id);
    if (!asked) {
        return false;
    }
    if (waiting_->empty()) {
        waiting_.reset();
    }
    ClientResult result;
    result.kind = completion.has_error ? ClientResult::Kind::error : ClientResult::Kind::result;
    result.value = completion.has_error ? std::string_view(completion.error) : completion.value;
    result.empty = !completion.has_error && completion.value.empty();
    asked.mapped()(result);
    return true;
}

void ClientResults::abandon() {
    const auto waiting = std::exchange(waiting_, nullptr);
    if (!waiting) {
        return;
    }
    ClientResult gone;
    gone.kind = ClientResult::Kind::disconnected;
    for (const auto& [id, done] : *waiting) {
        done(gone);
    }
}

void ClientResults::refuse(transport::Loop& loop, bool full, ClientResultDone done) {
    loop.post([done = std::move(done), full] {
        ClientResult result;
        result.kind = full ? ClientResult::Kind::error : ClientResult::Kind::disconnected;
        result.value = full ? "Too many invocations wait for this client." : "";
        done(result);
    });
}

}  // namespace hubtrail::hub
