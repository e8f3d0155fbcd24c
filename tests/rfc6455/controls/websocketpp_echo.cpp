// The echo of websocketpp's own server, a second opinion on the driver: PORT, or 0 for a free one.
// Says "ready ws://127.0.0.1:PORT/wsecho". C++17: websocketpp 0.8.2 is not valid C++20.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

namespace {

constexpr std::size_t kControlMessageBytes = 17U << 20U;
constexpr int kBacklog = 1024;

using Server = websocketpp::server<websocketpp::config::asio>;

void serve(std::uint16_t port) {
    Server server;
    server.clear_access_channels(websocketpp::log::alevel::all);
    server.clear_error_channels(websocketpp::log::elevel::all);
    server.set_max_message_size(kControlMessageBytes);
    server.init_asio();
    server.set_reuse_addr(true);
    server.set_listen_backlog(kBacklog);
    server.set_validate_handler([&server](websocketpp::connection_hdl handle) {
        const std::string& resource = server.get_con_from_hdl(handle)->get_resource();
        return resource.substr(0, resource.find('?')) == "/wsecho";
    });
    server.set_message_handler(
        [&server](websocketpp::connection_hdl handle, const Server::message_ptr& message) {
            websocketpp::lib::error_code gone;
            server.send(handle, message->get_payload(), message->get_opcode(), gone);
        });
    server.listen(websocketpp::lib::asio::ip::tcp::endpoint(
        websocketpp::lib::asio::ip::address_v4::loopback(), port));
    server.start_accept();
    websocketpp::lib::asio::error_code error;
    std::printf("ready ws://127.0.0.1:%u/wsecho\n",
                static_cast<unsigned>(server.get_local_endpoint(error).port()));
    std::fflush(stdout);
    server.run();
}

}  // namespace

int main(int argc, char** argv) {
    serve(static_cast<std::uint16_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0));
}
