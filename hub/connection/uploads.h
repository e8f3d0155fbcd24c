#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/connection/hub_options.h"
#include "hub/connection/upload_stream.h"
#include "protocol/hub_message.h"

namespace hubtrail::hub {

class RecordInput;

/// The streams that one client sends to methods that run (HubProtocol.md "Upload streaming"), by
/// id. Thread: strand.
class Uploads {
public:
    using List = std::vector<std::shared_ptr<UploadStream>>;  ///< owned with the methods

    /// Both must outlive it.
    Uploads(RecordInput& input, const HubOptions& options) : input_(input), options_(options) {}
    ~Uploads();

    /// Opens the streams that the invocation announces. Empty: `list` has them, in order.
    /// Otherwise why the client may not open them, and none is open.
    std::string open(const protocol::HubMessage& invocation, std::size_t expected, List& list);
    /// The method that took them has ended: later items of them are ignored.
    void end(const List& list);

    /// A StreamItem. False: it has to wait until its stream has room. Unknown ids are ignored.
    bool take_item(const protocol::HubMessage& item);
    /// A Completion. False: it ends no upload.
    bool take_completion(const protocol::HubMessage& completion);
    /// The connection is closed: so whoever reads them is told.
    void abandon();

private:
    using Open = std::map<std::string, std::shared_ptr<UploadStream>, std::less<>>;
    void forget_if_empty();

    RecordInput& input_;
    const HubOptions& options_;
    std::unique_ptr<Open> open_;  ///< owned with the methods; null: none, as most of the time
};

/// What a client is told that uses an id twice.
std::string invocation_id_in_use(std::string_view id);

}  // namespace hubtrail::hub
