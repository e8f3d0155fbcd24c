#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>

#include "hub/code/hub.h"
#include "hub/code/value.h"

namespace hubtrail::hub {

/// A call of a hub method on its way through the filters. Thread: strand.
class InvocationContext {
public:
    virtual ~InvocationContext() = default;

    virtual CallerContext& context() = 0;
    virtual Hub& hub() = 0;
    /// As it was added to the hub.
    virtual const std::string& method() const = 0;
    /// A header that the client gave to this call, such as `traceparent` (hub/code/trace_parent.h).
    /// Names have case; nothing: not sent.
    virtual std::optional<std::string> header(std::string_view name) const = 0;
    virtual std::size_t argument_count() const = 0;
    /// The bound argument, to be read or changed; null when it is of another type.
    template <typename T>
    T* argument(std::size_t index) {
        return static_cast<T*>(find_argument(index, typeid(T)));
    }

private:
    virtual void* find_argument(std::size_t index, const std::type_info& type) = 0;
};

/// Stands around every call of a hub's methods, in the order in which the filters were added: the
/// first is the outermost. What does not bind or is not authorized never gets here. One object for
/// all loops. Thread: any; keep no state that is not guarded.
class HubFilter {
public:
    using Next = std::function<Task<Value>(InvocationContext&)>;
    using NextStep = std::function<Task<void>()>;

    virtual ~HubFilter() = default;

    // `next` by value: a coroutine that overrides one of these keeps it.
    // NOLINTBEGIN(performance-unnecessary-value-param)

    /// Awaits `next`, before, after or instead of what it does itself; may return something else,
    /// or throw.
    virtual Task<Value> invoke_method(InvocationContext& context, Next next) {
        return next(context);
    }
    virtual Task<void> on_connected(Hub& /*hub*/, NextStep next) { return next(); }
    virtual Task<void> on_disconnected(Hub& /*hub*/, const std::optional<std::string>& /*error*/,
                                       NextStep next) {
        return next();
    }
    // NOLINTEND(performance-unnecessary-value-param)
};

}  // namespace hubtrail::hub
