#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/connection/hub_session.h"
#include "hub/connection/uploads.h"

namespace hubtrail::hub {

class HubConnection;

/// A client's invocations: finds the method, checks the call as the reference does and in its
/// order, and knows what runs: slots of plain invocations, and streams by id (docs/protocol/hub.md
/// has the texts). Thread: strand.
class Calls {
public:
    /// `connection` owns it.
    explicit Calls(HubConnection& connection) : connection_(connection) {}

    enum class Kind { invocation, stream_invocation };
    /// The message is the one of the connection's scratch. False: it has to wait for a slot.
    bool dispatch(Kind kind);

    void release_slot();
    bool slot_taken() const { return slots_taken_ > 0; }

    bool has_stream(std::string_view id) const;
    /// False: there is none of this id.
    bool forget_stream(std::string_view id);

private:
    bool may_be_called(const HubMethod& method, const HubCall& call, bool streaming);
    bool start_stream();
    void reject(std::string_view detail, bool always_detailed);

    HubConnection& connection_;
    std::size_t slots_taken_ = 0;
    std::unique_ptr<std::vector<std::string>> streams_;  ///< null: none, as most of the time
};

}  // namespace hubtrail::hub
