// Goal: no bytes crash the handshake, an error says why, and a request that was read reads the same
// when it is written anew in its plainest form.
#include "protocol/handshake.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/json.h"
#include "protocol/record_splitter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hubtrail::protocol;
    RecordSplitter splitter(2000);
    splitter.feed({reinterpret_cast<const char*>(data), size});
    const auto record = splitter.next();
    if (!record || !*record) {
        return 0;
    }
    const auto request = parse_handshake(**record);
    if (!request) {
        HUBTRAIL_CHECK(request.error().code == ProtocolErrc::bad_handshake, "code");
        // The detail may quote the record, which need not be UTF-8 only if it is no JSON: then it
        // is not quoted.
        std::string answer;
        append_handshake_error(answer, request.error().detail);
        answer.pop_back();
        HUBTRAIL_CHECK(check_json(answer, JsonLimits{}), "the answer is JSON");
        return 0;
    }
    std::string plain = R"({"protocol":)";
    append_json_string(plain, request->protocol);
    plain += R"(,"version":)" + std::to_string(request->version) + "}";
    const auto again = parse_handshake(plain);
    HUBTRAIL_CHECK(again, "what we wrote is a handshake");
    HUBTRAIL_CHECK(again->protocol == request->protocol && again->version == request->version,
                   "same");
    return 0;
}
