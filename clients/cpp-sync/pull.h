#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/random.h"
#include "base/result.h"
#include "clients/cpp-sync/batch_sender.h"
#include "clients/cpp-sync/event_output.h"
#include "clients/cpp-sync/http_client.h"
#include "clients/cpp-sync/pull_state.h"
#include "clients/cpp-sync/sync_error.h"

namespace hubtrail::sync {

inline constexpr int kPullPageEvents = 1000;
inline constexpr int kPullPageEventsMax = 5000;
inline constexpr int kPullWaitSeconds = 20;
/// Without `follow`, a server that cannot be reached is asked this often in a row.
inline constexpr int kPullAttemptsMax = 4;

struct PullOptions {
    enum class Mode { once, follow };
    /// Whether every position must be printed. A reader without a role on every site is not shown
    /// some events, so `automatic` asks for it only when nothing is filtered and the token says
    /// that it may see every site.
    enum class Density { automatic, required, not_required };

    std::string url;
    std::string token;
    std::string cursor_file;  ///< empty: nothing is kept, unless `out_file` is given
    std::string out_file;     ///< empty: standard output. Else cursor_file defaults to OUT.cursor
    /// `earliest`, `latest` or RFC 3339; only for the first run: a cursor file goes before it.
    /// Empty: `earliest`.
    std::string since;
    std::vector<std::string> sites;
    std::vector<std::string> streams;
    std::string types;  ///< comma list, trailing * matches a prefix
    Mode mode = Mode::once;
    Density density = Density::automatic;
    int page_events = kPullPageEvents;
};

/// Reads the log page by page and prints each event as one line, the bytes that the server wrote.
/// A page is printed, then the cursor is kept; with a file as output a crash between the two is
/// mended on the next run by cutting the file back.
/// Thread: main. Everything passed in must outlive it.
class Puller {
public:
    Puller(const PullOptions& options, HttpClient& http, FileSystem& files, EventOutput& output,
           Pause& pause, Random& random, Say say);

    /// Up to the head of the log, or with `follow` until the user stops. A stop is no error.
    Result<void, SyncError> run();

private:
    struct Page;
    Result<void, SyncError> load_state();
    Result<void, SyncError> save_state();
    std::string next_target() const;
    /// Nothing after a stop.
    Result<std::optional<HttpReply>, SyncError> fetch();
    Result<Page, SyncError> read_page(const HttpReply& reply) const;
    Result<void, SyncError> check_positions(const Page& page) const;
    Result<void, SyncError> print(const Page& page);
    SyncError history_lost(const HttpReply& reply) const;

    PullOptions options_;
    HttpClient& http_;
    FileSystem& files_;
    EventOutput& output_;
    Pause& pause_;
    Backoff backoff_;
    Say say_;
    PullState state_;
    bool dense_;
};

/// `hubtrail pull`: answers the exit code; complaints go to stderr.
int run_pull(const PullOptions& options, const StopSignal& stop, std::FILE* out = stdout);

/// Whether the token's own claims let it see every event (docs/api.md 2, roles per site).
bool token_sees_every_site(const std::string& token);

}  // namespace hubtrail::sync
