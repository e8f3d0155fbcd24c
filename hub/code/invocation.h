#pragma once

#include <coroutine>
#include <memory>
#include <string>
#include <vector>

#include "hub/code/call_scope.h"
#include "hub/code/filter.h"
#include "hub/code/hub_definition.h"
#include "hub/code/hub_loop.h"
#include "hub/code/value.h"

namespace hubtrail::hub {

/// One call of a hub method that may take its time: who called, what it holds of the connection,
/// and how it is answered. Lives in the coroutine that runs it and may outlive the connection; then
/// its answers go nowhere. A base with data: all but the method's types is compiled once.
/// Thread: strand.
class Invocation : public CallScope, public InvocationContext, public StreamSink {
public:
    Invocation(CodeSession& session, const MethodEntry& entry, const HubCall& call);
    ~Invocation() override;
    Invocation(const Invocation&) = delete;
    Invocation& operator=(const Invocation&) = delete;

    /// Starts it; from here on it owns itself.
    static void run(std::unique_ptr<Invocation> invocation);

    /// Answers that an argument could not be read, and logs why; then it is to be destroyed.
    void refuse(const HubCall& call, const std::string& problem);

    const std::string& id() const { return id_; }
    CancellationToken token();
    /// The client cancels it, or its connection is gone.
    void cancel();

    // Of InvocationContext.
    CallerContext& context() override { return *caller_; }
    Hub& hub() override { return *hub_; }
    const std::string& method() const override { return entry_.name; }
    std::optional<std::string> header(std::string_view name) const override {
        return headers_.find(name);
    }

    // Of CallScope.
    transport::Loop& loop() override { return hub_loop_.loop(); }
    WorkerPool& workers() override { return hub_loop_.workers(); }
    bool may_continue() override { return hub_loop_.may_continue(); }
    void before_client_result() override { release_slot(); }

    // Of StreamSink.
    bool open() const override;
    ValueWriter& begin_item() override;
    void send_item() override;
    bool must_wait() override;
    std::shared_ptr<Wake> wait(std::coroutine_handle<> handle) override;

    // For the coroutine that runs it.
    void set_root(std::coroutine_handle<> root) { root_ = root; }
    bool is_stream() const { return entry_.row.kind == MethodKind::stream; }
    void make_hub();
    Task<Value> call_through_filters(std::size_t index);
    void complete(const Value& value);
    void end_stream();
    void fail(const ErrorDetail& detail, bool while_streaming);

protected:
    virtual Task<Value> call_method() = 0;

private:
    HubConnection* connection() const;
    void release_slot();

    HubLoop& hub_loop_;
    const HubDefinition& definition_;
    const Messenger& messenger_;
    const MethodEntry& entry_;
    const std::shared_ptr<CallerContext>
        caller_;  ///< owned with the session and other objects of the connection
    const std::string id_;
    const std::string target_;  ///< the method as the client named it
    const std::string raw_headers_;
    const InvocationHeaders headers_;                           ///< of raw_headers_
    const std::vector<std::shared_ptr<UploadStream>> uploads_;  ///< owned with the connection
    std::unique_ptr<Hub> hub_;
    std::unique_ptr<ValueWriter> item_writer_;
    std::string item_;
    CancellationSource cancelled_;
    std::coroutine_handle<> root_;
    const std::shared_ptr<Invocation*>
        self_;  ///< owned with tasks that look whether it still lives
    bool has_slot_;
    bool takes_token_ = false;
    bool stopped_ = false;
};

}  // namespace hubtrail::hub
