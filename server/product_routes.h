#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "server/config.h"
#include "transport/session/route_table.h"

namespace hubtrail::server {

inline constexpr std::string_view kBenchHubPath = "/bench";
inline constexpr const char* kBenchHubOwner = "the bench hub";
inline constexpr std::string_view kDemoSessionPath = "/demo/session";

/// A file of the demo page.
struct PageFile {
    std::string_view url;
    std::string_view path;  ///< below clients/js-sample
    std::string_view type;
};
inline constexpr std::size_t kPageFiles = 10;
const std::array<PageFile, kPageFiles>& page_files();

/// The demo page's paths and that of its token. Null: they are only claimed.
void add_demo_routes(transport::RouteTable& routes, transport::HttpHandler* page,
                     transport::HttpHandler* session);

/// Who a hub of the configuration is, for the operator. `where` may be empty.
std::string log_hub_owner(const std::string& where);

/// What would stop a server with this configuration from starting: two that want one path, a
/// sentence each. `hub_places`: where each of config.log_hubs stands, for the sentences; empty:
/// nowhere. Thread: any.
std::vector<std::string> find_route_conflicts(const ServerConfig& config,
                                              const std::vector<std::string>& hub_places);

}  // namespace hubtrail::server
