#include "clients/cpp-sync/pull.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/crypto.h"
#include "protocol/json_slices.h"

namespace hubtrail::sync {
namespace {

constexpr const char* kBadPage = "the server's answer is not a page of changes: ";

Failure<SyncError> bad_reply(const std::string& what) {
    return Failure{SyncError{SyncErrc::bad_reply, kBadPage + what}};
}

Failure<SyncError> gap(const std::string& what) {
    return Failure{SyncError{SyncErrc::gap, "the log has a hole: " + what}};
}

/// Line breaks between tokens are the only ones that JSON can hold; a line must not contain one.
void append_line(std::string& out, std::string_view event) {
    const auto begin = out.size();
    out += event;
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
    out.push_back('\n');
}

bool is_filtered(const PullOptions& options) {
    return !options.sites.empty() || !options.streams.empty() || !options.types.empty();
}

std::string range_text(std::int64_t from, std::int64_t to) {
    return std::to_string(from) + ".." + std::to_string(to);
}

}  // namespace

/// One reply, as views into its body.
struct Puller::Page {
    std::vector<std::string_view> events;
    std::string cursor;
    std::int64_t from = 0;  ///< to < from: the page covers nothing
    std::int64_t to = 0;
    std::int64_t epoch = 0;
    bool has_more = false;

    bool covers_nothing() const { return from <= 0 || to < from; }
};

Puller::Puller(const PullOptions& options, HttpClient& http, FileSystem& files, EventOutput& output,
               Pause& pause, Random& random, Say say)
    : options_(options),
      http_(http),
      files_(files),
      output_(output),
      pause_(pause),
      backoff_(random),
      say_(std::move(say)),
      dense_(options.density == PullOptions::Density::required ||
             (options.density == PullOptions::Density::automatic && !is_filtered(options) &&
              token_sees_every_site(options.token))) {
    if (options_.cursor_file.empty() && !options_.out_file.empty()) {
        options_.cursor_file = options_.out_file + ".cursor";
    }
}

Result<void, SyncError> Puller::load_state() {
    state_ = {};
    state_.since = options_.since.empty() ? "earliest" : options_.since;
    if (options_.cursor_file.empty()) {
        return {};
    }
    auto text = files_.read(options_.cursor_file, kPullStateBytesMax);
    if (!text) {
        return Failure{SyncError{SyncErrc::file, text.error().text}};
    }
    if (text->has_value()) {
        const auto kept = parse_pull_state(**text);
        if (!kept) {
            return Failure{
                SyncError{SyncErrc::file, options_.cursor_file + " is not a cursor file"}};
        }
        if (!options_.since.empty() && !kept->cursor.empty()) {
            say_("going on from " + options_.cursor_file + "; --since is for a first run only");
        }
        state_ = *kept;
    }
    const auto length = output_.length();
    if (!length) {
        state_.out_bytes.reset();
        return {};
    }
    if (state_.out_bytes) {
        return output_.truncate(*state_.out_bytes);
    }
    // Before the first page there must be a length to cut back to.
    return save_state();
}

Result<void, SyncError> Puller::save_state() {
    if (options_.cursor_file.empty()) {
        return {};
    }
    state_.out_bytes = output_.length();
    if (auto kept = files_.write_atomic(options_.cursor_file, format_pull_state(state_), 0600);
        !kept) {
        return Failure{SyncError{SyncErrc::file, kept.error().text}};
    }
    return {};
}

std::string Puller::next_target() const {
    std::string target = "/api/v1/sync/changes?limit=" + std::to_string(options_.page_events);
    target += state_.cursor.empty() ? "&since=" + encode_query_value(state_.since)
                                    : "&cursor=" + encode_query_value(state_.cursor);
    if (options_.mode == PullOptions::Mode::follow) {
        target += "&wait=" + std::to_string(kPullWaitSeconds);
    }
    for (const auto& site : options_.sites) {
        target += "&site_id=" + encode_query_value(site);
    }
    for (const auto& stream : options_.streams) {
        target += "&stream=" + encode_query_value(stream);
    }
    if (!options_.types.empty()) {
        target += "&types=" + encode_query_value(options_.types);
    }
    return target;
}

Result<std::optional<HttpReply>, SyncError> Puller::fetch() {
    for (int attempt = 1;; ++attempt) {
        auto reply = http_.get(next_target(), {}, OnStop::cancel);
        std::string reason;
        std::int64_t wait_ms_min = 0;
        if (reply && !is_worth_retrying(reply->status)) {
            if (attempt > 1) {
                say_("the server answers again");
            }
            backoff_.reset();
            return std::optional<HttpReply>(std::move(*reply));
        }
        if (reply) {
            reason = "the server says " + describe_problem(*reply);
            wait_ms_min = retry_after_ms(*reply).value_or(0);
        } else if (reply.error().kind == HttpFailure::Kind::cancelled) {
            return std::optional<HttpReply>{};
        } else if (reply.error().kind == HttpFailure::Kind::too_large) {
            return Failure{SyncError{SyncErrc::bad_reply, reply.error().text}};
        } else {
            reason = reply.error().text;
        }
        if (options_.mode == PullOptions::Mode::once && attempt >= kPullAttemptsMax) {
            return Failure{SyncError{SyncErrc::unreachable, reason}};
        }
        if (attempt == 1) {
            say_(reason + "; trying again");
        }
        if (pause_.wait(std::max(backoff_.next_ms(), wait_ms_min)) == Pause::Woken::by_stop) {
            return std::optional<HttpReply>{};
        }
    }
}

SyncError Puller::history_lost(const HttpReply& reply) const {
    const auto lost = find_problem_detail(reply, "lost_at_least");
    std::string text = "history is lost: the log no longer holds what comes after this cursor (" +
                       describe_problem(reply) + ").\n  Lost: " +
                       (lost ? "at least " + *lost + " events" : "an unknown number of events");
    if (state_.position) {
        text += ", the first of them at position " + std::to_string(*state_.position + 1);
    }
    if (const auto oldest = find_problem_detail(reply, "oldest_cursor")) {
        text += ".\n  What is left begins after cursor " + *oldest;
    }
    text += ".\n  To start over with what is left: ";
    if (!options_.cursor_file.empty()) {
        text += "remove " + options_.cursor_file;
        text += options_.out_file.empty() ? "" : " and move " + options_.out_file + " away";
        text += ", then ";
    }
    return {SyncErrc::history_lost, text + "run the same command with --since earliest."};
}

Result<Puller::Page, SyncError> Puller::read_page(const HttpReply& reply) const {
    const auto members = protocol::object_members(reply.body);
    if (!members) {
        return bad_reply("it is not a JSON object");
    }
    Page page;
    std::optional<std::vector<std::string_view>> events;
    std::optional<std::string> cursor;
    std::optional<bool> has_more;
    for (const auto& [name, value] : *members) {
        if (name == "changes") {
            events = protocol::array_elements(value);
        } else if (name == "cursor") {
            cursor = protocol::string_value(value);
        } else if (name == "has_more") {
            has_more = protocol::boolean_value(value);
        } else if (name == "from") {
            page.from = protocol::integer_value(value).value_or(0);
        } else if (name == "to") {
            page.to = protocol::integer_value(value).value_or(0);
        } else if (name == "epoch") {
            page.epoch = protocol::integer_value(value).value_or(0);
        }
    }
    if (!events || !cursor || cursor->empty() || !has_more) {
        return bad_reply("changes, cursor or has_more is missing");
    }
    page.events = std::move(*events);
    page.cursor = std::move(*cursor);
    page.has_more = *has_more;
    return page;
}

Result<void, SyncError> Puller::check_positions(const Page& page) const {
    if (page.covers_nothing()) {
        return page.events.empty() ? Result<void, SyncError>{}
                                   : bad_reply("it has events outside its from..to");
    }
    if (state_.epoch && *state_.epoch != page.epoch) {
        return Failure{SyncError{SyncErrc::history_lost,
                                 "the log was replaced (epoch " + std::to_string(*state_.epoch) +
                                     " is now " + std::to_string(page.epoch) +
                                     "): start over with --since earliest."}};
    }
    if (state_.position && page.from != *state_.position + 1) {
        return gap("after position " + std::to_string(*state_.position) + " came " +
                   range_text(page.from, page.to));
    }
    auto expected = page.from;
    for (const auto event : page.events) {
        const auto position = protocol::find_integer(event, "pos");
        if (!position || *position > page.to) {
            return bad_reply("an event has no position within " + range_text(page.from, page.to));
        }
        if (*position < expected || (dense_ && *position != expected)) {
            return gap("expected position " + std::to_string(expected) + ", found " +
                       std::to_string(*position));
        }
        expected = *position + 1;
    }
    if (dense_ && expected != page.to + 1) {
        return gap("positions " + range_text(expected, page.to) + " are missing");
    }
    return {};
}

Result<void, SyncError> Puller::print(const Page& page) {
    std::string lines;
    for (const auto event : page.events) {
        append_line(lines, event);
    }
    if (!lines.empty()) {
        if (auto written = output_.write(lines); !written) {
            return written;
        }
    }
    const bool moved = page.cursor != state_.cursor;
    state_.cursor = page.cursor;
    if (!page.covers_nothing()) {
        state_.position = page.to;
        state_.epoch = page.epoch;
    }
    return moved ? save_state() : Result<void, SyncError>{};
}

Result<void, SyncError> Puller::run() {
    if (auto loaded = load_state(); !loaded) {
        return loaded;
    }
    while (true) {
        auto fetched = fetch();
        if (!fetched) {
            return Failure{fetched.error()};
        }
        if (!fetched->has_value()) {
            return {};
        }
        const HttpReply& reply = **fetched;
        if (reply.status == 410) {
            return Failure{history_lost(reply)};
        }
        if (reply.status != 200) {
            return Failure{
                SyncError{SyncErrc::refused, "the server refused: " + describe_problem(reply)}};
        }
        auto page = read_page(reply);
        if (!page) {
            return Failure{page.error()};
        }
        if (auto sound = check_positions(*page); !sound) {
            return sound;
        }
        if (auto printed = print(*page); !printed) {
            return printed;
        }
        if (options_.mode == PullOptions::Mode::once && !page->has_more) {
            return {};
        }
        if (pause_.wait(0) == Pause::Woken::by_stop) {
            return {};
        }
    }
}

bool token_sees_every_site(const std::string& token) {
    const auto first_dot = token.find('.');
    const auto last_dot = token.rfind('.');
    if (first_dot == std::string::npos || first_dot == last_dot) {
        return false;
    }
    const auto claims =
        base64url_decode(std::string_view(token).substr(first_dot + 1, last_dot - first_dot - 1));
    const auto sites = claims ? protocol::find_member(*claims, "sites") : std::nullopt;
    const auto role = sites ? protocol::find_string(*sites, "*") : std::nullopt;
    return role == "admin" || role == "super";
}

int run_pull(const PullOptions& options, const StopSignal& stop, std::FILE* out) {
    const Say say = [](const std::string& text) {
        std::fprintf(stderr, "pull: %s\n", text.c_str());
    };
    if (options.page_events < 1 || options.page_events > kPullPageEventsMax) {
        say("a page holds 1 to " + std::to_string(kPullPageEventsMax) + " events");
        return kExitUsage;
    }
    auto http = make_http_client({options.url, options.token}, stop);
    if (!http) {
        say(http.error());
        return kExitUsage;
    }
    std::unique_ptr<EventOutput> output;
    if (options.out_file.empty()) {
        output = make_stream_output(out);
    } else if (auto opened = open_file_output(options.out_file); opened) {
        output = std::move(*opened);
    } else {
        say(opened.error().text);
        return exit_code(opened.error());
    }
    PosixFileSystem files;
    StopPause pause(stop);
    SystemRandom random;
    Puller puller(options, **http, files, *output, pause, random, say);
    if (auto done = puller.run(); !done) {
        say(done.error().text);
        return exit_code(done.error());
    }
    return kExitOk;
}

}  // namespace hubtrail::sync
