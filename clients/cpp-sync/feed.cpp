#include "clients/cpp-sync/feed.h"

#include <cstdio>

#include <unistd.h>

namespace hubtrail::sync {
namespace {

constexpr std::int64_t kStatusMs = 1000;

bool stderr_is_terminal() {
    static const bool answer = isatty(STDERR_FILENO) == 1;
    return answer;
}

/// One write for one line: the poster's thread says things too.
void print_line(const std::string& line) {
    std::fputs(line.c_str(), stderr);
}

}  // namespace

Result<std::unique_ptr<Feed>, std::string> Feed::make(const Options& options, BatchJournal* journal,
                                                      const StopSignal& stop) {
    std::unique_ptr<Feed> feed(new Feed(options.verb, stop));
    auto http = make_http_client({options.url, options.token, kFeedTimeoutMs}, stop);
    if (!http) {
        return Failure{http.error()};
    }
    feed->http_ = std::move(*http);
    feed->sender_ = std::make_unique<BatchSender>(
        *feed->http_, feed->pause_, feed->random_,
        [verb = std::string(options.verb)](const std::string& text) {
            print_line((stderr_is_terminal() ? "\r\x1b[K" : "") + verb + ": " + text + "\n");
        });
    feed->poster_ = std::make_unique<EventPoster>(*feed->sender_, journal, feed->random_,
                                                  feed->clock_, stop, options.poster);
    return feed;
}

void Feed::say(const std::string& text) const {
    print_line((stderr_is_terminal() ? "\r\x1b[K" : "") + std::string(verb_) + ": " + text + "\n");
}

void Feed::show_status(const std::string& text) {
    const auto now_ms = steady_ms(clock_);
    if (!stderr_is_terminal() || now_ms < next_status_ms_) {
        return;
    }
    next_status_ms_ = now_ms + kStatusMs;
    print_line("\r\x1b[K" + std::string(verb_) + ": " + text);
}

int Feed::finish() {
    const auto done = poster_->finish();
    const auto unsent = poster_->pending();
    const auto sent = std::to_string(poster_->sent()) + " events sent";
    if (!done) {
        say(done.error().text);
        say(sent + ", " + std::to_string(unsent) + " not sent");
        return exit_code(done.error());
    }
    say(sent);
    return kExitOk;
}

}  // namespace hubtrail::sync
