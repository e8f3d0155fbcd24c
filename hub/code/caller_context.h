#pragma once

#include <any>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "hub/code/cancellation.h"
#include "hub/code/request_info.h"
#include "transport/connection.h"

namespace hubtrail::hub {

class HubConnection;
class Invocation;
class Wake;

/// A hub's caller: one for each connection, for as long as anything of the hub runs for it, which
/// may be longer than the connection. Thread: strand.
class CallerContext {
public:
    CallerContext(std::string connection_id, RequestInfo request,
                  std::shared_ptr<const auth::Principal> user)
        : connection_id_(std::move(connection_id)),
          request_(std::move(request)),
          user_(std::move(user)) {}

    const std::string& connection_id() const { return connection_id_; }
    /// What UserIdProvider made of the user when the connection began; empty: none.
    const std::string& user_identifier() const {
        static const std::string kNone;
        return user_identifier_ ? *user_identifier_ : kNone;
    }
    /// Whom the token was for, with its claims; null: nobody. It may become another one while the
    /// connection lasts (authentication refresh): whoever waits with it in hand keeps a copy of the
    /// pointer.
    const std::shared_ptr<const auth::Principal>& user() const { return user_; }
    /// The request that opened the connection.
    const RequestInfo& request() const { return request_; }
    /// `WebSockets`, `ServerSentEvents` or `LongPolling`.
    std::string_view transport() const { return transport::transport_name(transport_); }

    /// Whatever the hub wants to keep for this connection.
    std::map<std::string, std::any>& items() {
        if (!items_) {
            items_ = std::make_unique<std::map<std::string, std::any>>();
        }
        return *items_;
    }

    /// Requested when the connection is gone.
    CancellationToken aborted() const { return aborted_.token(); }
    /// Ends the connection; the client does not reconnect.
    void abort();

private:
    friend class CodeSession;
    friend class Invocation;
    enum class Phase : std::uint8_t { before, connecting, connected, refused };
    /// What an idle connection has none of.
    struct Busy {
        std::vector<Invocation*> running;                     ///< that have not ended yet
        std::vector<std::shared_ptr<Wake>> waiting_for_room;  ///< owned with the streams that wait
    };

    Busy& busy() {
        if (!busy_) {
            busy_ = std::make_unique<Busy>();
        }
        return *busy_;
    }
    /// Once a second: a busy one keeps its memory from call to call.
    void rest() {
        if (busy_ && busy_->running.empty() && busy_->waiting_for_room.empty()) {
            busy_.reset();
        }
    }

    const std::string connection_id_;
    const RequestInfo request_;
    std::shared_ptr<const auth::Principal> user_;         ///< owned with the token cache
    std::unique_ptr<const std::string> user_identifier_;  ///< null: none
    std::unique_ptr<std::map<std::string, std::any>> items_;
    CancellationSource aborted_;

    HubConnection* connection_ = nullptr;  ///< null before and after
    std::unique_ptr<Busy> busy_;
    std::string* end_error_ = nullptr;  ///< of whoever connects: why the connection ended meanwhile
    transport::TransportKind transport_{};
    Phase phase_ = Phase::before;
    bool congested_ = false;
};

}  // namespace hubtrail::hub
