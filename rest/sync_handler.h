#pragma once

#include <string_view>

#include "rest/api_context.h"
#include "rest/poll_room.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr std::string_view kChangesPath = "/api/v1/sync/changes";
inline constexpr std::string_view kCursorPath = "/api/v1/sync/cursor";

/// Serves GET kChangesPath and kCursorPath (docs/api.md 2). `context` must outlive it.
/// Thread: strand.
class SyncHandler final : public transport::HttpHandler {
public:
    explicit SyncHandler(const ApiContext& context) : context_(context), room_(context.loop) {}

    void handle(transport::HttpRequest request, transport::HttpReply reply) override;

    /// Answers every request that waits for changes with what it has: for a server that is about to
    /// stop.
    void finish_waits() { room_.finish_all(); }

    /// Requests that wait for commits, or may.
    std::size_t waits() const { return room_.polls(); }

private:
    void show_changes(const transport::HttpRequest& request, transport::HttpReply reply);
    void show_cursor(const transport::HttpRequest& request, const transport::HttpReply& reply);

    const ApiContext& context_;
    PollRoom room_;
};

}  // namespace hubtrail::rest
