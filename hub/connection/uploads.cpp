#include "hub/connection/uploads.h"

#include <utility>

#include "hub/connection/record_input.h"

namespace hubtrail::hub {
namespace {

// The reference's texts (docs/protocol/hub.md).
constexpr std::string_view kUnexpectedError = "An unexpected error occurred invoking '";
constexpr std::string_view kConnectionClosed = "The underlying connection was closed.";

}  // namespace

std::string invocation_id_in_use(std::string_view id) {
    return "Invocation ID '" + std::string(id) + "' is already in use.";
}

Uploads::~Uploads() {
    if (open_) {
        for (const auto& [id, upload] : *open_) {
            upload->detach();
        }
    }
}

std::string Uploads::open(const protocol::HubMessage& invocation, std::size_t expected,
                          List& list) {
    const auto& ids = invocation.stream_ids;
    if (ids.size() != expected) {
        return std::string(kUnexpectedError) + invocation.target +
               "' on the server. HubException: Client sent " + std::to_string(ids.size()) +
               " stream(s), Hub method expects " + std::to_string(expected) + ".";
    }
    const auto opened = open_ ? open_->size() : 0;
    if (opened + ids.size() > options_.streams_max) {
        return "This connection may upload " + std::to_string(options_.streams_max) +
               " streams at a time.";
    }
    for (const auto& id : ids) {
        if (!open_) {
            open_ = std::make_unique<Open>();
        }
        auto upload = std::make_shared<UploadStream>(input_, id, options_.stream_buffer_capacity,
                                                     options_.detailed_errors);
        if (!open_->emplace(id, upload).second) {
            end(list);
            return invocation_id_in_use(id);
        }
        list.push_back(std::move(upload));
    }
    return {};
}

void Uploads::end(const List& list) {
    for (const auto& upload : list) {
        upload->detach();
        if (!open_) {
            continue;
        }
        const auto found = open_->find(upload->id());
        if (found != open_->end() && found->second == upload) {
            open_->erase(found);
        }
    }
    forget_if_empty();
    input_.pump_later();
}

bool Uploads::take_item(const protocol::HubMessage& item) {
    if (!open_) {
        return true;
    }
    const auto found = open_->find(item.invocation_id);
    if (found == open_->end()) {
        return true;
    }
    const auto upload = found->second;  // its reader may end it
    if (upload->full()) {
        return false;
    }
    upload->push(item.value);
    return true;
}

bool Uploads::take_completion(const protocol::HubMessage& completion) {
    if (!open_) {
        return false;
    }
    const auto ended = open_->extract(completion.invocation_id);
    if (!ended) {
        return false;
    }
    forget_if_empty();
    ended.mapped()->detach();
    if (completion.has_error) {
        ended.mapped()->fail(completion.error);
    } else {
        ended.mapped()->finish();
    }
    return true;
}

void Uploads::abandon() {
    const auto open = std::exchange(open_, nullptr);
    if (!open) {
        return;
    }
    for (const auto& [id, upload] : *open) {
        upload->detach();
        upload->abandon(std::string(kConnectionClosed));
    }
}

void Uploads::forget_if_empty() {
    if (open_ && open_->empty()) {
        open_.reset();
    }
}

}  // namespace hubtrail::hub
