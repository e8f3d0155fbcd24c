#include "hub/code/request_info.h"

#include <string>

#include "tests/support/catch.h"
#include "transport/http_message.h"

namespace hubtrail::hub {
namespace {

TEST_CASE("A request is kept as it was, however long its parts are", "[hub]") {
    for (const std::size_t size : {0U, 1U, 126U, 127U, 128U, 129U, 16'383U, 16'384U, 70'000U}) {
        CAPTURE(size);
        transport::HttpRequest request;
        request.path = "/hub";
        request.headers = {{"first", std::string(size, 'a')}, {std::string(size, 'n'), "named"}};
        request.query = {{"last", std::string(size, 'q')}};
        const RequestInfo info(request);
        CHECK(info.path() == "/hub");
        CHECK(info.header("First") == std::string(size, 'a'));
        CHECK(info.header(std::string(size, 'N')) == "named");
        CHECK(info.query("last") == std::string(size, 'q'));
        CHECK_FALSE(info.header("last"));
        CHECK_FALSE(info.query("first"));
    }
}

TEST_CASE("Every header of the request is kept, that of the transport's handshake too", "[hub]") {
    transport::HttpRequest request;
    request.headers = {
        {"connection", "Upgrade"}, {"upgrade", "websocket"}, {"sec-websocket-key", "k"}};
    const RequestInfo info(request);
    CHECK(info.header("Connection") == "Upgrade");
    CHECK(info.header("upgrade") == "websocket");
    CHECK(info.header("Sec-WebSocket-Key") == "k");
}

TEST_CASE("The info of no request knows nothing", "[hub]") {
    const RequestInfo none;
    CHECK(none.path().empty());
    CHECK_FALSE(none.header("host"));
    CHECK_FALSE(none.cookie("a"));
    CHECK(none.remote_port() == 0);
}

}  // namespace
}  // namespace hubtrail::hub
