#pragma once

#include <coroutine>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "hub/code/call_scope.h"
#include "hub/code/convert.h"
#include "hub/code/stream.h"
#include "hub/code/task.h"

namespace hubtrail::hub {

/// Where the items of a stream go: its client. Thread: strand.
class StreamSink {
public:
    virtual ~StreamSink() = default;
    /// Somebody still wants items.
    virtual bool open() const = 0;
    virtual ValueWriter& begin_item() = 0;
    virtual void send_item() = 0;
    /// The client has no room, or others want their turn: wait() before the next item.
    virtual bool must_wait() = 0;
    virtual std::shared_ptr<Wake> wait(std::coroutine_handle<> handle) = 0;
};

/// Awaitable between two items of a stream. Thread: strand.
class StreamPause {
public:
    explicit StreamPause(StreamSink& sink) : sink_(sink) {}
    ~StreamPause() {
        if (wake_) {
            wake_->forget();
        }
    }
    StreamPause(const StreamPause&) = delete;
    StreamPause& operator=(const StreamPause&) = delete;

    bool await_ready() const { return !sink_.must_wait(); }
    void await_suspend(std::coroutine_handle<> handle) { wake_ = sink_.wait(handle); }
    void await_resume() const {}

private:
    StreamSink& sink_;
    std::shared_ptr<Wake> wake_;  ///< owned with whoever wakes it
};

/// What a hub method returned, whatever its type: a value that can be sent, a stream, or nothing.
/// Filters pass it on, look at it, or make another. Thread: strand.
class Value {
public:
    /// Nothing: sent as null.
    Value() = default;
    template <typename T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, Value>)
        Value(T&& value)  // NOLINT(google-explicit-constructor): `return 5;` in a filter
        : held_(std::make_unique<Held<std::remove_cvref_t<T>>>(std::forward<T>(value))) {}

    /// The value, when it is of exactly this type; else null.
    template <typename T>
    T* get_if() {
        return held_ && held_->type() == typeid(T) ? static_cast<T*>(held_->pointer()) : nullptr;
    }

    bool is_stream() const { return held_ && held_->is_stream(); }
    void write(ValueWriter& writer) const {
        if (held_) {
            held_->write(writer);
        } else {
            writer.null();
        }
    }
    /// False for the null stream, which has no items.
    bool has_items() const { return held_ && held_->has_items(); }
    Task<void> send_items(StreamSink& sink) { return held_->send_items(sink); }

private:
    struct Holder {
        virtual ~Holder() = default;
        virtual const std::type_info& type() const = 0;
        virtual void* pointer() = 0;
        virtual void write(ValueWriter& writer) const = 0;
        virtual bool is_stream() const { return false; }
        virtual bool has_items() const { return false; }
        virtual Task<void> send_items(StreamSink&) { co_return; }
    };
    template <typename T>
    struct Held;

    std::unique_ptr<Holder> held_;
};

template <typename T>
struct Value::Held final : Value::Holder {
    template <typename From>
    explicit Held(From&& from) : value(std::forward<From>(from)) {}
    const std::type_info& type() const override { return typeid(T); }
    void* pointer() override { return &value; }
    void write(ValueWriter& writer) const override { write_value(writer, value); }

    T value;
};

template <typename T>
struct Value::Held<Stream<T>> final : Value::Holder {
    explicit Held(Stream<T> from) : stream(std::move(from)) {}
    const std::type_info& type() const override { return typeid(Stream<T>); }
    void* pointer() override { return &stream; }
    void write(ValueWriter& writer) const override { writer.null(); }
    bool is_stream() const override { return true; }
    bool has_items() const override { return static_cast<bool>(stream); }
    Task<void> send_items(StreamSink& sink) override {
        while (auto item = co_await stream.next()) {
            if (!sink.open()) {
                co_return;
            }
            write_value(sink.begin_item(), *item);
            sink.send_item();
            co_await StreamPause(sink);
        }
    }

    Stream<T> stream;
};

}  // namespace hubtrail::hub
