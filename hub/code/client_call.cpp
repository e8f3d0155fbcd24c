#include "hub/code/client_call.h"

#include <typeinfo>

namespace hubtrail::hub {

ClientQuestionRun::ClientQuestionRun(const Messenger& messenger, std::string connection_id,
                                     std::shared_ptr<const ClientQuestion> question,
                                     CancellationToken stop)
    : messenger_(messenger),
      connection_id_(std::move(connection_id)),
      question_(std::move(question)),
      stop_(std::move(stop)),
      answer_(std::make_shared<OneShot<Answer>>()) {}

ClientQuestionRun::~ClientQuestionRun() {
    answer_->forget();
    if (!ticket_.empty() && !answer_->ready()) {
        messenger_.manager().cancel(ticket_);
    }
}

void ClientQuestionRun::ask(transport::Loop* from) {
    if (stop_.requested()) {
        answer_->set({End::cancelled, {}});
        return;
    }
    ticket_ = messenger_.manager().invoke(from, connection_id_, question_,
                                          [answer = answer_](const InvokeOutcome& outcome) {
                                              answer->set({End::answered, outcome});
                                          });
}

bool ClientQuestionRun::start(CallScope& scope, std::coroutine_handle<> handle) {
    scope.before_client_result();
    ask(&scope.loop());
    registration_ = stop_.on_request([this] {
        messenger_.manager().cancel(ticket_);
        answer_->set({End::cancelled, {}});
    });
    return answer_->wait(scope, handle);
}

void ClientQuestionRun::start_and_block() {
    ask(nullptr);
    answer_->wait_blocking();
}

std::unique_ptr<ValueReader> ClientQuestionRun::take() {
    const auto& answer = answer_->value();
    if (answer.end == End::cancelled) {
        throw HubException("Invocation canceled by the server.");
    }
    const auto& outcome = answer.outcome;
    switch (outcome.kind) {
        case InvokeOutcome::Kind::no_such_connection:
            throw IOException("Connection '" + connection_id_ + "' does not exist.");
        case InvokeOutcome::Kind::disconnected:
            throw IOException("Connection '" + connection_id_ + "' disconnected.");
        case InvokeOutcome::Kind::unreachable:
            throw IOException(outcome.value);
        case InvokeOutcome::Kind::error:
            throw HubException(outcome.value);
        case InvokeOutcome::Kind::result:
            break;
    }
    // The reader looks into the outcome, which lives as long as this.
    return outcome.empty ? nullptr : messenger_.make_reader(outcome.encoding, outcome.value);
}

void throw_unreadable_result(const std::type_info& type, const char* problem) {
    throw HubException("Error trying to deserialize result to " + reference_type_name(type) + ". " +
                       (problem != nullptr ? problem : ""));
}

}  // namespace hubtrail::hub
