#include "hub/code/messenger.h"

#include <utility>

namespace hubtrail::hub {
namespace {

using DonePtr = std::shared_ptr<OneShot<std::string>>;

HubManager::Done tell(DonePtr done) {
    return [done = std::move(done)](std::string_view error) { done->set(std::string(error)); };
}

}  // namespace

Operation Messenger::send(transport::Loop* from, Recipients to, std::string_view target,
                          const Arguments& arguments) const {
    auto message = std::make_shared<EncodedInvocation>();
    std::string raw;
    for (const auto encoding : protocol::kEncodings) {
        const auto* const protocol = protocols_.find(encoding);
        if (protocol == nullptr || !manager_.wants(encoding)) {
            continue;
        }
        raw.clear();
        const auto writer = protocol->make_writer(raw);
        arguments(*writer);
        check_written(*writer);
        protocol->append_invocation((*message)[encoding], protocol::MessageType::invocation, {},
                                    target, raw, writer->count());
    }
    auto done = std::make_shared<OneShot<std::string>>();
    manager_.send(from, std::move(to), std::move(message), tell(done));
    return Operation(std::move(done));
}

Operation Messenger::change_group(transport::Loop* from, bool add, std::string connection_id,
                                  std::string group) const {
    auto done = std::make_shared<OneShot<std::string>>();
    if (add) {
        manager_.add_to_group(from, std::move(connection_id), std::move(group), tell(done));
    } else {
        manager_.remove_from_group(from, std::move(connection_id), std::move(group), tell(done));
    }
    return Operation(std::move(done));
}

std::shared_ptr<const ClientQuestion> Messenger::make_question(std::string_view target,
                                                               const Arguments& arguments) const {
    auto question = std::make_shared<ClientQuestion>();
    question->target = target;
    for (const auto encoding : protocol::kEncodings) {
        if (const auto* const protocol = protocols_.find(encoding)) {
            auto& encoded = question->arguments[encoding];
            const auto writer = protocol->make_writer(encoded.raw);
            arguments(*writer);
            check_written(*writer);
            encoded.count = writer->count();
        }
    }
    return question;
}

std::unique_ptr<ValueReader> Messenger::make_reader(protocol::Encoding encoding,
                                                    std::string_view raw) const {
    if (const auto* const protocol = protocols_.find(encoding)) {
        return protocol->make_reader(raw);
    }
    throw HubException("The client's result is in an unknown encoding.");
}

}  // namespace hubtrail::hub
