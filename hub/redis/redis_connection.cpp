#include "hub/redis/redis_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

namespace hubtrail::hub {
namespace {

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

std::string_view text_of(const redisReply& reply) {
    const bool has_text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS ||
                          reply.type == REDIS_REPLY_ERROR;
    return has_text ? std::string_view(reply.str, static_cast<std::size_t>(reply.len))
                    : std::string_view();
}

RedisReply view_of(const redisReply& reply) {
    RedisReply view;
    view.text = text_of(reply);
    switch (reply.type) {
        case REDIS_REPLY_ERROR:
            view.kind = RedisReply::Kind::error;
            break;
        case REDIS_REPLY_INTEGER:
            view.kind = RedisReply::Kind::integer;
            view.integer = reply.integer;
            break;
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            view.kind = RedisReply::Kind::text;
            break;
        case REDIS_REPLY_ARRAY:
            view.kind = RedisReply::Kind::list;
            view.count = reply.elements;
            for (std::size_t i = 0; i < std::min(view.count, view.list.size()); ++i) {
                view.list[i] = text_of(*reply.element[i]);
            }
            break;
        default:
            break;
    }
    return view;
}

}  // namespace

void RedisConnection::Free::operator()(redisContext* context) const {
    redisFree(context);
}

RedisConnection::RedisConnection() = default;
RedisConnection::~RedisConnection() = default;

bool RedisConnection::open(const RedisAddress& address) {
    context_.reset(redisConnectNonBlock(address.host.c_str(), address.port));
    connecting_ = true;
    flushed_ = true;
    error_.clear();
    if (!context_) {
        return fail("out of memory");
    }
    if (context_->err != 0) {
        return fail(context_->errstr);
    }
    ::fcntl(context_->fd, F_SETFD, FD_CLOEXEC);
    return true;
}

void RedisConnection::close() {
    context_.reset();
}

int RedisConnection::descriptor() const {
    return context_ ? context_->fd : -1;
}

std::size_t RedisConnection::unsent() const {
    return context_ ? sdslen(context_->obuf) : 0;
}

void RedisConnection::command(const std::vector<std::string_view>& words) {
    std::vector<const char*> data;
    std::vector<std::size_t> sizes;
    for (const auto word : words) {
        data.push_back(word.data());
        sizes.push_back(word.size());
    }
    // It can only fail for lack of memory; the context then carries an error that work() finds.
    redisAppendCommandArgv(context_.get(), static_cast<int>(data.size()), data.data(),
                           sizes.data());
    flushed_ = false;
}

bool RedisConnection::work(short events, const OnReply& on_reply) {
    if (connecting_) {
        return events == 0 || finish_connect();
    }
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !read(on_reply)) {
        return false;
    }
    if (!flushed_) {
        int done = 0;
        if (redisBufferWrite(context_.get(), &done) != REDIS_OK) {
            return fail(context_->errstr);
        }
        flushed_ = done != 0;
    }
    return true;
}

bool RedisConnection::finish_connect() {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        return fail(std::strerror(error));
    }
    connecting_ = false;
    return true;
}

bool RedisConnection::read(const OnReply& on_reply) {
    if (redisBufferRead(context_.get()) != REDIS_OK) {
        return fail(context_->errstr);
    }
    for (;;) {
        void* raw = nullptr;
        if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) {
            return fail(context_->errstr);
        }
        if (raw == nullptr) {
            return true;
        }
        const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
        on_reply(view_of(*reply));
    }
}

bool RedisConnection::fail(std::string reason) {
    error_ = std::move(reason);
    return false;
}

}  // namespace hubtrail::hub
