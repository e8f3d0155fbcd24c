#define ASIO_STANDALONE
#include "transport/net/net_loop.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mutex.h"
#include "transport/net/peer_address.h"

namespace hubtrail::transport {
namespace {

constexpr int kEventsPerPoll = 256;
// Polls of the connection set before timers and posted work get their turn again.
constexpr int kPollsPerTurn = 8;
constexpr int kBusyEvents = 8;
constexpr std::size_t kSlicesPerWrite = 64;

// What a socket that changes loops has to know of the new one.
class EpollLoop : public NetLoop {
public:
    virtual int epoll() const = 0;
};

class EpollSocket final : public Socket {
public:
    EpollSocket(int epoll, int fd) : epoll_(epoll), fd_(fd) {}
    ~EpollSocket() override { ::close(fd_); }

    bool start(SocketEvents& events) override {
        events_ = &events;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = this;
        return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event) == 0;
    }

    IoResult read(char* into, std::size_t bytes_max) override {
        const auto got = ::recv(fd_, into, bytes_max, 0);
        if (got > 0) {
            return {IoResult::Kind::done, static_cast<std::size_t>(got)};
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return {IoResult::Kind::would_block, 0};
        }
        return {IoResult::Kind::closed, 0};
    }

    IoResult write(const std::string_view* slices, std::size_t count) override {
        ssize_t sent = 0;
        if (count == 1) {
            sent = ::send(fd_, slices[0].data(), slices[0].size(), MSG_NOSIGNAL);
        } else {
            std::array<iovec, kSlicesPerWrite> vectors;
            const auto used = count < vectors.size() ? count : vectors.size();
            for (std::size_t i = 0; i < used; ++i) {
                // sendmsg does not write through it.
                vectors[i] = {const_cast<char*>(slices[i].data()), slices[i].size()};
            }
            msghdr message{};
            message.msg_iov = vectors.data();
            message.msg_iovlen = used;
            sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
        }
        if (sent >= 0) {
            return {IoResult::Kind::done, static_cast<std::size_t>(sent)};
        }
        if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
            return {IoResult::Kind::would_block, 0};
        }
        return {IoResult::Kind::closed, 0};
    }

    void want(bool read, bool write) override {
        if (read == want_read_ && write == want_write_) {
            return;
        }
        want_read_ = read;
        want_write_ = write;
        epoll_event event{};
        event.events = (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U);
        event.data.ptr = this;
        epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
    }

    void shutdown_send() override { ::shutdown(fd_, SHUT_WR); }
    std::string peer_address() const override { return peer_address_of(fd_); }
    std::string local_address() const override { return local_address_of(fd_); }

    void detach() override { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd_, nullptr); }
    void attach(Loop& loop) override {
        auto* const home = dynamic_cast<EpollLoop*>(&loop);
        HUBTRAIL_CHECK(home != nullptr, "a socket moves between loops of one kind");
        epoll_ = home->epoll();
        want_read_ = true;
        want_write_ = false;
    }

    void dispatch(std::uint32_t events) {
        if ((events & EPOLLOUT) != 0 && want_write_) {
            events_->on_writable();
        }
        // An error or hang-up shows itself in the read; with reading paused it must still be
        // noticed.
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            events_->on_readable();
        }
    }

private:
    int epoll_;
    int fd_;
    SocketEvents* events_ = nullptr;
    bool want_read_ = true;
    bool want_write_ = false;
};

class AsioLoop final : public EpollLoop {
public:
    AsioLoop(int index, const Clock& clock, Log& log)
        : index_(index),
          clock_(clock),
          log_(log),
          io_(1),
          epoll_(epoll_create1(EPOLL_CLOEXEC)),
          sockets_(io_, epoll_),
          signals_(io_),
          now_ns_(clock.steady_ns()) {
        HUBTRAIL_CHECK(epoll_ >= 0, "epoll_create1");
        wait_for_sockets();
    }

    ~AsioLoop() override { ::close(reserve_); }

    void post(Task task) override {
        bool wake = false;
        {
            const MutexLock lock(mutex_);
            posted_.push_back(std::move(task));
            wake = !std::exchange(drain_posted_, true);
        }
        if (wake) {
            asio::post(io_, [this] { drain(); });
        }
    }

    std::uint64_t call_after(std::int64_t delay_ns, Task task) override {
        const auto id = ++last_timer_;
        const auto made = timers_.try_emplace(id, io_, std::chrono::nanoseconds(delay_ns));
        made.first->second.async_wait(
            [this, id, task = std::move(task)](const std::error_code& error) {
                if (!error && timers_.erase(id) == 1) {
                    turn([&] { task(); });
                }
            });
        return id;
    }

    void cancel(std::uint64_t timer_id) override { timers_.erase(timer_id); }
    std::int64_t now_ns() const override { return now_ns_; }
    LoopWork work() const override {
        const auto now = clock_.steady_ns();
        return {now, busy_ns_ + (now - now_ns_)};
    }
    void at_turn_end(TurnEnd& hook) override { turn_ends_.push_back(&hook); }
    int index() const override { return index_; }
    int epoll() const override { return epoll_; }

    void listen(int listener, AcceptHandler on_accept) override {
        if (reserve_ < 0) {
            reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        }
        listeners_.push_back(std::make_shared<Listener>(io_, listener, std::move(on_accept)));
        wait_for_accept(listeners_.back());
    }

    void stop_listening() override {
        post([this] {
            for (const auto& listener : listeners_) {
                listener->open = false;
                listener->descriptor.close();
            }
            listeners_.clear();
        });
    }

    void run() override {
        const auto guard = asio::make_work_guard(io_);
        io_.run();
    }

    void stop() override { io_.stop(); }

    void on_terminate(std::function<void()> function) override {
        signals_.add(SIGINT);
        signals_.add(SIGTERM);
        wait_for_signal(std::move(function));
    }

private:
    template <typename Run>
    void turn(Run&& task) {
        now_ns_ = clock_.steady_ns();
        task();
        end_turn();
        busy_ns_ += clock_.steady_ns() - now_ns_;
    }

    void end_turn() {
        // A hook may ask for another turn end; those run too before the loop sleeps.
        for (std::size_t i = 0; i < turn_ends_.size(); ++i) {
            turn_ends_[i]->on_turn_end();
        }
        turn_ends_.clear();
    }

    void drain() {
        {
            const MutexLock lock(mutex_);
            running_.swap(posted_);
            drain_posted_ = false;
        }
        turn([this] {
            for (auto& task : running_) {
                task();
            }
        });
        running_.clear();
    }

    void wait_for_sockets() {
        sockets_.async_wait(asio::posix::stream_descriptor::wait_read,
                            [this](const std::error_code& error) {
                                if (!error) {
                                    poll_sockets();
                                    wait_for_sockets();
                                }
                            });
    }

    void poll_sockets() {
        std::array<epoll_event, kEventsPerPoll> events;
        for (int poll = 0; poll < kPollsPerTurn; ++poll) {
            const int count = epoll_wait(epoll_, events.data(), kEventsPerPoll, 0);
            if (count <= 0) {
                return;
            }
            turn([&] {
                for (int i = 0; i < count; ++i) {
                    const auto& event = events[static_cast<std::size_t>(i)];
                    static_cast<EpollSocket*>(event.data.ptr)->dispatch(event.events);
                }
            });
            // A quiet set is looked at again when it says so: one system call less per lone
            // message.
            if (count < kBusyEvents) {
                return;
            }
        }
    }

    void wait_for_signal(std::function<void()> function) {
        signals_.async_wait(
            [this, function = std::move(function)](const std::error_code& error, int) {
                if (!error) {
                    turn([&] { function(); });
                    wait_for_signal(function);
                }
            });
    }

    /// Kept alive by what waits for it. Thread: strand.
    struct Listener {
        Listener(asio::io_context& io, int fd, AcceptHandler handler)
            : descriptor(io, fd), pause(io), on_accept(std::move(handler)) {}
        asio::posix::stream_descriptor descriptor;
        asio::steady_timer pause;
        AcceptHandler on_accept;
        bool open = true;
    };
    using ListenerPtr = std::shared_ptr<Listener>;

    void wait_for_accept(const ListenerPtr& listener) {
        listener->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                        [this, listener](const std::error_code& error) {
                                            if (!error && listener->open) {
                                                accept_some(listener);
                                            }
                                        });
    }

    void accept_some(const ListenerPtr& listener) {
        bool pause = false;
        turn([&] {
            for (int i = 0; i < kAcceptsPerTurnMax && !pause; ++i) {
                const int fd = accept4(listener->descriptor.native_handle(), nullptr, nullptr,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                    listener->on_accept(std::make_unique<EpollSocket>(epoll_, fd));
                } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                           errno == ENOMEM) {
                    refuse_for_lack_of_descriptors(*listener);
                    pause = true;
                } else if (errno == EAGAIN) {
                    return;
                }
                // Anything else concerns the one connection that is already gone again.
            }
        });
        if (!pause) {
            wait_for_accept(listener);
            return;
        }
        listener->pause.expires_after(std::chrono::nanoseconds(kAcceptPauseNs));
        listener->pause.async_wait([this, listener](const std::error_code& error) {
            if (!error && listener->open) {
                wait_for_accept(listener);
            }
        });
    }

    // The reserve descriptor lets us take one waiting connection, tell it so, and hang up; without
    // it the backlog would stay readable and the loop would spin.
    void refuse_for_lack_of_descriptors(Listener& listener) {
        static constexpr std::string_view kAnswer =
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n";
        ::close(reserve_);
        const int fd = accept4(listener.descriptor.native_handle(), nullptr, nullptr,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
        // The kernel looks for a descriptor first, so there may be nobody waiting at all.
        if (fd >= 0) {
            ++refused_;
            static_cast<void>(::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL));
            ::close(fd);
        }
        reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        const bool due =
            now_ns_ - refused_logged_ns_ >= kAcceptLogIntervalNs || refused_logged_ns_ == 0;
        if (refused_ > 0 && due) {
            refused_logged_ns_ = now_ns_;
            log_.warn("out_of_descriptors", {{"refused", std::exchange(refused_, 0)},
                                             {"advice", "raise the limit of open files"}});
        }
    }

    const int index_;
    const Clock& clock_;
    Log& log_;
    asio::io_context io_;
    int epoll_;
    asio::posix::stream_descriptor sockets_;  // owns epoll_
    asio::signal_set signals_;
    std::vector<ListenerPtr> listeners_;
    int reserve_ = -1;
    std::int64_t refused_ = 0;
    std::int64_t refused_logged_ns_ = 0;
    std::int64_t now_ns_;
    std::int64_t busy_ns_ = 0;  // in turns that have ended
    std::uint64_t last_timer_ = 0;
    std::unordered_map<std::uint64_t, asio::steady_timer> timers_;
    std::vector<TurnEnd*> turn_ends_;
    std::vector<Task> running_;
    Mutex mutex_;
    std::vector<Task> posted_ HUBTRAIL_GUARDED_BY(mutex_);
    bool drain_posted_ HUBTRAIL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<NetLoop> make_net_loop(int index, const Clock& clock, Log& log) {
    return std::make_unique<AsioLoop>(index, clock, log);
}

}  // namespace hubtrail::transport
