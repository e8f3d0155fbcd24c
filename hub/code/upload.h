#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>

#include "hub/code/convert.h"
#include "hub/code/exceptions.h"
#include "hub/code/task.h"
#include "hub/connection/upload_stream.h"
#include "protocol/hub_protocol.h"

namespace hubtrail::hub {

/// Takes raw items, whatever their type. Thread: strand.
class UploadWait {
public:
    explicit UploadWait(std::shared_ptr<UploadStream> stream) : stream_(std::move(stream)) {}
    ~UploadWait();
    UploadWait(const UploadWait&) = delete;
    UploadWait& operator=(const UploadWait&) = delete;

    bool ready();
    void suspend(CallScope& scope, std::coroutine_handle<> handle);
    /// The raw item, or null at the end. Throws HubException with the client's error, and
    /// OperationCanceledException when the client is gone.
    const std::string* take();
    [[noreturn]] void throw_unreadable(const std::type_info& type, const char* problem,
                                       bool binary) const;

private:
    std::shared_ptr<UploadStream> stream_;  ///< owned with the connection
    std::shared_ptr<Wake> wake_;            ///< owned with the stream
    std::string raw_;
    UploadStream::Next step_ = UploadStream::Next::wait;
};

/// Items that the client streams to a hub method: a parameter of the method. While the method does
/// not ask for them the client is held up after HubOptions::stream_buffer_capacity items.
/// Thread: strand.
template <typename T>
class Upload {
public:
    Upload() = default;
    Upload(std::shared_ptr<UploadStream> stream, const protocol::HubProtocol& protocol)
        : stream_(std::move(stream)), protocol_(&protocol) {}

    /// Awaitable of the next item, or of nothing when the client has completed it. Throws
    /// HubException when the client failed it or sent something else than a T, and
    /// OperationCanceledException when the client is gone.
    auto next() { return Next{UploadWait(stream_), protocol_}; }

private:
    struct Next {
        UploadWait wait;
        const protocol::HubProtocol* protocol;

        bool await_ready() { return wait.ready(); }
        template <typename Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) {
            static_assert(detail::kIsHubPromise<Promise>,
                          "an Upload is read only in a Task or a Stream");
            wait.suspend(*handle.promise().scope, handle);
        }
        std::optional<T> await_resume() {
            const auto* raw = wait.take();
            if (raw == nullptr) {
                return std::nullopt;
            }
            std::optional<T> item(std::in_place);
            const auto reader = protocol->make_reader(*raw);
            if (!read_value(*reader, *item)) {
                wait.throw_unreadable(typeid(T), reader->problem(), protocol->binary());
            }
            return item;
        }
    };

    std::shared_ptr<UploadStream> stream_;  ///< owned with the connection
    const protocol::HubProtocol* protocol_ = nullptr;
};

}  // namespace hubtrail::hub
