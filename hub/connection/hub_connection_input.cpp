// What a client sends: records to calls of the hub, in order.
#include <iterator>
#include <utility>

#include "hub/connection/hub_connection.h"

namespace hubtrail::hub {
namespace {

using protocol::MessageType;

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kBindFailed = "Failed to invoke '";
constexpr std::string_view kServerError = "' due to an error on the server.";
constexpr std::string_view kUnauthorized = "' because user is unauthorized";
constexpr std::string_view kUnexpectedError = "An unexpected error occurred invoking '";
constexpr std::string_view kBadSequence =
    "InvalidOperationException: Sequence ID greater than amount of messages we've received.";

void lower_ascii(std::string_view text, std::string& out) {
    out.assign(text);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
}

// Of stateful reconnect.
bool is_counted(MessageType type) {
    return type >= MessageType::invocation && type <= MessageType::cancel_invocation;
}

std::size_t held_cost(std::string_view record) {
    return record.size() + sizeof(std::string);
}

std::string in_use(std::string_view id) {
    return "Invocation ID '" + std::string(id) + "' is already in use.";
}

}  // namespace

void HubConnection::read_records(std::string_view bytes) {
    in_records_ = true;
    bool heard = false;
    splitter_->feed(bytes);
    while (open()) {
        const auto record = splitter_->next();
        if (!record) {
            broken_ = to_text(record.error());
            break;
        }
        if (!record->has_value()) {
            break;
        }
        if (has_held()) {
            look_for_ack(**record);
        } else if (on_record(**record)) {
            heard = true;
        } else {
            keep_for_later(**record);
        }
    }
    in_records_ = false;
    if (heard) {
        heard_ns_ = loop_->now_ns();
    }
    if (!broken_.empty() && !has_held()) {
        fail(broken_);
    }
}

// Acks make room for what a running method sends: behind a message that waits for that method they
// must not wait.
void HubConnection::look_for_ack(std::string_view record) {
    auto& message = scratch_.message;
    if (stateful_ && protocol_->parse(record, message) && message.type == MessageType::ack) {
        connection_->outbox().acknowledge(message.sequence_id);
    } else {
        keep_for_later(record);
    }
}

void HubConnection::keep_for_later(std::string_view record) {
    held_.emplace_back(record);
    held_bytes_ += held_cost(record);
}

void HubConnection::pump() {
    if (in_records_ || !open()) {
        return;
    }
    in_records_ = true;
    while (has_held()) {
        auto record = std::move(held_[held_first_]);
        if (!on_record(record)) {
            held_[held_first_] = std::move(record);
            break;
        }
        if (!open()) {
            break;  // and nothing is held any more
        }
        ++held_first_;
        held_bytes_ -= held_cost(record);
    }
    in_records_ = false;
    // The room of what was processed is given back, in steps that grow with it.
    if (held_first_ * 2 >= held_.size()) {
        std::vector<std::string>(
            std::make_move_iterator(held_.begin() + static_cast<std::ptrdiff_t>(held_first_)),
            std::make_move_iterator(held_.end()))
            .swap(held_);
        held_first_ = 0;
    }
    heard_ns_ = loop_->now_ns();
    if (!broken_.empty() && !has_held()) {
        fail(broken_);
    }
    update_reading();
}

// Never at once: whoever makes room may be in the midst of a message of its own, and messages share
// their memory.
void HubConnection::pump_later() {
    if (in_records_ || pump_due_ || !open() || !has_held()) {
        return;
    }
    pump_due_ = true;
    if (!self_) {
        self_ = std::make_shared<HubConnection*>(this);
    }
    loop_->post([self = self_] {
        if (*self != nullptr) {
            (*self)->pump_due_ = false;
            (*self)->pump();
        }
    });
}

// Whoever does not read its answers asks no more questions meanwhile, and nobody fills our memory
// with records that wait. With stateful reconnect we have to read on for acks.
void HubConnection::update_reading() {
    if (connection_ == nullptr) {
        return;  // a method cut it off
    }
    const bool waits = has_held() || connection_->outbox().congested();
    const bool pause = state_ != State::closed && (stateful_ ? held_bytes_ > kHeldBytesMax : waits);
    if (pause == paused_) {
        return;
    }
    paused_ = pause;
    if (pause) {
        connection_->pause_reading();
    } else {
        heard_ns_ = loop_->now_ns();
        connection_->resume_reading();
    }
}

// False: the record has to wait, and everything behind it.
bool HubConnection::on_record(std::string_view record) {
    if (on_hold_) {
        return false;
    }
    auto& message = scratch_.message;
    const auto parsed = protocol_->parse(record, message);
    if (!parsed) {
        fail(to_text(parsed.error()));
        return true;
    }
    if (!is_counted(message.type)) {
        return process();
    }
    if (stateful_ && received_.is_repeat()) {
        received_.count();
        return true;
    }
    // What asks for more output waits until the peer has taken what there is.
    if (connection_->outbox().congested() || !process()) {
        return false;
    }
    received_.count();
    return true;
}

bool HubConnection::process() {
    const auto& message = scratch_.message;
    switch (message.type) {
        case MessageType::invocation:
            return dispatch(false);
        case MessageType::stream_invocation:
            return dispatch(true);
        case MessageType::cancel_invocation:
            cancel();
            break;
        case MessageType::stream_item:
            return take_item();
        case MessageType::completion:
            take_completion();
            break;
        case MessageType::ping:
            client_pings_ = true;
            break;
        case MessageType::close:
            end({}, false,
                message.error.empty() ? std::string() : "HubException: " + message.error);
            break;
        case MessageType::ack:
            if (stateful_) {
                connection_->outbox().acknowledge(message.sequence_id);
            }
            break;
        case MessageType::sequence:
            if (stateful_ && !received_.restart(message.sequence_id)) {
                fail(kBadSequence);
            }
            break;
        case MessageType::unknown:
            break;
    }
    return true;
}

// Order of checks as in the reference: lookup, arguments, slot, authorization, mode, streams.
bool HubConnection::dispatch(bool streaming) {
    const auto& message = scratch_.message;
    lower_ascii(message.target, scratch_.lower_name);
    const auto* method = session_->find_method(scratch_.lower_name);
    if (method == nullptr) {
        reject(kServerError, "HubException: Method does not exist.", true);
        return true;
    }
    const auto given = message.arguments.size();
    if (given < method->arguments_min || given > method->arguments_max) {
        reject(kServerError,
               "InvalidDataException: Invocation provides " + std::to_string(given) +
                   " argument(s) but target expects " + std::to_string(method->arguments_max) + ".",
               false);
        return true;
    }
    const bool needs_slot = !streaming && method->uploads == 0;
    if (needs_slot && slots_taken_ >= options_.parallel_invocations_max) {
        return false;
    }
    Uploads uploads;
    const HubCall call{*this, message, uploads};
    if (!session_->authorize(*method, call)) {
        complete_error(
            message.invocation_id,
            std::string(kBindFailed).append(method->declared_name).append(kUnauthorized));
        return true;
    }
    const bool is_stream = method->kind == MethodKind::stream;
    if (is_stream != streaming) {
        complete_error(message.invocation_id,
                       std::string("The client attempted to invoke the ") +
                           (is_stream ? "streaming '" : "non-streaming '") + message.target +
                           (streaming ? "' method with a streaming invocation."
                                      : "' method with a non-streaming invocation."));
        return true;
    }
    if (!start_uploads(method->uploads, uploads)) {
        return true;
    }
    if (is_stream && !start_stream()) {
        end_uploads(uploads);
        return true;
    }
    if (needs_slot && method->kind == MethodKind::async) {
        ++slots_taken_;
    }
    method->call(*session_, *method, call);
    if (method->kind == MethodKind::plain) {
        end_uploads(uploads);
    }
    return true;
}

// False: answered with the reason.
bool HubConnection::start_uploads(std::size_t expected, Uploads& uploads) {
    const auto& message = scratch_.message;
    const auto& ids = message.stream_ids;
    if (ids.size() != expected) {
        complete_error(message.invocation_id, std::string(kUnexpectedError) + message.target +
                                                  "' on the server. HubException: Client sent " +
                                                  std::to_string(ids.size()) +
                                                  " stream(s), Hub method expects " +
                                                  std::to_string(expected) + ".");
        return false;
    }
    if (uploads_.size() + ids.size() > options_.streams_max) {
        complete_error(message.invocation_id, "This connection may upload " +
                                                  std::to_string(options_.streams_max) +
                                                  " streams at a time.");
        return false;
    }
    for (const auto& id : ids) {
        auto upload = std::make_shared<UploadStream>(*this, id, options_.stream_buffer_capacity,
                                                     options_.detailed_errors);
        if (!uploads_.emplace(id, upload).second) {
            end_uploads(uploads);
            complete_error(message.invocation_id, in_use(id));
            return false;
        }
        uploads.push_back(std::move(upload));
    }
    return true;
}

// False: answered with the reason.
bool HubConnection::start_stream() {
    const auto& id = scratch_.message.invocation_id;
    if (has_stream(id)) {
        complete_error(id, in_use(id));
        return false;
    }
    if (streams_.size() >= options_.streams_max) {
        complete_error(id, "This connection has " + std::to_string(options_.streams_max) +
                               " running streams, the most it may have.");
        return false;
    }
    streams_.push_back(id);
    return true;
}

void HubConnection::reject(std::string_view base, std::string_view detail, bool always_detailed) {
    std::string text(kBindFailed);
    text += scratch_.message.target;
    text += base;
    if (!detail.empty() && (always_detailed || options_.detailed_errors)) {
        text += ' ';
        text += detail;
    }
    complete_error(scratch_.message.invocation_id, text);
}

// Whether an id is known, of a stream or of a running method, is for the session to say.
void HubConnection::cancel() {
    const auto id = scratch_.message.invocation_id;
    if (!session_->on_cancel(id)) {
        end_stream(id);
    }
}

bool HubConnection::take_item() {
    const auto& message = scratch_.message;
    const auto found = uploads_.find(message.invocation_id);
    if (found == uploads_.end()) {
        return true;
    }
    const auto upload = found->second;  // its reader may end it
    if (upload->full()) {
        return false;
    }
    upload->push(message.value);
    return true;
}

// Uploads first, then our own questions, then those of other connections, as in the reference.
void HubConnection::take_completion() {
    const auto& message = scratch_.message;
    if (auto upload = uploads_.extract(message.invocation_id)) {
        upload.mapped()->detach();
        if (message.has_error) {
            upload.mapped()->fail(message.error);
        } else {
            upload.mapped()->finish();
        }
        return;
    }
    if (auto asked = asked_.extract(message.invocation_id)) {
        ClientResult result;
        result.kind = message.has_error ? ClientResult::Kind::error : ClientResult::Kind::result;
        result.value = message.has_error ? std::string_view(message.error) : message.value;
        result.empty = !message.has_error && message.value.empty();
        asked.mapped()(result);
        return;
    }
    if (session_->on_foreign_result(message.invocation_id)) {
        fail("InvalidOperationException: Connection ID '" + id_ +
             "' is not valid for invocation ID '" + message.invocation_id + "'.");
    }
}

}  // namespace hubtrail::hub
