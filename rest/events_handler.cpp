#include "rest/events_handler.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "auth/visibility.h"
#include "base/ascii.h"
#include "base/crypto.h"
#include "edge/errors.h"
#include "rest/answers.h"
#include "rest/append_answer.h"
#include "rest/append_rights.h"
#include "rest/authenticate.h"
#include "rest/idempotency_key.h"
#include "rest/on_loop.h"
#include "storage/position.h"

namespace hubtrail::rest {
namespace {

using transport::HttpReply;
using transport::HttpRequest;
using transport::HttpResponse;

std::optional<HttpResponse> check_content(const HttpRequest& request) {
    const auto type = request.header("content-type").value_or("");
    if (!equal_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json")) {
        return transport::make_problem(415, "unsupported-media-type",
                                       "the body must come with Content-Type: application/json");
    }
    if (!equal_ignoring_case(request.header("content-encoding").value_or("identity"), "identity")) {
        return transport::make_problem(415, "unsupported-media-type",
                                       "the body must come without Content-Encoding");
    }
    return std::nullopt;
}

std::string make_fingerprint(std::string_view body) {
    const auto digest = sha256(body);
    std::string text;
    append_base64url(text, digest.data(), digest.size());
    return text;
}

bool is_event_id(std::string_view id) {
    const auto is_id_character = [](char c) {
        return is_letter_or_digit(c) || c == '.' || c == '_' || c == ':' || c == '-';
    };
    return !id.empty() && id.size() <= kEventIdCharsMax &&
           std::all_of(id.begin(), id.end(), is_id_character);
}

// One text for what does not exist and for what the token may not see.
HttpResponse make_no_event() {
    return make_not_found("no event with this id is visible to you");
}

HttpResponse make_event_answer(const protocol::CursorCodec& codec, const std::string& tenant,
                               const protocol::LogEvent& event, const storage::LogHead& head) {
    if (event.pos < head.first_pos) {
        return transport::make_problem(410, "event-expired",
                                       "the event is no longer kept or was written before a reset");
    }
    std::string body;
    protocol::append_event_json(body, event,
                                codec.encode(tenant, storage::event_cursor(head.epoch, event)));
    return make_json(200, std::move(body));
}

}  // namespace

std::string EventsHandler::UuidMaker::make_id() {
    return make_uuid_v7(context_.clock.wall_us(), context_.random);
}

void EventsHandler::handle(HttpRequest request, HttpReply reply) {
    if (request.path == kEventsPath) {
        append(request, reply);
    } else {
        show(request, reply);
    }
}

void EventsHandler::append(const HttpRequest& request, const HttpReply& reply) {
    auto principal = authenticate(context_, request, Access::append);
    if (!principal) {
        return reply(principal.error());
    }
    if (auto refusal = check_content(request)) {
        return reply(std::move(*refusal));
    }
    auto key = read_idempotency_key(request);
    if (!key) {
        return reply(key.error());
    }
    const auto& who = **principal;
    auto events = protocol::parse_events(
        request.body, {who.tenant, who.service_account, context_.clock.wall_us()}, ids_);
    if (!events) {
        return reply(make_event_problem(events.error()));
    }
    if (auto refusal = check_may_append(who, *events)) {
        return reply(std::move(*refusal));
    }
    storage::AppendRequest job{who.tenant, std::move(*events), std::move(*key), {}, who.subject};
    if (!job.idempotency_key.empty()) {
        job.request_fingerprint = make_fingerprint(request.body);
    }
    const bool taken = context_.service.append(
        std::move(job), on_loop(context_.loop, [&codec = context_.codec, principal = *principal,
                                                reply](const auto& result) {
            reply(result ? make_append_answer(codec, principal->tenant, *result)
                         : edge::make_unavailable());
        }));
    if (!taken) {
        reply(make_overloaded("too many events wait to be written"));
    }
}

void EventsHandler::show(const HttpRequest& request, const HttpReply& reply) {
    const auto principal = authenticate(context_, request, Access::read);
    if (!principal) {
        return reply(principal.error());
    }
    const auto id = std::string_view(request.path)
                        .substr(std::min(kEventPathPrefix.size(), request.path.size()));
    if (!is_event_id(id)) {
        return reply(make_no_event());
    }
    // The head is read after the event: then the event is of the head's epoch, or below its floor.
    auto answer = [this, principal = *principal, reply](
                      const Result<std::optional<protocol::LogEvent>, storage::StoreError>& found) {
        if (!found) {
            return reply(edge::make_problem(found.error()));
        }
        if (!*found) {
            return reply(make_no_event());
        }
        context_.service.head(
            principal->tenant, on_loop(context_.loop, [&codec = context_.codec, principal, reply,
                                                       event = **found](const auto& head) {
                reply(head ? make_event_answer(codec, principal->tenant, event, *head)
                           : edge::make_problem(head.error()));
            }));
    };
    auto visible = auth::make_visibility(**principal, {});
    if (!visible) {
        return reply(make_no_event());
    }
    context_.service.find((*principal)->tenant, std::string(id), std::move(*visible),
                          on_loop(context_.loop, std::move(answer)));
}

}  // namespace hubtrail::rest
