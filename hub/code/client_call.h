#pragma once

#include <coroutine>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "hub/code/messenger.h"

namespace hubtrail::hub {

/// One question to one client, whatever its type. Thread: strand, or of whoever calls get().
class ClientQuestionRun {
public:
    ClientQuestionRun(const Messenger& messenger, std::string connection_id,
                      std::shared_ptr<const ClientQuestion> question, CancellationToken stop);
    ~ClientQuestionRun();
    ClientQuestionRun(const ClientQuestionRun&) = delete;
    ClientQuestionRun& operator=(const ClientQuestionRun&) = delete;

    /// Asks. False: the answer is there.
    bool start(CallScope& scope, std::coroutine_handle<> handle);
    void start_and_block();
    /// The reader of the result, or null when there is none; throws what went wrong.
    std::unique_ptr<ValueReader> take();

private:
    enum class End { answered, cancelled };
    struct Answer {
        End end = End::answered;
        InvokeOutcome outcome;
    };
    void ask(transport::Loop* from);

    const Messenger& messenger_;
    const std::string connection_id_;
    std::shared_ptr<const ClientQuestion>
        question_;  ///< owned with the manager, on other loops too
    CancellationToken stop_;
    CancellationRegistration registration_;
    std::shared_ptr<OneShot<Answer>> answer_;  ///< owned with the manager's callback
    std::string ticket_;
};

[[noreturn]] void throw_unreadable_result(const std::type_info& type, const char* problem);

/// Awaitable of a client's result: the client is asked when it is awaited (or get() is called), and
/// forgotten when this dies. Throws IOException when the client is not there or leaves,
/// HubException with the client's own error, when it gave none or another type of result, and when
/// `stop` is requested. Thread: strand, or the thread of get().
template <typename R>
class [[nodiscard]] ClientCall {
public:
    ClientCall(const Messenger& messenger, std::string connection_id,
               std::shared_ptr<const ClientQuestion> question, CancellationToken stop)
        : run_(messenger, std::move(connection_id), std::move(question), std::move(stop)) {}

    bool await_ready() const { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        static_assert(detail::kIsHubPromise<Promise>,
                      "awaited only in a Task or a Stream; elsewhere use get()");
        return run_.start(*handle.promise().scope, handle);
    }
    R await_resume() {
        const auto reader = run_.take();
        if constexpr (!std::is_void_v<R>) {
            R result{};
            if (!reader) {
                throw HubException("Client didn't provide a result.");
            }
            if (!read_value(*reader, result)) {
                throw_unreadable_result(typeid(R), reader->problem());
            }
            return result;
        }
    }
    /// Asks and blocks the calling thread, which must not be a loop's.
    R get() {
        run_.start_and_block();
        return await_resume();
    }

private:
    ClientQuestionRun run_;
};

}  // namespace hubtrail::hub
