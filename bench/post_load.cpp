#include "bench/post_load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/http_wire.h"
#include "bench/process_probe.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kReadBytes = 256U << 10U;
constexpr int kEventsPerTurn = 256;
constexpr int kTurnMs = 20;

}  // namespace

PostLoad::PostLoad(const Target& target, std::string path, std::size_t producers,
                   PostSource& source)
    : target_(target),
      path_(std::move(path)),
      source_(source),
      producers_(producers),
      buffer_(kReadBytes),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

PostLoad::~PostLoad() {
    for (const Producer& producer : producers_) {
        if (producer.socket >= 0) {
            close(producer.socket);
        }
    }
    close(epoll_);
}

Result<void, BenchError> PostLoad::run(std::int64_t deadline_ns,
                                       const std::function<void()>& on_turn) {
    for (std::size_t i = 0; i < producers_.size() && failure_.empty(); ++i) {
        connect(i);
        begin_next(i);
    }
    std::array<epoll_event, kEventsPerTurn> events;
    while (busy_ > 0 && failure_.empty()) {
        const int count = epoll_wait(epoll_, events.data(), kEventsPerTurn, kTurnMs);
        for (int i = 0; i < count && failure_.empty(); ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            on_ready(event.data.u64, event.events);
        }
        on_turn();
        if (now_ns() > deadline_ns) {
            return Failure{BenchError{"not finished in time: " + std::to_string(busy_) +
                                      " requests without an answer"}};
        }
    }
    if (!failure_.empty()) {
        return Failure{BenchError{failure_}};
    }
    return {};
}

void PostLoad::connect(std::size_t index) {
    Producer& producer = producers_[index];
    if (producer.socket >= 0) {
        close(producer.socket);
    }
    auto fd = start_connect(target_, index);
    if (!fd) {
        producer.socket = -1;
        fail(index, fd.error().text);
        return;
    }
    producer.socket = *fd;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event);
}

void PostLoad::begin_next(std::size_t index) {
    if (!failure_.empty() || !source_.next(index, body_)) {
        return;
    }
    Producer& producer = producers_[index];
    producer.out = post_head(target_, path_, body_.size()) + body_;
    producer.out_sent = 0;
    ++busy_;
    write(index);
}

void PostLoad::write(std::size_t index) {
    Producer& producer = producers_[index];
    const auto sent = send(producer.socket, producer.out.data() + producer.out_sent,
                           producer.out.size() - producer.out_sent, MSG_NOSIGNAL);
    // ENOTCONN: the connection is still being made, EPOLLOUT will tell.
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) {
        fail(index, std::string("send: ") + std::strerror(errno));
        return;
    }
    const std::size_t had = producer.out_sent;
    producer.out_sent += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    const bool whole = producer.out_sent == producer.out.size();
    if (whole && had == 0) {
        return;  // the usual case: nothing to watch for, nothing was watched
    }
    epoll_event event{};
    event.events = whole ? EPOLLIN : EPOLLIN | EPOLLOUT;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, producer.socket, &event);
}

void PostLoad::on_ready(std::size_t index, std::uint32_t events) {
    Producer& producer = producers_[index];
    if ((events & EPOLLOUT) != 0) {
        write(index);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    const auto got = recv(producer.socket, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            fail(index, "the server closed the connection");
        }
        return;
    }
    producer.in.append(buffer_.data(), static_cast<std::size_t>(got));
    auto response = parse_response(producer.in);
    if (!response) {
        fail(index, response.error().text);
        return;
    }
    if (!*response) {
        return;
    }
    const HttpResponse& whole = **response;
    if (whole.bytes != producer.in.size()) {
        fail(index, "bytes after the answer");
        return;
    }
    --busy_;
    if (const std::string wrong = source_.on_answer(index, whole.status, whole.body);
        !wrong.empty()) {
        fail(index, wrong);
        return;
    }
    const bool last = whole.last;
    producer.in.clear();
    if (last) {
        connect(index);
    }
    begin_next(index);
}

void PostLoad::fail(std::size_t index, std::string_view why) {
    if (failure_.empty()) {
        failure_ = "producer " + std::to_string(index) + ": " + std::string(why);
    }
}

}  // namespace hubtrail::bench
