#pragma once

#include "hub/code/clients.h"

namespace hubtrail::hub {

/// A hub's clients and groups from outside of it: from any thread, for as long as its server lives.
/// What it returns may be ignored, waited for with get() on a thread of your own, or awaited in a
/// hub. Thread: any.
template <typename H>
class HubContext {
public:
    explicit HubContext(const Messenger& messenger) : messenger_(&messenger) {}

    Clients clients() const { return {*messenger_, nullptr}; }
    Groups groups() const { return {*messenger_, nullptr}; }

private:
    const Messenger* messenger_;
};

}  // namespace hubtrail::hub
