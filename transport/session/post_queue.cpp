#include "transport/session/post_queue.h"

#include <utility>

namespace hubtrail::transport {
namespace {
constexpr int kRetryS = 1;
}

HttpResponse make_text_response(int status, std::string_view text) {
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain";
    response.body = std::string(text);
    return response;
}

void PostQueue::add(std::string_view body, const HttpReply& reply) {
    if (empty()) {
        std::string().swap(held_);
    } else {
        held_.erase(0, taken_);
        if (held_.size() + body.size() > kPostBytesHeldMax) {
            taken_ = 0;
            reply(make_retry_problem("too-much-unread",
                                     "too much that was sent before is still unread", kRetryS));
            return;
        }
    }
    taken_ = 0;
    held_ += body;
    if (buffer_bytes_ == 0 || (held_.size() <= buffer_bytes_ && unanswered_.empty())) {
        reply(make_text_response(200, ""));
    } else {
        unanswered_.push_back(reply);
    }
}

std::string_view PostQueue::take() {
    const auto piece = std::string_view(held_).substr(taken_, kPostPieceBytes);
    taken_ += piece.size();
    if (held_.size() - taken_ <= buffer_bytes_ / 2) {
        answer_all(200);
    }
    return piece;
}

void PostQueue::end() {
    taken_ = held_.size();  // not freed: the handler may just be reading it
    answer_all(404);
}

void PostQueue::answer_all(int status) {
    for (const auto& reply : std::exchange(unanswered_, {})) {
        reply(make_text_response(status, ""));
    }
}

}  // namespace hubtrail::transport
