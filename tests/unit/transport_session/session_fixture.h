#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"
#include "tests/support/wire.h"
#include "tests/unit/transport_session/client_bytes.h"
#include "tests/unit/transport_session/session_fakes.h"
#include "transport/http/http_parser.h"
#include "transport/session/session_server.h"
#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::transport {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;

/// What the loops of a process share. Thread: strand.
struct SharedFixture {
    SeededRandom random{7};
    ConnectionTokens tokens{random};
    FakeClock clock;
    std::unique_ptr<Log> log = make_null_log();
    std::vector<FakeLoop*> loops;

    void run() {
        do {
            for (auto* loop : loops) {
                loop->run();
            }
        } while (std::any_of(loops.begin(), loops.end(),
                             [](const auto* loop) { return loop->posted() > 0; }));
    }
};

/// A session server on a fake loop with the real parser and decoder. Thread: strand.
struct SessionFixture {
    explicit SessionFixture(std::size_t connections_max = 100, SharedFixture* other = nullptr)
        : shared(other != nullptr ? *other : own_shared) {
        shared.loops.push_back(&loop);
        routes.add({{}, "/", &pages, "pages", PathMatch::fallback});
        routes.add_hub("/hub", hub, "the hub at /hub");
        routes.add_hub("/other-hub", other_hub, "the hub at /other-hub");
        SessionOptions options;
        options.make_parser = [this] {
            ++parsers_made;
            return make_http_parser();
        };
        options.make_decoder = [this](const FrameDecoderLimits& limits) {
            ++decoders_made;
            return make_frame_decoder(limits);
        };
        options.connections_max = connections_max;
        server = std::make_unique<SessionServer>(scheduler, routes, tokens, clock, *log,
                                                 std::move(options));
    }

    SharedFixture own_shared;
    SharedFixture& shared;
    FakeLoop loop;
    OutputScheduler scheduler{loop};
    HubRecord record;
    TestHub hub{record};
    TestHub other_hub{record};
    TestPages pages;
    RouteTable routes;
    ConnectionTokens& tokens = shared.tokens;
    FakeClock& clock = shared.clock;
    std::unique_ptr<Log>& log = shared.log;
    int parsers_made = 0;
    int decoders_made = 0;
    std::unique_ptr<SessionServer> server;
};

/// A client of the server. Thread: strand.
class Client {
public:
    explicit Client(SessionFixture& fixture) : f_(fixture) {
        f_.server->accept(std::make_unique<WireSocket>(wire));
        settle();
    }

    void send(std::string_view bytes) {
        wire->incoming.append(bytes);
        settle();
    }
    void end() {
        wire->ended = true;
        settle();
    }
    void vanish() {
        wire->vanished = true;
        settle();
    }
    void let_read(std::size_t bytes) {
        wire->room = bytes;
        settle();
    }
    void wait(std::int64_t ns) {
        for (auto* loop : f_.shared.loops) {
            loop->advance(ns);
        }
        settle();
    }

    /// A level-triggered loop's turns until nothing happens. A server that wants what never helps
    /// it spins: the test fails.
    void settle() {
        f_.shared.run();
        for (int turn = 0; turn < 10'000; ++turn) {
            if (!wire->poke()) {
                return;
            }
            f_.shared.run();
        }
        FAIL("the server spins");
    }

    /// The next answer; the body as Content-Length says, or none for HEAD.
    std::optional<Answer> answer(bool head_only = false) {
        const auto end = wire->sent.find("\r\n\r\n", taken);
        if (end == std::string::npos) {
            return std::nullopt;
        }
        Answer found;
        found.head = wire->sent.substr(taken, end - taken);
        found.status = std::stoi(found.head.substr(9, 3));
        const std::string name = "\r\nContent-Length: ";
        const auto at = found.head.find(name);
        const auto size = at == std::string::npos || head_only
                              ? 0
                              : std::stoul(found.head.substr(at + name.size()));
        found.body = wire->sent.substr(end + 4, size);
        REQUIRE(found.body.size() == size);
        taken = end + 4 + size;
        return found;
    }
    Answer expect(int status) {
        const auto found = answer();
        REQUIRE(found);
        CHECK(found->status == status);
        return *found;
    }
    /// A request without a body of its own headers, and its answer.
    Answer ask(int status, const std::string& method, const std::string& target,
               const std::string& headers = "", const std::string& body = "") {
        send(method + " " + target + " HTTP/1.1\r\nHost: h\r\n" + headers +
             "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        return expect(status);
    }
    std::string rest() const { return wire->sent.substr(taken); }

    void upgrade(const std::string& target = "/hub") {
        send(upgrade_request(target));
        expect(101);
    }
    /// Whole frames since the last call.
    std::vector<Frame> frames() {
        std::vector<Frame> list;
        while (wire->sent.size() >= taken + 2) {
            const auto byte = [&](std::size_t i) {
                return static_cast<unsigned char>(wire->sent[taken + i]);
            };
            std::size_t size = byte(1);
            const std::size_t head = size < 126 ? 2 : size == 126 ? 4 : 10;
            if (head > 2) {
                size = 0;
                for (std::size_t i = 2; i < head; ++i) {
                    size = size << 8U | byte(i);
                }
            }
            if (wire->sent.size() < taken + head + size) {
                break;
            }
            list.push_back({byte(0) & 0xFU, wire->sent.substr(taken + head, size)});
            taken += head + size;
        }
        return list;
    }

    std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    std::size_t taken = 0;

private:
    SessionFixture& f_;
};

}  // namespace hubtrail::transport
