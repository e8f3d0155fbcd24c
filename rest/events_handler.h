#pragma once

#include <string>
#include <string_view>

#include "protocol/event.h"
#include "rest/api_context.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr std::string_view kEventsPath = "/api/v1/events";
inline constexpr std::string_view kEventPathPrefix = "/api/v1/events/";  ///< and the event's id
inline constexpr std::size_t kEventIdCharsMax = 128;

/// Serves POST kEventsPath and GET kEventPathPrefix{id} (docs/api.md 2). `context` must outlive it.
/// Thread: strand.
class EventsHandler final : public transport::HttpHandler {
public:
    explicit EventsHandler(const ApiContext& context) : context_(context), ids_(context) {}

    void handle(transport::HttpRequest request, transport::HttpReply reply) override;

private:
    /// UUIDv7 for events that came without an id.
    class UuidMaker final : public protocol::IdMaker {
    public:
        explicit UuidMaker(const ApiContext& context) : context_(context) {}
        std::string make_id() override;

    private:
        const ApiContext& context_;
    };

    void append(const transport::HttpRequest& request, const transport::HttpReply& reply);
    void show(const transport::HttpRequest& request, const transport::HttpReply& reply);

    const ApiContext& context_;
    UuidMaker ids_;
};

}  // namespace hubtrail::rest
