#include "clients/cpp-sync/pull.h"

#include "base/crypto.h"
#include "tests/unit/cpp_sync/fakes.h"

namespace hubtrail::sync {
namespace {

std::string event(std::int64_t pos) {
    return "{\"pos\":" + std::to_string(pos) + ",\"cursor\":\"c1.e" + std::to_string(pos) +
           "\",\"data\":{ \"x\" : 1.50, \"t\":\"\\u00e9\"}}";
}

std::string lines(std::int64_t from, std::int64_t to) {
    std::string out;
    for (auto pos = from; pos <= to; ++pos) {
        out += event(pos) + "\n";
    }
    return out;
}

HttpReply page_of(const std::vector<std::int64_t>& positions, std::int64_t from, std::int64_t to,
                  bool has_more = false, std::int64_t epoch = 1) {
    std::string changes;
    for (const auto pos : positions) {
        changes += (changes.empty() ? "" : ",") + event(pos);
    }
    return {200,
            {},
            "{\"changes\":[" + changes + "],\"cursor\":\"c1.p" + std::to_string(to) +
                "\",\"has_more\":" + (has_more ? "true" : "false") +
                ",\"from\":" + std::to_string(from) + ",\"to\":" + std::to_string(to) +
                ",\"epoch\":" + std::to_string(epoch) + "}"};
}

HttpReply page(std::int64_t from, std::int64_t to, bool has_more = false) {
    std::vector<std::int64_t> positions;
    for (auto pos = from; pos <= to; ++pos) {
        positions.push_back(pos);
    }
    return page_of(positions, from, to, has_more);
}

/// The machine's files, until a write is to fail as if the process had died before it.
class DyingFiles final : public FileSystem {
public:
    Result<std::optional<std::string>, FileError> read(const std::string& path,
                                                       std::size_t bytes_max) override {
        return files_.read(path, bytes_max);
    }
    Result<void, FileError> write_atomic(const std::string& path, const std::string& content,
                                         unsigned mode) override {
        if (writes_left-- == 0) {
            return Failure{FileError{5, "died"}};
        }
        return files_.write_atomic(path, content, mode);
    }
    Result<void, FileError> make_directories(const std::string& path) override {
        return files_.make_directories(path);
    }
    int writes_left = 1'000'000;

private:
    PosixFileSystem files_;
};

class TextOutput final : public EventOutput {
public:
    Result<void, SyncError> write(std::string_view text) override {
        if (fails) {
            return Failure{SyncError{SyncErrc::file, "broken pipe"}};
        }
        printed += text;
        return {};
    }
    std::optional<std::int64_t> length() const override { return std::nullopt; }
    Result<void, SyncError> truncate(std::int64_t) override { return {}; }
    std::string printed;
    bool fails = false;
};

/// One process's worth of pulling.
struct Pull {
    Result<void, SyncError> run(const PullOptions& options) {
        std::unique_ptr<EventOutput> file;
        if (!options.out_file.empty()) {
            auto opened = open_file_output(options.out_file);
            REQUIRE(opened);
            file = std::move(*opened);
        }
        EventOutput& out = file ? *file : output;
        Puller puller(options, http, files, out, pause, random,
                      [this](const std::string& text) { said.push_back(text); });
        return puller.run();
    }

    FakeHttp http;
    DyingFiles files;
    TextOutput output;
    FakePause pause;
    SeededRandom random{3};
    std::vector<std::string> said;
};

PullOptions dense() {
    PullOptions options;
    options.density = PullOptions::Density::required;
    return options;
}

std::string token_with(const std::string& claims) {
    return "e30." + base64url_encode(claims) + ".c2ln";
}

}  // namespace

TEST_CASE("pull prints each event as the server wrote it, up to the head", "[sync]") {
    Pull pull;
    pull.http.add(page(1, 2, true));
    pull.http.add(page(3, 3));
    REQUIRE(pull.run(dense()));
    CHECK(pull.output.printed == lines(1, 3));
    REQUIRE(pull.http.seen.size() == 2);
    CHECK(pull.http.seen[0].target == "/api/v1/sync/changes?limit=1000&since=earliest");
    CHECK(pull.http.seen[1].target == "/api/v1/sync/changes?limit=1000&cursor=c1.p2");
}

TEST_CASE("pull sends every filter, percent-encoded", "[sync]") {
    Pull pull;
    PullOptions options;
    options.sites = {"a&b", "s 2"};
    options.streams = {"files"};
    options.types = "file.*,entry.granted";
    options.since = "2026-05-04T08:00:00+02:00";
    pull.http.add(page(1, 1));
    REQUIRE(pull.run(options));
    CHECK(pull.http.seen[0].target ==
          "/api/v1/sync/changes?limit=1000&since=2026-05-04T08%3A00%3A00%2B02%3A00&site_id=a%26b"
          "&site_id=s%202&stream=files&types=file.%2A%2Centry.granted");
}

TEST_CASE("pull goes on where its cursor file says", "[sync]") {
    TempDir dir;
    auto options = dense();
    options.cursor_file = dir / "cursor";
    Pull first;
    first.http.add(page(1, 2));
    REQUIRE(first.run(options));
    CHECK(read_file(options.cursor_file) == "c1.p2\nposition 2\nepoch 1\n");
    Pull second;
    second.http.add(page(3, 4));
    REQUIRE(second.run(options));
    CHECK(second.http.seen[0].target == "/api/v1/sync/changes?limit=1000&cursor=c1.p2");
    CHECK(second.output.printed == lines(3, 4));
    options.since = "earliest";
    Pull third;
    third.http.add(page_of({}, 5, 4));
    REQUIRE(third.run(options));
    CHECK(third.http.seen[0].target == "/api/v1/sync/changes?limit=1000&cursor=c1.p4");
    REQUIRE(third.said.size() == 1);
    CHECK(third.said[0].find("first run only") != std::string::npos);
}

TEST_CASE("The cursor is kept only after the lines are out", "[sync]") {
    TempDir dir;
    auto options = dense();
    options.cursor_file = dir / "cursor";
    Pull broken;
    broken.output.fails = true;
    broken.http.add(page(1, 2));
    CHECK_FALSE(broken.run(options));
    CHECK_FALSE(std::filesystem::exists(options.cursor_file));
    Pull dying;
    dying.files.writes_left = 0;
    dying.http.add(page(1, 2));
    CHECK_FALSE(dying.run(options));
    CHECK(dying.output.printed == lines(1, 2));
    Pull again;  // to a pipe a page may come twice, but never be missing
    again.http.add(page(1, 2));
    REQUIRE(again.run(options));
    CHECK(again.http.seen[0].target == "/api/v1/sync/changes?limit=1000&since=earliest");
    CHECK(again.output.printed == lines(1, 2));
}

// Goal: with --out each event is in the file once, wherever the process dies. Method: let the
// cursor write die at every page in turn and run again; the server gives what the cursor asks for.
TEST_CASE("With --out every event is in the file exactly once wherever pull died", "[sync]") {
    for (int dies_at = 0; dies_at <= 5; ++dies_at) {
        CAPTURE(dies_at);
        TempDir dir;
        auto options = dense();
        options.out_file = dir / "events";
        write_file(options.out_file, "earlier\n");
        Pull first;
        first.files.writes_left = dies_at;
        for (std::int64_t pos = 1; pos <= 4; ++pos) {
            first.http.add(page(pos, pos, pos < 4));
        }
        CHECK(static_cast<bool>(first.run(options)) == (dies_at > 4));
        Pull second;
        const auto state = parse_pull_state(read_file(options.out_file + ".cursor"));
        const auto next = state ? state->position.value_or(0) + 1 : 1;
        second.http.add(next <= 4 ? page(next, 4) : page_of({}, 5, 4));
        REQUIRE(second.run(options));
        CHECK(read_file(options.out_file) == "earlier\n" + lines(1, 4));
    }
}

TEST_CASE("A file shorter than its cursor says is an error", "[sync]") {
    TempDir dir;
    auto options = dense();
    options.out_file = dir / "events";
    Pull first;
    first.http.add(page(1, 2));
    REQUIRE(first.run(options));
    std::filesystem::resize_file(options.out_file, lines(1, 2).size() - 1);
    Pull second;
    const auto done = second.run(options);
    REQUIRE_FALSE(done);
    CHECK(done.error().text.find("somebody else changed it") != std::string::npos);
    CHECK(second.http.seen.empty());
}

TEST_CASE("Two pulls cannot write to one file", "[sync]") {
    TempDir dir;
    const auto first = open_file_output(dir / "events");
    REQUIRE(first);
    const auto second = open_file_output(dir / "events");
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find("another pull") != std::string::npos);
    CHECK_FALSE(open_file_output(dir.path()));
    CHECK_FALSE(open_file_output("/dev/null"));
}

TEST_CASE("A 410 says what is lost and how to start over, with exit code 3", "[sync]") {
    for (const char* code : {"cursor-expired", "log-reset"}) {
        TempDir dir;
        PullOptions options;
        options.cursor_file = dir / "cursor";
        write_file(options.cursor_file, "c1.old\nposition 41\nepoch 1\n");
        Pull pull;
        pull.http.add(HttpReply{
            410,
            {},
            std::string(R"({"code":")") + code +
                R"(","detail":"too old","error":{"details":{"oldest_cursor":"c1.o","latest_cursor":"c1.l","lost_at_least":12}}})"});
        const auto done = pull.run(options);
        REQUIRE_FALSE(done);
        CHECK(exit_code(done.error()) == kExitHistoryLost);
        CHECK(done.error().text.find("at least 12 events") != std::string::npos);
        CHECK(done.error().text.find("position 42") != std::string::npos);
        CHECK(done.error().text.find("--since earliest") != std::string::npos);
        CHECK(done.error().text.find(code) != std::string::npos);
        CHECK(read_file(options.cursor_file) == "c1.old\nposition 41\nepoch 1\n");
    }
}

TEST_CASE("Positions that do not follow one another are an error", "[sync]") {
    struct Row {
        const char* name;
        HttpReply second;
        SyncErrc code;
    };
    const std::vector<Row> rows{
        {"a hole between pages", page(4, 5), SyncErrc::gap},
        {"a page again", page(2, 3), SyncErrc::gap},
        {"a hole in the page", page_of({3, 5}, 3, 5), SyncErrc::gap},
        {"a hole at its end", page_of({3, 4}, 3, 5), SyncErrc::gap},
        {"a hole at its begin", page_of({4, 5}, 3, 5), SyncErrc::gap},
        {"a position twice", page_of({3, 3, 4}, 3, 4), SyncErrc::gap},
        {"out of order", page_of({4, 3}, 3, 4), SyncErrc::gap},
        {"beyond the range", page_of({3, 4, 5}, 3, 4), SyncErrc::bad_reply},
        {"events in an empty range", page_of({3}, 3, 2), SyncErrc::bad_reply},
        {"another epoch", page_of({3}, 3, 3, false, 2), SyncErrc::history_lost},
        {"no cursor", {200, {}, R"({"changes":[],"has_more":false})"}, SyncErrc::bad_reply},
        {"no JSON", {200, {}, "hello"}, SyncErrc::bad_reply},
        {"no position",
         {200, {}, R"({"changes":[{}],"cursor":"c","has_more":false,"from":3,"to":3,"epoch":1})"},
         SyncErrc::bad_reply},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        Pull pull;
        pull.http.add(page(1, 2, true));
        pull.http.add(row.second);
        const auto done = pull.run(dense());
        REQUIRE_FALSE(done);
        CHECK(done.error().code == row.code);
        CHECK(pull.output.printed == lines(1, 2));
    }
}

TEST_CASE("A filtered pull may skip positions but never go back or leave a hole between pages",
          "[sync]") {
    PullOptions options;
    options.sites = {"s1"};
    Pull pull;
    pull.http.add(page_of({2, 5}, 1, 9, true));
    pull.http.add(page_of({}, 10, 20));
    REQUIRE(pull.run(options));
    CHECK(pull.output.printed == event(2) + "\n" + event(5) + "\n");
    Pull hole;
    hole.http.add(page_of({2, 5}, 1, 9, true));
    hole.http.add(page_of({}, 11, 20));
    CHECK_FALSE(hole.run(options));
}

TEST_CASE("Without a filter positions are checked when the token sees every site", "[sync]") {
    PullOptions options;
    options.token = token_with(R"({"sites":{"*":"admin"}})");
    Pull whole;
    whole.http.add(page_of({2}, 1, 2));
    CHECK_FALSE(whole.run(options));
    options.token = token_with(R"({"sites":{"s1":"admin"}})");
    Pull part;
    part.http.add(page_of({2}, 1, 2));
    CHECK(part.run(options));

    CHECK(token_sees_every_site(token_with(R"({"sites":{"*":"super"}})")));
    CHECK_FALSE(token_sees_every_site(token_with(R"({"sites":{"*":"user"}})")));
    for (const char* token : {"", "a", "a.b", "a.!.b", "..", "a.e30.b"}) {
        CHECK_FALSE(token_sees_every_site(token));
    }
}

TEST_CASE("A first page may begin anywhere, as after retention", "[sync]") {
    Pull pull;
    pull.http.add(page(500, 501));
    REQUIRE(pull.run(dense()));
}

TEST_CASE("A line break between tokens does not break a line of output", "[sync]") {
    Pull pull;
    pull.http.add(HttpReply{200,
                            {},
                            "{\"changes\":[{\n \"pos\": "
                            "1,\r\n\"t\":\"a\\nb\"}],\"cursor\":\"c\",\"has_more\":false,\"from\":"
                            "1,\"to\":1,\"epoch\":1}"});
    REQUIRE(pull.run(dense()));
    CHECK(pull.output.printed == "{  \"pos\": 1,  \"t\":\"a\\nb\"}\n");
}

TEST_CASE("With follow pull waits for more until it is stopped", "[sync]") {
    Pull pull;
    auto options = dense();
    options.mode = PullOptions::Mode::follow;
    pull.http.add(page(1, 1));
    pull.http.add(page_of({}, 2, 1));
    pull.http.add(page(2, 2));
    pull.http.add(Failure{HttpFailure{HttpFailure::Kind::cancelled, "stopped"}});
    REQUIRE(pull.run(options));
    CHECK(pull.output.printed == lines(1, 2));
    CHECK(pull.http.seen[1].target == "/api/v1/sync/changes?limit=1000&cursor=c1.p1&wait=20");
}

TEST_CASE("With follow pull outlasts a restart of the server", "[sync]") {
    Pull pull;
    auto options = dense();
    options.mode = PullOptions::Mode::follow;
    pull.http.add(page(1, 1));
    for (int i = 0; i < 10; ++i) {
        pull.http.add(refused_connection());
    }
    pull.http.add(HttpReply{503, {{"Retry-After", "2"}}, ""});
    pull.http.add(page(2, 2));
    pull.http.add(Failure{HttpFailure{HttpFailure::Kind::cancelled, "stopped"}});
    REQUIRE(pull.run(options));
    CHECK(pull.output.printed == lines(1, 2));
    CHECK(pull.pause.waits.size() == 11);
    CHECK(pull.said.size() == 2);
}

TEST_CASE("Without follow pull gives up after a few attempts", "[sync]") {
    Pull pull;
    for (int i = 0; i < kPullAttemptsMax - 1; ++i) {
        pull.http.add(refused_connection());
    }
    pull.http.add(page(1, 1));
    CHECK(pull.run(dense()));
    Pull down;
    for (int i = 0; i < kPullAttemptsMax; ++i) {
        down.http.add(refused_connection());
    }
    const auto done = down.run(dense());
    REQUIRE_FALSE(done);
    CHECK(done.error().text == "cannot reach http://127.0.0.1:1: connection refused");
    CHECK(exit_code(done.error()) == kExitFailure);
}

TEST_CASE("A refusal ends pull with the server's words", "[sync]") {
    Pull pull;
    pull.http.add(
        HttpReply{401, {}, R"({"code":"token-expired","detail":"the token has expired"})"});
    const auto done = pull.run(dense());
    REQUIRE_FALSE(done);
    CHECK(done.error().text.find("the token has expired") != std::string::npos);
    CHECK(pull.http.seen.size() == 1);
}

TEST_CASE("A cursor file survives being written and read", "[sync]") {
    PullState state;
    state.since = "2026-05-04T08:00:00Z";
    CHECK(parse_pull_state(format_pull_state(state)) == state);
    state = {"c1.x-_", "", 7, 2, 1234};
    CHECK(parse_pull_state(format_pull_state(state)) == state);
    CHECK(parse_pull_state("c1.only")->cursor == "c1.only");
    for (const char* bad : {"", "\n", "two words\n", "since \n", "c1\nposition x\n",
                            "c1\nposition -1\n", "c1\nother 1\n", "c1\n\n", "c1\nposition\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_pull_state(bad));
    }
}

TEST_CASE("A cursor file of something else is refused before anything is asked", "[sync]") {
    TempDir dir;
    PullOptions options;
    options.cursor_file = dir / "cursor";
    write_file(options.cursor_file, "{\"not\": \"a cursor\"}");
    Pull pull;
    CHECK_FALSE(pull.run(options));
    CHECK(pull.http.seen.empty());
}

TEST_CASE("A cursor file as large as the limit is read and one byte more is not", "[sync]") {
    TempDir dir;
    PullOptions options;
    options.cursor_file = dir / "cursor";
    const std::string cursor(kPullStateBytesMax - 1, 'c');
    write_file(options.cursor_file, cursor + "\n");
    Pull fits;
    fits.http.add(page(1, 1));
    CHECK(fits.run(options));
    CHECK(fits.http.seen.at(0).target == "/api/v1/sync/changes?limit=1000&cursor=" + cursor);
    write_file(options.cursor_file, cursor + "c\n");
    Pull refused;
    CHECK_FALSE(refused.run(options));
    CHECK(refused.http.seen.empty());
}

TEST_CASE("A page of 1 to 5000 events may be asked for", "[sync]") {
    StopSignal stop;
    stop.request();  // so that nobody is asked
    PullOptions options;
    options.url = "http://127.0.0.1:1";
    const auto exit_of = [&](int page_events) {
        options.page_events = page_events;
        return run_pull(options, stop);
    };
    CHECK(exit_of(0) == kExitUsage);
    CHECK(exit_of(1) == kExitOk);
    CHECK(exit_of(kPullPageEventsMax) == kExitOk);
    CHECK(exit_of(kPullPageEventsMax + 1) == kExitUsage);
}

}  // namespace hubtrail::sync
