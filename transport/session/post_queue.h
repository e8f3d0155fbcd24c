#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "transport/http_message.h"

namespace hubtrail::transport {

inline constexpr std::size_t kPostBytesHeldMax =
    2 * 1024 * 1024;  ///< of one connection, not yet read; then 503

inline constexpr std::size_t kPostPieceBytes =
    32 * 1024;  ///< handed over at once, so that a pause is soon heeded

/// What a client sent by POST and its handler has not read yet, in order. A POST is answered at
/// once while what waits is within the buffer (ApplicationMaxBufferSize); beyond it answers wait
/// until half of that is read. Thread: strand.
class PostQueue {
public:
    /// `buffer_bytes` 0: answers never wait.
    explicit PostQueue(std::size_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}

    void add(std::string_view body, const HttpReply& reply);
    bool empty() const { return taken_ == held_.size(); }
    /// The oldest bytes, kPostPieceBytes at most; answers what may be answered now. They die at the
    /// next call.
    std::string_view take();
    /// The connection is over: answers that wait are 404.
    void end();

private:
    void answer_all(int status);

    const std::size_t buffer_bytes_;
    std::string held_;
    std::size_t taken_ = 0;  ///< of held_
    std::vector<HttpReply> unanswered_;
};

/// `text/plain`, as the reference's connection dispatcher answers.
HttpResponse make_text_response(int status, std::string_view text);

}  // namespace hubtrail::transport
