#include "hub/code/invocation.h"

#include <algorithm>
#include <utility>

#include "hub/code/code_session.h"
#include "hub/code/failed_call.h"
#include "hub/connection/upload_stream.h"

namespace hubtrail::hub {
namespace {

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kStreaming = "An error occurred on the server while streaming results.";

std::string no_stream(const std::string& target) {
    return "The value returned by the streaming method '" + target +
           "' is not a ChannelReader<> or IAsyncEnumerable<>.";
}

RootTask run_invocation(RootTasks&, std::unique_ptr<Invocation> invocation) {
    std::exception_ptr error;
    bool streaming = false;
    try {
        invocation->make_hub();
        auto value = co_await invocation->call_through_filters(0);
        if (!invocation->is_stream()) {
            invocation->complete(value);
        } else if (value.has_items()) {
            streaming = true;
            co_await value.send_items(*invocation);
        }
        if (invocation->is_stream()) {
            streaming ? invocation->end_stream() : invocation->fail({}, false);
        }
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        invocation->fail(describe(error), streaming);
    }
}

}  // namespace

Invocation::Invocation(CodeSession& session, const MethodEntry& entry, const HubCall& call)
    : hub_loop_(session.hub().loop),
      definition_(session.hub().definition),
      messenger_(session.hub().messenger),
      entry_(entry),
      caller_(session.caller()),
      id_(call.message.invocation_id),
      target_(call.message.target),
      raw_headers_(call.message.headers),
      headers_(call.connection.protocol(), raw_headers_),
      uploads_(call.uploads),
      self_(std::make_shared<Invocation*>(this)),
      has_slot_(entry.row.kind == MethodKind::async && call.uploads.empty()) {
    caller_->busy().running.push_back(this);
}

Invocation::~Invocation() {
    *self_ = nullptr;
    auto& running = caller_->busy().running;
    running.erase(std::find(running.begin(), running.end(), this));
    if (auto* connection = this->connection()) {
        if (is_stream()) {
            connection->end_stream(id_);  // when the coroutine was taken down before its end
        }
        connection->end_uploads(uploads_);
    }
    release_slot();
}

void Invocation::run(std::unique_ptr<Invocation> invocation) {
    auto& tasks = invocation->hub_loop_.tasks();
    run_invocation(tasks, std::move(invocation));
}

void Invocation::refuse(const HubCall& call, const std::string& problem) {
    log_failed_call(hub_loop_.log(),
                    {definition_.name, entry_.name, caller_->connection_id(), problem}, headers_);
    const auto text = CodeSession::binding_error(call);
    if (is_stream()) {
        call.connection.fail_stream(id_, text);
    } else {
        call.connection.complete_error(id_, text);
    }
}

HubConnection* Invocation::connection() const {
    return caller_->connection_;
}

CancellationToken Invocation::token() {
    takes_token_ = true;
    return cancelled_.token();
}

void Invocation::cancel() {
    stopped_ = true;
    if (takes_token_) {
        cancelled_.request();
        return;
    }
    if (!is_stream()) {
        return;
    }
    // It cannot know that nobody listens: it ends where it waits, once nothing of it is on the
    // stack.
    loop().post([self = self_] {
        if (*self != nullptr && (*self)->root_) {
            (*self)->root_.destroy();
        }
    });
}

void Invocation::release_slot() {
    if (std::exchange(has_slot_, false) && connection() != nullptr) {
        connection()->release_slot();
    }
}

void Invocation::make_hub() {
    hub_ = definition_.create();
    hub_loop_.attach(*hub_, messenger_, caller_, headers_);
}

Task<Value> Invocation::call_through_filters(std::size_t index) {
    if (index == definition_.filters.size()) {
        return call_method();
    }
    return definition_.filters[index]->invoke_method(
        *this, [this, index](InvocationContext&) { return call_through_filters(index + 1); });
}

void Invocation::complete(const Value& value) {
    auto* connection = this->connection();
    if (connection == nullptr || id_.empty()) {
        return;
    }
    auto& raw = hub_loop_.buffer();
    raw.clear();
    const auto writer = connection->protocol().make_writer(raw);
    value.write(*writer);
    check_written(*writer);
    connection->complete_result(id_, raw);
}

void Invocation::end_stream() {
    if (auto* connection = this->connection()) {
        connection->end_stream(id_);
    }
}

void Invocation::fail(const ErrorDetail& detail, bool while_streaming) {
    log_failed_call(hub_loop_.log(),
                    {definition_.name, entry_.name, caller_->connection_id(),
                     detail.text.empty() ? "no stream" : std::string_view(detail.text)},
                    headers_);
    auto* connection = this->connection();
    if (connection == nullptr) {
        return;
    }
    if (stopped_ && is_stream()) {
        connection->end_stream(id_);
        return;
    }
    const auto text = detail.text.empty() ? no_stream(target_)
                                          : error_text(while_streaming ? std::string(kStreaming)
                                                                       : invoking(target_),
                                                       detail, definition_.options.detailed_errors);
    if (is_stream()) {
        connection->fail_stream(id_, text);
    } else {
        connection->complete_error(id_, text);
    }
}

bool Invocation::open() const {
    return !stopped_ && connection() != nullptr;
}

ValueWriter& Invocation::begin_item() {
    item_.clear();
    item_writer_ = connection()->protocol().make_writer(item_);
    return *item_writer_;
}

void Invocation::send_item() {
    check_written(*item_writer_);
    connection()->send_item(id_, item_);
}

bool Invocation::must_wait() {
    auto* connection = this->connection();
    const bool crowded = connection != nullptr &&
                         (caller_->congested_ || connection->transport().outbox().must_wait());
    return crowded || !may_continue();
}

std::shared_ptr<Wake> Invocation::wait(std::coroutine_handle<> handle) {
    auto wake = std::make_shared<Wake>(loop());
    wake->wait(handle);
    if (caller_->congested_ && connection() != nullptr) {
        caller_->busy().waiting_for_room.push_back(wake);
    } else {
        Wake::post(wake);
    }
    return wake;
}

}  // namespace hubtrail::hub
