#include "hub/connection/calls.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/check.h"
#include "hub/connection/hub_connection.h"

namespace hubtrail::hub {
namespace {

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kBindFailed = "Failed to invoke '";
constexpr std::string_view kServerError = "' due to an error on the server.";
constexpr std::string_view kUnauthorized = "' because user is unauthorized";

}  // namespace

// Order of checks as in the reference: lookup, arguments, slot, authorization, mode, streams.
bool Calls::dispatch(Kind kind) {
    auto& scratch = connection_.scratch();
    const auto& message = scratch.message;
    const auto& options = connection_.options();
    scratch.lower_name.assign(message.target);
    std::transform(scratch.lower_name.begin(), scratch.lower_name.end(), scratch.lower_name.begin(),
                   to_lower);
    const auto* method = connection_.session().find_method(scratch.lower_name);
    if (method == nullptr) {
        reject("HubException: Method does not exist.", true);
        return true;
    }
    const auto given = message.arguments.size();
    if (given < method->arguments_min || given > method->arguments_max) {
        reject("InvalidDataException: Invocation provides " + std::to_string(given) +
                   " argument(s) but target expects " + std::to_string(method->arguments_max) + ".",
               false);
        return true;
    }
    const bool streaming = kind == Kind::stream_invocation;
    const bool needs_slot = !streaming && method->uploads == 0;
    if (needs_slot && slots_taken_ >= options.parallel_invocations_max) {
        return false;
    }
    Uploads::List uploads;
    const HubCall call{connection_, message, uploads};
    if (!may_be_called(*method, call, streaming)) {
        return true;
    }
    const auto refusal = connection_.uploads().open(message, method->uploads, uploads);
    if (!refusal.empty()) {
        connection_.complete_error(message.invocation_id, refusal);
        return true;
    }
    if (streaming && !start_stream()) {
        connection_.uploads().end(uploads);
        return true;
    }
    if (needs_slot && method->kind == MethodKind::async) {
        ++slots_taken_;
    }
    method->call(connection_.session(), *method, call);
    if (method->kind == MethodKind::plain) {
        connection_.uploads().end(uploads);
    }
    return true;
}

// False: answered with the reason.
bool Calls::may_be_called(const HubMethod& method, const HubCall& call, bool streaming) {
    if (!connection_.session().authorize(method, call)) {
        connection_.complete_error(
            call.id(), std::string(kBindFailed).append(method.declared_name).append(kUnauthorized));
        return false;
    }
    const bool is_stream = method.kind == MethodKind::stream;
    if (is_stream != streaming) {
        connection_.complete_error(
            call.id(), std::string("The client attempted to invoke the ") +
                           (is_stream ? "streaming '" : "non-streaming '") + call.message.target +
                           (streaming ? "' method with a streaming invocation."
                                      : "' method with a non-streaming invocation."));
        return false;
    }
    return true;
}

// False: answered with the reason.
bool Calls::start_stream() {
    const auto& id = connection_.scratch().message.invocation_id;
    if (has_stream(id)) {
        connection_.complete_error(id, invocation_id_in_use(id));
        return false;
    }
    if (!streams_) {
        streams_ = std::make_unique<std::vector<std::string>>();
    }
    const auto most = connection_.options().streams_max;
    if (streams_->size() >= most) {
        connection_.complete_error(id, "This connection has " + std::to_string(most) +
                                           " running streams, the most it may have.");
        return false;
    }
    streams_->push_back(id);
    return true;
}

void Calls::reject(std::string_view detail, bool always_detailed) {
    const auto& message = connection_.scratch().message;
    std::string text(kBindFailed);
    text.append(message.target).append(kServerError);
    if (always_detailed || connection_.options().detailed_errors) {
        text += ' ';
        text += detail;
    }
    connection_.complete_error(message.invocation_id, text);
}

void Calls::release_slot() {
    HUBTRAIL_CHECK(slots_taken_ > 0, "a slot was given back that was not taken");
    --slots_taken_;
}

bool Calls::has_stream(std::string_view id) const {
    return streams_ && std::find(streams_->begin(), streams_->end(), id) != streams_->end();
}

bool Calls::forget_stream(std::string_view id) {
    if (!has_stream(id)) {
        return false;
    }
    streams_->erase(std::find(streams_->begin(), streams_->end(), id));
    if (streams_->empty()) {
        streams_.reset();
    }
    return true;
}

}  // namespace hubtrail::hub
