#include "protocol/handshake.h"

#include <string>
#include <utility>

#include "protocol/json.h"
#include "protocol/json_fields.h"
#include "protocol/json_hub_protocol.h"

namespace hubtrail::protocol {
namespace {

using Step = JsonScanner::Step;

Failure<ProtocolError> refuse(const JsonScanner& in, ProtocolError error) {
    // What the reference's JSON library says here is its own; a place is of use to anybody.
    if (error.code == ProtocolErrc::bad_json) {
        error.exception = "JsonReaderException";
        error.detail =
            "The handshake is not valid JSON, see byte " + std::to_string(in.offset()) + ".";
    }
    error.code = ProtocolErrc::bad_handshake;
    return Failure{std::move(error)};
}

Failure<ProtocolError> refuse_missing(std::string_view name, std::string_view record) {
    std::string detail = "Missing required property '";
    detail.append(name).append("'. Message content: ").append(record);
    return Failure{ProtocolError{ProtocolErrc::bad_handshake, std::move(detail)}};
}

}  // namespace

Result<HandshakeRequest, ProtocolError> parse_handshake(std::string_view record) {
    JsonFieldReader in(record);
    HandshakeRequest request;
    bool has_protocol = false;
    bool has_version = false;
    bool good = in.open_object();
    std::string_view name;
    auto step = good ? in.first_property(name) : Step::error;
    for (; good && step == Step::item; step = in.next_property(name)) {
        if (name == "protocol") {
            good = !has_protocol ? in.read_text(name, request.protocol)
                                 : in.fail("Duplicate property 'protocol'.");
            has_protocol = true;
        } else if (name == "version") {
            // The reference reads null as if the property were absent.
            const bool is_null = in.scanner().peek() == 'n';
            good = has_version ? in.fail("Duplicate property 'version'.")
                   : is_null   ? in.scanner().skip_value(0)
                               : in.read_int32(name, request.version);
            has_version = !is_null;
        } else {
            good = in.scanner().skip_value(JsonScanner::kDepthMax - 1);
        }
        if (!good) {
            break;
        }
    }
    if (!good || step != Step::end || !in.scanner().finish()) {
        return refuse(in.scanner(), in.error());
    }
    if (!has_protocol) {
        return refuse_missing("protocol", record);
    }
    if (!has_version) {
        return refuse_missing("version", record);
    }
    return request;
}

void append_handshake_error(std::string& out, std::string_view error) {
    out += R"({"error":)";
    append_json_string(out, error);
    out.push_back('}');
    out.push_back(kRecordSeparator);
}

}  // namespace hubtrail::protocol
