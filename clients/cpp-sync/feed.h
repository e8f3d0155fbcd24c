#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "clients/cpp-sync/batch_sender.h"
#include "clients/cpp-sync/event_poster.h"
#include "clients/cpp-sync/http_client.h"
#include "clients/cpp-sync/stop_signal.h"

namespace hubtrail::sync {

/// Longest silence of the server while it takes events in.
inline constexpr int kFeedTimeoutMs = 10'000;

/// What both verbs that send events are made of: client, sender, poster, on the machine's clock.
/// Thread: main. `stop` and `journal` must outlive it.
class Feed {
public:
    struct Options {
        std::string url;
        std::string token;
        const char* verb;  ///< begins every line on stderr
        PosterOptions poster;
    };

    /// Fails with a sentence when the URL or token cannot be used.
    static Result<std::unique_ptr<Feed>, std::string> make(const Options& options,
                                                           BatchJournal* journal,
                                                           const StopSignal& stop);

    void say(const std::string& text) const;
    /// On a terminal only: one line that the next one overwrites.
    void show_status(const std::string& text);
    /// Waits for the end of sending and says how it went; answers the exit code.
    int finish();

    EventPoster& poster() { return *poster_; }
    SystemRandom& random() { return random_; }
    const SystemClock& clock() const { return clock_; }
    StopPause& pause() { return pause_; }

private:
    Feed(const char* verb, const StopSignal& stop) : verb_(verb), pause_(stop) {}

    const char* verb_;
    StopPause pause_;
    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<HttpClient> http_;
    std::unique_ptr<BatchSender> sender_;
    std::unique_ptr<EventPoster> poster_;
    std::int64_t next_status_ms_ = 0;
};

}  // namespace hubtrail::sync
