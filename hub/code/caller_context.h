#pragma once

#include <any>
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
    const std::string& user_identifier() const { return user_identifier_; }
    /// Whom the token was for, with its claims; null: nobody. It may become another one while the
    /// connection lasts (authentication refresh): whoever waits with it in hand keeps a copy of the
    /// pointer.
    const std::shared_ptr<const auth::Principal>& user() const { return user_; }
    /// The request that opened the connection.
    const RequestInfo& request() const { return request_; }
    /// `WebSockets`, `ServerSentEvents` or `LongPolling`.
    std::string_view transport() const { return transport::transport_name(transport_); }

    /// Whatever the hub wants to keep for this connection.
    std::map<std::string, std::any>& items() { return items_; }

    /// Requested when the connection is gone.
    CancellationToken aborted() const { return aborted_.token(); }
    /// Ends the connection; the client does not reconnect.
    void abort();

private:
    friend class CodeSession;
    friend class Invocation;

    const std::string connection_id_;
    const RequestInfo request_;
    std::shared_ptr<const auth::Principal> user_;  ///< owned with the token cache
    std::string user_identifier_;
    transport::TransportKind transport_{};
    std::map<std::string, std::any> items_;
    CancellationSource aborted_;

    HubConnection* connection_ = nullptr;                  ///< null before and after
    std::vector<Invocation*> running_;                     ///< that have not ended yet
    std::vector<std::shared_ptr<Wake>> waiting_for_room_;  ///< owned with the streams that wait
    bool congested_ = false;
};

}  // namespace hubtrail::hub
