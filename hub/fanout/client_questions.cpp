#include "hub/fanout/client_questions.h"

#include <utility>

namespace hubtrail::hub {

std::string ClientQuestions::next_ticket() {
    const MutexLock lock(mutex_);
    return prefix_ + std::to_string(++last_);
}

bool ClientQuestions::open(const std::string& ticket, Question&& question) {
    const MutexLock lock(mutex_);
    return open_.size() < kHubQuestionsMax && open_.try_emplace(ticket, std::move(question)).second;
}

std::optional<ClientQuestions::Question> ClientQuestions::take(const std::string& ticket) {
    const MutexLock lock(mutex_);
    const auto found = open_.find(ticket);
    if (found == open_.end()) {
        return std::nullopt;
    }
    auto question = std::move(found->second);
    open_.erase(found);
    return question;
}

void ClientQuestions::finish(const std::string& ticket, const InvokeOutcome& outcome,
                             transport::Loop* on) {
    if (const auto question = take(ticket)) {
        answer(question->from, question->done, outcome, on);
    }
}

void ClientQuestions::answer(transport::Loop* from, const HubManager::Asked& done,
                             const InvokeOutcome& outcome, transport::Loop* on) {
    if (from == nullptr || from == on) {
        done(outcome);
    } else {
        from->post([done, outcome] { done(outcome); });
    }
}

bool ClientQuestions::is_open(std::string_view ticket) const {
    const MutexLock lock(mutex_);
    return open_.contains(ticket);
}

std::size_t ClientQuestions::size() const {
    const MutexLock lock(mutex_);
    return open_.size();
}

std::vector<ClientQuestions::RemoteQuestion> ClientQuestions::remote() const {
    std::vector<RemoteQuestion> list;
    const MutexLock lock(mutex_);
    for (const auto& [ticket, question] : open_) {
        if (question.remote) {
            list.push_back({ticket, question.connection_id});
        }
    }
    return list;
}

}  // namespace hubtrail::hub
