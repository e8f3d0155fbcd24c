#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/token_verifier.h"
#include "base/log.h"
#include "base/random.h"
#include "follow/tails.h"
#include "protocol/cursor.h"
#include "protocol/json.h"
#include "rest/api_context.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_log_service.h"
#include "tests/support/fake_log_store.h"
#include "tests/support/fake_loop.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr std::int64_t kSecond = 1'000'000'000;

/// Knows the tokens that the test names; any other is refused as forged.
/// Thread: strand.
class FakeVerifier final : public auth::TokenVerifier {
public:
    Result<std::shared_ptr<const auth::Principal>, auth::TokenError> verify(
        std::string_view token) override;

    std::map<std::string, auth::Principal, std::less<>> principals;
    std::map<std::string, auth::TokenErrc, std::less<>> refusals;
    int calls = 0;
};

/// Keeps every line as `level event key=value ...`.
/// Thread: strand.
class RecordingLog final : public Log {
public:
    void write(LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields) override;

    std::vector<std::string> lines;
};

/// What one request was answered with.
struct Answer {
    std::vector<transport::HttpResponse> responses;

    bool ready() const { return !responses.empty(); }
    /// The one response (checked).
    const transport::HttpResponse& get() const;
    int status() const { return get().status; }
    std::string header(std::string_view name) const;
    protocol::JsonValue json() const;
    /// `code` of a problem, which must have the form of docs/api.md 2 and this status.
    std::string problem(int status) const;
    /// The problem's text.
    std::string text() const;
    protocol::JsonValue details() const;
    /// A member of the body's object (checked).
    protocol::JsonValue member(std::string_view name) const;
};

using Query = std::vector<std::pair<std::string, std::string>>;

transport::HttpRequest make_get(std::string path, Query query = {}, std::string token = "super");
transport::HttpRequest make_post(std::string body, std::string token = "super");
/// `{"id":id,"stream":"entries","type":"entry.granted"` and what `more` adds.
std::string event_json(const std::string& id, const std::string& more = "");

/// A loop, a log and the tokens super (`*` admin), reader (user u1 on s1, admin on s2), blind (no
/// role), writer (events.write only) and salto (user_api.full_access only), all of tenant t; other
/// is super of tenant t2.
struct RestFixture {
    RestFixture();

    /// Runs the log service and the loop until both are idle.
    void pump();
    std::shared_ptr<Answer> send(transport::HttpHandler& handler, transport::HttpRequest request);
    std::shared_ptr<Answer> send_and_pump(transport::HttpHandler& handler,
                                          transport::HttpRequest request);
    // These change the log at once, past the calls that wait in the service; the loop's news are
    // posted.

    /// Appends `count` events of stream, type, site and user to the tenant's log, with ids e<pos>.
    void fill(int count, const std::string& site = "s1", const std::string& user = "u1",
              const std::string& stream = "entries", const std::string& type = "entry.granted");
    void set_floor(std::int64_t first_pos) { CHECK(service.set_floor_now("t", first_pos)); }
    void reset_log() { CHECK(service.reset_now("t")); }
    /// The cursor of a position of tenant t.
    std::string cursor_at(std::int64_t pos);

    FakeClock clock;
    transport::FakeLoop loop;
    storage::FakeLogStore store;
    storage::FakeLogService service{store, clock};
    protocol::CursorCodec codec{"0123456789abcdef0123456789abcdef"};
    FakeVerifier verifier;
    SeededRandom random{7};
    RecordingLog log;
    follow::Tails tails{loop, service, codec};
    ApiContext context{loop, service, codec, verifier, clock, random, log, tails};

private:
    int filled_ = 0;
};

}  // namespace hubtrail::rest
