#include "server/config_setting.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "auth/jose/jose_verifier.h"
#include "auth/jose/token_signer.h"
#include "base/ascii.h"
#include "protocol/hub_protocol.h"
#include "transport/net/net_loop.h"

namespace hubtrail::server {
namespace {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kNsPerMs = 1'000'000;

constexpr ConfigRange kLoops = {0, 256};
constexpr ConfigRange kReaderThreads = {1, 64};
constexpr ConfigRange kConnections = {0, 10'000'000};
constexpr ConfigRange kCachedTokens = {1, 1'000'000};
constexpr ConfigRange kLeewayMs = {0, auth::kLeewayMaxS* kSecondMs};
constexpr ConfigRange kLifetimeMs = {kMinuteMs, auth::kTtlMaxS* kSecondMs};
constexpr ConfigRange kHandshakeMs = {100, 5 * kMinuteMs};
constexpr ConfigRange kKeepAliveMs = {100, kHourMs};
constexpr ConfigRange kClientTimeoutMs = {200, kDayMs};
constexpr ConfigRange kReceiveBytes = {256, 16 * 1024 * 1024};
constexpr ConfigRange kStreams = {1, 10'000};
constexpr ConfigRange kStreamBuffer = {1, 10'000};
constexpr ConfigRange kParallel = {1, 1'000};
constexpr ConfigRange kStatefulBytes = {1024, 16 * 1024 * 1024};
constexpr ConfigRange kBufferBytes = {4 * 1024, 16 * 1024 * 1024};
constexpr ConfigRange kNegotiateVersion = {0, 1};
constexpr ConfigRange kPollMs = {100, kHourMs};
constexpr ConfigRange kCloseMs = {100, kMinuteMs};
constexpr ConfigRange kSendMs = {100, kHourMs};
constexpr ConfigRange kGatherMs = {0, kSecondMs};
constexpr ConfigRange kDrainMs = {0, 10 * kMinuteMs};
constexpr ConfigRange kDisconnectMs = {100, kHourMs};

constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kHubPathBytesMax = 128;
constexpr std::size_t kStreamBytesMax = 64;  // docs/api.md 1

using Fits = bool (*)(const std::string&);

// Control characters cannot be meant, and would let a value fake a line of a log.
bool is_line(const std::string& text) {
    return text.size() <= kTextBytesMax && std::none_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
}

bool is_filled_line(const std::string& text) {
    return !text.empty() && is_line(text);
}

bool is_listen_address(const std::string& text) {
    return static_cast<bool>(transport::parse_listen_address(text));
}

bool is_listen_address_or_none(const std::string& text) {
    return text.empty() || is_listen_address(text);
}

// A key in place of its path would end up in what check-config prints.
bool is_key_path(const std::string& text) {
    return is_filled_line(text) && text.find('{') == std::string::npos;
}

bool is_word(const std::string& text) {
    return is_filled_line(text) && text.find(' ') == std::string::npos;
}

bool is_stream(const std::string& text) {
    return !text.empty() && text.size() <= kStreamBytesMax &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") == std::string::npos;
}

// The REST interface has its own paths.
bool is_hub_path(const std::string& text) {
    return text.size() > 1 && text.rfind("/api/", 0) != 0 && text.back() != '/' &&
           text.front() == '/' && text.size() <= kHubPathBytesMax &&
           text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyz0123456789_.-/"
               "ABCDEFGHIJKLMNOPQRSTUVWXYZ~") == std::string::npos;
}

// As browsers write it (RFC 6454): scheme, host and port, nothing behind. No wildcard: credentials
// are allowed.
bool is_origin(const std::string& text) {
    const auto scheme = text.find("://");
    const auto name = text.substr(0, scheme);
    if (!is_word(text) || scheme == std::string::npos || (name != "http" && name != "https")) {
        return false;
    }
    const auto host = text.substr(scheme + 3);
    return !host.empty() && host.find_first_of("/*?#@") == std::string::npos &&
           std::none_of(host.begin(), host.end(), is_upper);
}

std::string between(const std::string& min, const std::string& max) {
    return " from " + min + " to " + max;
}

/// `access` gives the member of a target, const or not.
template <typename Target, typename Access>
using Member = std::remove_reference_t<std::invoke_result_t<Access, Target&>>;

template <typename Target, typename Access>
Setting<Target> text(SettingName name, Access access, Fits fits, std::string expects,
                     std::string help) {
    return {std::move(name),
            std::move(help),
            std::move(expects),
            "TEXT",
            [access, fits](const ConfigValue& value, Target& target) {
                auto read = read_text(value);
                if (!read || !fits(*read)) {
                    return false;
                }
                access(target) = std::move(*read);
                return true;
            },
            [access](const Target& target) { return quote_text(access(target)); }};
}

template <typename Target, typename Access>
Setting<Target> list(SettingName name, Access access, Fits fits, std::string expects,
                     std::string help, std::size_t items_min = 0) {
    return {std::move(name),
            std::move(help),
            std::move(expects),
            "LIST",
            [access, fits, items_min](const ConfigValue& value, Target& target) {
                auto read = read_list(value);
                if (!read || read->size() < items_min ||
                    !std::all_of(read->begin(), read->end(), fits)) {
                    return false;
                }
                access(target) = std::move(*read);
                return true;
            },
            [access](const Target& target) { return quote_list(access(target)); }};
}

template <typename Target, typename Access>
Setting<Target> on_off(SettingName name, Access access, std::string help) {
    return {std::move(name),
            std::move(help),
            "true or false",
            "",
            [access](const ConfigValue& value, Target& target) {
                const auto read = read_bool(value);
                if (read) {
                    access(target) = *read;
                }
                return read.has_value();
            },
            [access](const Target& target) { return access(target) ? "true" : "false"; }};
}

template <typename Target, typename Access>
Setting<Target> integer(SettingName name, Access access, ConfigRange range, std::string help) {
    return {std::move(name),
            std::move(help),
            "a whole number" + between(std::to_string(range.min), std::to_string(range.max)),
            "N",
            [access, range](const ConfigValue& value, Target& target) {
                const auto read = read_integer(value, range);
                if (read) {
                    access(target) = static_cast<Member<Target, Access>>(*read);
                }
                return read.has_value();
            },
            [access](const Target& target) { return std::to_string(access(target)); }};
}

template <typename Target, typename Access>
Setting<Target> size(SettingName name, Access access, ConfigRange range, std::string help) {
    return {std::move(name),
            std::move(help),
            "a size" + between(format_size(range.min), format_size(range.max)) +
                ", such as \"32KiB\" or 32768",
            "SIZE",
            [access, range](const ConfigValue& value, Target& target) {
                const auto read = read_size(value, range);
                if (read) {
                    access(target) = static_cast<Member<Target, Access>>(*read);
                }
                return read.has_value();
            },
            [access](const Target& target) {
                return quote_text(format_size(static_cast<std::int64_t>(access(target))));
            }};
}

enum class Kept { seconds, nanoseconds };

template <typename Target, typename Access>
Setting<Target> duration(SettingName name, Access access, Kept kept, ConfigRange range_ms,
                         std::string help) {
    const auto expects =
        (kept == Kept::seconds ? "whole seconds" : "a duration") +
        between(format_duration_ms(range_ms.min), format_duration_ms(range_ms.max)) +
        R"(, such as "15s", "2m" or 15)";
    return {std::move(name),
            std::move(help),
            expects,
            "DURATION",
            [access, kept, range_ms](const ConfigValue& value, Target& target) {
                const auto read = read_duration_ms(value, range_ms);
                if (!read || (kept == Kept::seconds && *read % kSecondMs != 0)) {
                    return false;
                }
                access(target) = kept == Kept::seconds ? *read / kSecondMs : *read * kNsPerMs;
                return true;
            },
            [access, kept](const Target& target) {
                return quote_text(format_duration_ms(kept == Kept::seconds
                                                         ? access(target) * kSecondMs
                                                         : access(target) / kNsPerMs));
            }};
}

/// One of the words, which stand for the enumerators from 0 on.
template <typename Target, typename Access, std::size_t N>
Setting<Target> choice(SettingName name, Access access, const std::array<const char*, N>& words,
                       std::string help) {
    std::string expects;
    std::string value_name;
    for (const auto* word : words) {
        expects += (expects.empty() ? "" : ", ") + std::string(word);
        value_name += (value_name.empty() ? "" : "|") + std::string(word);
    }
    return {std::move(name),
            std::move(help),
            "one of " + expects,
            value_name,
            [access, words](const ConfigValue& value, Target& target) {
                const auto read = read_text(value);
                const auto found = std::find(words.begin(), words.end(), read.value_or(""));
                if (found == words.end()) {
                    return false;
                }
                access(target) = static_cast<Member<Target, Access>>(found - words.begin());
                return true;
            },
            [access, words](const Target& target) {
                return quote_text(words.at(static_cast<std::size_t>(access(target))));
            }};
}

template <typename Target>
Setting<Target> called(const char* value_name, Setting<Target> setting) {
    setting.value_name = value_name;
    return setting;
}

template <typename Target>
Setting<Target> hidden(Setting<Target> setting) {
    setting.may_be_shown = false;
    return setting;
}

using ServerSettings = std::vector<Setting<ServerConfig>>;
using Config = ServerConfig;

// The accessors read and write: for a const target `auto&` is a const member.
// NOLINTBEGIN(bugprone-macro-parentheses): the name of a member takes none
#define HUBTRAIL_MEMBER(path)   \
    [](auto& target) -> auto& { \
        return target.path;     \
    }
// NOLINTEND(bugprone-macro-parentheses)

void add_process_settings(ServerSettings& all) {
    all.push_back(
        called("ADDR:PORT",
               text<Config>({"", "listen", "--listen"}, HUBTRAIL_MEMBER(listen), is_listen_address,
                            R"(ADDRESS:PORT such as "127.0.0.1:8080" or "[::1]:8080")",
                            "where the server answers; port 0 takes a free one")));
    all.push_back(called("DIR", text<Config>({"", "data", "--data"}, HUBTRAIL_MEMBER(data_dir),
                                             is_filled_line, "the path of a directory",
                                             "directory of the log and of the server's own keys; "
                                             "made when it is missing")));
    all.push_back(called(
        "ADDR:PORT",
        text<Config>({"server", "admin_listen", "--admin-listen"}, HUBTRAIL_MEMBER(admin_listen),
                     is_listen_address_or_none,
                     "ADDRESS:PORT such as \"127.0.0.1:9090\", or nothing",
                     "where /metrics, /livez and /readyz are served, without a token; empty: "
                     "metrics are not served")));
    all.push_back(integer<Config>({"server", "loops", "--loops"}, HUBTRAIL_MEMBER(loops), kLoops,
                                  "event loops, each with its own thread; 0: one per core"));
    all.push_back(integer<Config>({"server", "reader_threads", ""}, HUBTRAIL_MEMBER(reader_threads),
                                  kReaderThreads, "threads that read the log from disk"));
    all.push_back(integer<Config>(
        {"server", "connections_max", ""}, HUBTRAIL_MEMBER(connections_max), kConnections,
        "connections at once; 0: what the descriptor limit allows, less 512"));
    all.push_back(duration<Config>(
        {"server", "drain_window", ""}, HUBTRAIL_MEMBER(drain_window_ns), Kept::nanoseconds,
        kDrainMs,
        "after SIGTERM hub clients are told to reconnect elsewhere, one after another over "
        "this time; a second signal ends at once"));
    all.push_back(duration<Config>(
        {"server", "gather_max", ""}, HUBTRAIL_MEMBER(gather_ns_max), Kept::nanoseconds, kGatherMs,
        "the longest that a message for many waits for more of them, so that they leave in one "
        "write; only on a loop that is busy for over half of its time; 0: never"));
    all.push_back(on_off<Config>({"server", "demo", "--demo"}, HUBTRAIL_MEMBER(demo),
                                 "serve the demo page at / with a token for everybody who asks; "
                                 "on a loopback address only"));
    all.push_back(on_off<Config>({"server", "bench_hub", "--bench-hub"}, HUBTRAIL_MEMBER(bench_hub),
                                 "map the hub /bench that `hubtrail bench` loads"));
    all.push_back(
        called("DIR", text<Config>({"server", "page", "--page"}, HUBTRAIL_MEMBER(page_dir), is_line,
                                   "the path of a directory",
                                   "directory of the demo page's files; empty: found "
                                   "beside the program")));
    constexpr std::array<const char*, 4> kLevels = {"debug", "info", "warn", "error"};
    all.push_back(choice<Config>({"log", "level", "--log-level"}, HUBTRAIL_MEMBER(log_level),
                                 kLevels, "the least important lines that are written"));
    constexpr std::array<const char*, 2> kFormats = {"text", "json"};
    all.push_back(choice<Config>({"log", "format", "--log-format"}, HUBTRAIL_MEMBER(log_format),
                                 kFormats, "lines for people, or one JSON object per line"));
}

void add_auth_settings(ServerSettings& all) {
    all.push_back(hidden(list<Config>(
        {"auth", "key_files", ""}, HUBTRAIL_MEMBER(auth_key_files), is_key_path,
        "a list of paths (never the keys themselves)",
        "files that hold a JWK or a JWK set; without any, the server makes an HS256 key of its own "
        "in the data directory and `hubtrail token` signs with it")));
    all.push_back(text<Config>({"auth", "issuer", ""}, HUBTRAIL_MEMBER(auth.issuer), is_filled_line,
                               "text that is not empty",
                               "the claim `iss` of every token; needed with key_files"));
    all.push_back(
        list<Config>({"auth", "audience", ""}, HUBTRAIL_MEMBER(auth.audiences), is_filled_line,
                     "a list of one or more texts",
                     "names of this server: the claim `aud` must hold one of them; needed "
                     "with key_files",
                     1));
    all.push_back(text<Config>({"auth", "tenant_claim", ""}, HUBTRAIL_MEMBER(auth.tenant_claim),
                               is_filled_line, "text that is not empty",
                               "the claim that names the tenant"));
    all.push_back(text<Config>({"auth", "sites_claim", ""}, HUBTRAIL_MEMBER(auth.sites_claim),
                               is_filled_line, "text that is not empty",
                               "the claim that holds the roles by site"));
    all.push_back(duration<Config>({"auth", "leeway", ""}, HUBTRAIL_MEMBER(auth.leeway_s),
                                   Kept::seconds, kLeewayMs,
                                   "how far the clocks of issuer and server may differ"));
    all.push_back(duration<Config>({"auth", "lifetime_max", ""},
                                   HUBTRAIL_MEMBER(auth.lifetime_max_s), Kept::seconds, kLifetimeMs,
                                   "the longest time from `iat` to `exp` that is believed"));
    all.push_back(integer<Config>({"auth", "token_cache_max", ""}, HUBTRAIL_MEMBER(token_cache_max),
                                  kCachedTokens, "verified tokens that each loop remembers"));
}

/// Names that stand for switches or objects of a target, as a list of words.
template <typename Target>
Setting<Target> words(SettingName name, std::vector<std::string> known, std::string help,
                      std::function<void(Target&, const std::vector<std::string>&)> write,
                      std::function<std::vector<std::string>(const Target&)> current) {
    std::string expects = "a list of one or more of ";
    for (const auto& word : known) {
        expects += (word == known.front() ? "" : ", ") + word;
    }
    return {std::move(name),
            std::move(help),
            std::move(expects),
            "LIST",
            [known = std::move(known), write = std::move(write)](const ConfigValue& value,
                                                                 Target& target) {
                const auto read = read_list(value);
                if (!read || read->empty() ||
                    !std::all_of(read->begin(), read->end(), [&](const auto& word) {
                        return std::find(known.begin(), known.end(), word) != known.end();
                    })) {
                    return false;
                }
                write(target, *read);
                return true;
            },
            [current = std::move(current)](const Target& target) {
                return quote_list(current(target));
            }};
}

bool has(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

void set_protocols(hub::HubOptions& options, const std::vector<std::string>& names) {
    options.protocols.json = has(names, name_of(protocol::Encoding::json));
    options.protocols.messagepack = has(names, name_of(protocol::Encoding::messagepack));
}

std::vector<std::string> protocol_names(const hub::HubOptions& options) {
    std::vector<std::string> names;
    for (const auto encoding : protocol::kEncodings) {
        if (options.protocols.find(encoding) != nullptr) {
            names.emplace_back(name_of(encoding));
        }
    }
    return names;
}

void set_transports(transport::EndpointOptions& endpoint, const std::vector<std::string>& names) {
    endpoint.web_sockets = has(names, "WebSockets");
    endpoint.server_sent_events = has(names, "ServerSentEvents");
    endpoint.long_polling = has(names, "LongPolling");
}

std::vector<std::string> transport_names(const transport::EndpointOptions& endpoint) {
    std::vector<std::string> names;
    if (endpoint.web_sockets) {
        names.emplace_back("WebSockets");
    }
    if (endpoint.server_sent_events) {
        names.emplace_back("ServerSentEvents");
    }
    if (endpoint.long_polling) {
        names.emplace_back("LongPolling");
    }
    return names;
}

/// Of what a hub does with its connections.
template <typename Target>
void add_hub_settings(std::vector<Setting<Target>>& all, const char* section) {
    const auto name = [section](const char* key) { return SettingName{section, key, ""}; };
    const auto time = [&](const char* key, auto access, ConfigRange range, const char* help) {
        all.push_back(duration<Target>(name(key), access, Kept::nanoseconds, range, help));
    };
    time("handshake_timeout", HUBTRAIL_MEMBER(hub.handshake_timeout_ns), kHandshakeMs,
         "a client that has not said its protocol by then is closed");
    time("keep_alive_interval", HUBTRAIL_MEMBER(hub.keep_alive_interval_ns), kKeepAliveMs,
         "a ping is sent this often");
    time("client_timeout_interval", HUBTRAIL_MEMBER(hub.client_timeout_ns), kClientTimeoutMs,
         "a client that was silent for this long is closed; must exceed keep_alive_interval, twice "
         "that is usual");
    all.push_back(size<Target>(name("maximum_receive_message_size"),
                               HUBTRAIL_MEMBER(hub.receive_bytes_max), kReceiveBytes,
                               "the longest hub message that a client may send"));
    all.push_back(integer<Target>(name("stream_buffer_capacity"),
                                  HUBTRAIL_MEMBER(hub.stream_buffer_capacity), kStreamBuffer,
                                  "items of one upload that wait to be read; then reading stops"));
    all.push_back(
        integer<Target>(name("maximum_parallel_invocations_per_client"),
                        HUBTRAIL_MEMBER(hub.parallel_invocations_max), kParallel,
                        "invocations of one client that run at once; the next one waits"));
    all.push_back(integer<Target>(name("streams_max"), HUBTRAIL_MEMBER(hub.streams_max), kStreams,
                                  "streams that one connection may have running, each way"));
    all.push_back(on_off<Target>(name("enable_detailed_errors"),
                                 HUBTRAIL_MEMBER(hub.detailed_errors),
                                 "tell clients why a hub method failed"));
    all.push_back(words<Target>(
        name("supported_protocols"), {"json", "messagepack"}, "encodings that a client may choose",
        [](Target& target, const auto& names) { set_protocols(target.hub, names); },
        [](const Target& target) { return protocol_names(target.hub); }));
    all.push_back(
        size<Target>(name("stateful_reconnect_buffer_size"),
                     HUBTRAIL_MEMBER(hub.stateful_buffer_bytes), kStatefulBytes,
                     "sent and not acknowledged bytes of a client with stateful reconnect "
                     "beyond which sends to it wait"));
}

/// Of how clients come to it.
template <typename Target>
void add_endpoint_settings(std::vector<Setting<Target>>& all, const char* section) {
    const auto name = [section](const char* key) { return SettingName{section, key, ""}; };
    const auto time = [&](const char* key, auto access, ConfigRange range, const char* help) {
        all.push_back(duration<Target>(name(key), access, Kept::nanoseconds, range, help));
    };
    all.push_back(words<Target>(
        name("transports"), {"WebSockets", "ServerSentEvents", "LongPolling"},
        "transports that negotiate offers",
        [](Target& target, const auto& names) { set_transports(target.endpoint, names); },
        [](const Target& target) { return transport_names(target.endpoint); }));
    all.push_back(
        list<Target>(name("allowed_origins"), HUBTRAIL_MEMBER(endpoint.allowed_origins), is_origin,
                     "a list of origins such as \"https://app.example\", without path or wildcard",
                     "pages of these origins may connect from a browser; those of the server's own "
                     "always may"));
    all.push_back(integer<Target>(
        name("minimum_protocol_version"), HUBTRAIL_MEMBER(endpoint.minimum_protocol_version),
        kNegotiateVersion, "the lowest negotiate version that is answered"));
    all.push_back(on_off<Target>(
        name("allow_stateful_reconnects"), HUBTRAIL_MEMBER(endpoint.allow_stateful_reconnects),
        "let clients that ask for it come back to their connection after the network "
        "failed, with nothing lost"));
    all.push_back(on_off<Target>(name("close_on_authentication_expiration"),
                                 HUBTRAIL_MEMBER(endpoint.close_on_authentication_expiration),
                                 "close a connection when its token ends"));
    all.push_back(on_off<Target>(
        name("enable_authentication_refresh"),
        HUBTRAIL_MEMBER(endpoint.enable_authentication_refresh),
        "let clients exchange their token for another one of the same user and rights "
        "while they are connected"));
    time("disconnect_timeout", HUBTRAIL_MEMBER(endpoint.disconnect_timeout_ns), kDisconnectMs,
         "how long a connection waits for its first request, its next poll, or to be resumed");
    time("poll_timeout", HUBTRAIL_MEMBER(endpoint.poll_timeout_ns), kPollMs,
         "how long a poll without data is held");
    time("close_timeout", HUBTRAIL_MEMBER(endpoint.close_timeout_ns), kCloseMs,
         "how long a WebSocket waits for the client's close frame");
    time("transport_send_timeout", HUBTRAIL_MEMBER(endpoint.send_timeout_ns), kSendMs,
         "a client that takes no byte for this long while bytes wait is cut off");
    all.push_back(size<Target>(name("application_max_buffer_size"),
                               HUBTRAIL_MEMBER(endpoint.application_buffer_bytes), kBufferBytes,
                               "bytes of posted messages that wait for the hub; then posts wait"));
    all.push_back(size<Target>(name("transport_max_buffer_size"),
                               HUBTRAIL_MEMBER(endpoint.transport_buffer_bytes), kBufferBytes,
                               "bytes that one poll's answer gathers"));
}

/// What [hub] sets for every hub and a [[log_hub]] for itself: `section` tells which.
template <typename Target>
void add_connection_settings(std::vector<Setting<Target>>& all, const char* section) {
    add_hub_settings(all, section);
    add_endpoint_settings(all, section);
}

ServerSettings make_server_settings() {
    ServerSettings all;
    add_process_settings(all);
    add_auth_settings(all);
    add_connection_settings(all, "hub");
    return all;
}

std::vector<Setting<hub::LogHubConfig>> make_log_hub_settings() {
    using Hub = hub::LogHubConfig;
    const auto name = [](const char* key) { return SettingName{kLogHubSection, key, ""}; };
    std::vector<Setting<Hub>> all = {
        text<Hub>(name("path"), HUBTRAIL_MEMBER(path), is_hub_path,
                  "a path such as \"/v1/hub/alarms\", not below /api, at most 128 characters",
                  "where clients connect; required"),
        list<Hub>(name("streams"), HUBTRAIL_MEMBER(streams), is_stream,
                  "a list of stream names (a-z 0-9 _ . -, at most 64 characters)",
                  "the streams that it follows; empty: any, and the client may choose"),
        list<Hub>(name("scopes"), HUBTRAIL_MEMBER(scopes), is_word, "a list of one or more scopes",
                  "the token must have one of them; required", 1),
        text<Hub>(name("method"), HUBTRAIL_MEMBER(method), is_word, "the name of a client method",
                  "the client method that gets each event"),
        on_off<Hub>(name("site_required"), HUBTRAIL_MEMBER(site_required),
                    "the URL must name one site by `site_id`"),
        on_off<Hub>(name("push_always"), HUBTRAIL_MEMBER(push_always),
                    "push to every connection; false: only when the URL has `since` or `push=1`"),
        on_off<Hub>(name("subscribe"), HUBTRAIL_MEMBER(subscribe),
                    "offer the stream Subscribe and the method GetCursor"),
    };
    add_connection_settings(all, kLogHubSection);
    return all;
}

/// The same key of the item at `index` of a list.
template <typename Item>
Setting<ServerConfig> on_item(const Setting<Item>& key, std::vector<Item> ServerConfig::*list,
                              std::size_t index) {
    return {key.name,
            key.help,
            key.expects,
            key.value_name,
            [read = key.read, list, index](const ConfigValue& value, ServerConfig& config) {
                return read(value, (config.*list).at(index));
            },
            [print = key.print, list, index](const ServerConfig& config) {
                return print((config.*list).at(index));
            },
            key.may_be_shown};
}

/// A row for [[name]], whose tables are the items of `list` and have `keys`. No item inherits
/// anything and every one is right as a whole, unless the row is told otherwise.
template <typename Item>
ArraySetting array_of(std::string name, std::vector<Item> ServerConfig::*list,
                      std::vector<Setting<Item>> keys) {
    ArraySetting array;
    array.name = std::move(name);
    array.count = [list](const ServerConfig& config) { return (config.*list).size(); };
    array.assign = [list](ServerConfig& config, std::size_t count) {
        (config.*list).assign(count, Item{});
    };
    array.inherit = [](ServerConfig& /*config*/) {};
    array.keys = [list, keys = std::move(keys)](std::size_t index) {
        std::vector<Setting<ServerConfig>> all;
        for (const auto& key : keys) {
            all.push_back(on_item(key, list, index));
        }
        return all;
    };
    array.settle = [](ServerConfig& /*config*/, std::size_t /*index*/) { return std::string(); };
    return array;
}

ArraySetting make_log_hub_array() {
    auto array = array_of(kLogHubSection, &ServerConfig::log_hubs, make_log_hub_settings());
    array.title = "hubs that are tails of the log";
    array.help =
        R"(Each of these tables, in the file only, declares one hub. If there is any, the three that follow are
not there unless they are declared again. Every key of `[hub]` may stand here too and then holds for this
hub instead of the value there.
)";
    array.needed = {"path", "scopes"};
    array.inherited = "hub";
    array.inherit = [](ServerConfig& config) {
        for (auto& hub : config.log_hubs) {
            hub.hub = config.hub;
            hub.endpoint = config.endpoint;
        }
    };
    array.settle = [](ServerConfig& config, std::size_t index) {
        auto& hub = config.log_hubs[index];
        hub.endpoint.message_bytes_max = hub::message_bytes_for(hub.hub);
        return timeouts_problem(hub.hub, kLogHubSection);
    };
    return array;
}

#undef HUBTRAIL_MEMBER

}  // namespace

bool ArraySetting::inherits(const std::string& key) const {
    return !inherited.empty() && find_setting(server_settings(), inherited, key) != nullptr;
}

const std::vector<Setting<ServerConfig>>& server_settings() {
    static const auto all = make_server_settings();
    return all;
}

const std::vector<ArraySetting>& array_settings() {
    static const std::vector<ArraySetting> all = {make_log_hub_array()};
    return all;
}

const Setting<ServerConfig>* find_setting(const std::vector<Setting<ServerConfig>>& settings,
                                          const std::string& section, const std::string& key) {
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const auto& setting) {
        return setting.name.section == section && setting.name.key == key;
    });
    return found == settings.end() ? nullptr : &*found;
}

const ArraySetting* find_array(const std::string& name) {
    const auto& all = array_settings();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& array) { return array.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::string timeouts_problem(const hub::HubOptions& options, const std::string& section) {
    return options.client_timeout_ns > options.keep_alive_interval_ns
               ? ""
               : "'" + section +
                     ".client_timeout_interval' must exceed 'hub.keep_alive_interval'; twice that "
                     "is usual";
}

std::string environment_name(const SettingName& name) {
    auto out = kEnvironmentPrefix + (name.section.empty() ? "" : name.section + "_") + name.key;
    std::transform(out.begin(), out.end(), out.begin(), to_upper);
    return out;
}

}  // namespace hubtrail::server
