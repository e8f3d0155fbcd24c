#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "hub/fanout/hub_manager.h"

namespace hubtrail::hub {

inline constexpr std::size_t kHubQuestionsMax =
    100'000;  ///< client results that one hub of a node waits for at once
inline constexpr std::string_view kTooManyQuestions = "Too many client results are waited for.";

/// Which client results are waited for, by ticket (HubProtocol.md "Client results"). Thread: any;
/// guarded by mutex_, under which nothing is called.
class ClientQuestions {
public:
    struct Question {
        std::string connection_id;
        transport::Loop* from = nullptr;
        HubManager::Asked done;
        bool remote = false;  ///< the connection is on another node
    };

    /// Tickets are `s`, the prefix and a number: `s` keeps them apart from the ids of a client's
    /// streams.
    explicit ClientQuestions(std::string ticket_prefix) : prefix_("s" + std::move(ticket_prefix)) {}

    std::string next_ticket();
    /// False: too many are open, or the ticket is known already.
    bool open(const std::string& ticket, Question&& question);
    /// Closes the ticket and answers; one that is not open is ignored. `on`: the loop of the
    /// calling thread, or null.
    void finish(const std::string& ticket, const InvokeOutcome& outcome, transport::Loop* on);
    /// Closes the ticket without an answer; nothing if it is not open.
    std::optional<Question> take(const std::string& ticket);
    bool is_open(std::string_view ticket) const;
    std::size_t size() const;

    struct RemoteQuestion {
        std::string ticket;
        std::string connection_id;
    };
    std::vector<RemoteQuestion> remote() const;

    /// Answers on `from` if there is one. `on`: the loop of the calling thread, or null.
    static void answer(transport::Loop* from, const HubManager::Asked& done,
                       const InvokeOutcome& outcome, transport::Loop* on);

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    const std::string prefix_;
    mutable Mutex mutex_;
    std::uint64_t last_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    std::unordered_map<std::string, Question, Hash, std::equal_to<>> open_
        HUBTRAIL_GUARDED_BY(mutex_);
};

}  // namespace hubtrail::hub
