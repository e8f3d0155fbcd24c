#include "hub/code/invocation_headers.h"

namespace hubtrail::hub {

std::optional<std::string> InvocationHeaders::find(std::string_view name) const {
    std::optional<std::string> found;
    if (raw_.empty()) {
        return found;
    }
    const auto reader = protocol_->make_reader(raw_);
    reader->begin_object();
    std::string key;
    std::string value;
    while (reader->next_member(key) == protocol::ValueReader::Step::item &&
           reader->read_string(value)) {
        if (key == name) {
            found = value;
        }
    }
    return found;
}

}  // namespace hubtrail::hub
