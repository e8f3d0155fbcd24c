#include "clients/cpp-sync/demo/demo_feed.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "clients/cpp-sync/demo/demo_building.h"
#include "clients/cpp-sync/feed.h"

namespace hubtrail::sync {
namespace {

constexpr std::size_t kRunPrefixBytesMax = 64;

bool is_id_text(const std::string& text) {
    constexpr std::string_view kAllowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return text.size() <= kRunPrefixBytesMax &&
           text.find_first_not_of(kAllowed) == std::string::npos;
}

std::string problem_of(const DemoFeedOptions& options) {
    if (options.site.empty()) {
        return "a site is needed";
    }
    if (!(options.events_per_second > 0) || options.events_per_second > kDemoRateMax) {
        return "the rate must be above 0 and at most 100000 events a second";
    }
    if (!is_id_text(options.run_prefix)) {
        return "the run prefix may have up to 64 of A-Z a-z 0-9 . _ : -";
    }
    return "";
}

void generate(const DemoFeedOptions& options, Feed& feed) {
    auto prefix = options.run_prefix;
    if (prefix.empty()) {
        prefix = "demo-" + make_uuid_v7(feed.clock().wall_us(), feed.random());
    }
    DemoBuilding building({options.seed, options.site, prefix, options.utc_offset_minutes});
    const auto begin_ns = feed.clock().steady_ns();
    for (std::uint64_t number = 0; !options.count || number < *options.count; ++number) {
        const auto due_ns = begin_ns + demo_due_ns(number, options.events_per_second);
        const auto wait_ms = (due_ns - feed.clock().steady_ns()) / 1'000'000;
        if (feed.pause().wait(std::max<std::int64_t>(wait_ms, 0)) == Pause::Woken::by_stop) {
            return;
        }
        if (feed.poster().submit(building.next(feed.clock().wall_us())) !=
            EventPoster::Submitted::accepted) {
            return;
        }
        feed.show_status(std::to_string(feed.poster().sent()) + " events sent, " +
                         std::to_string(feed.poster().pending()) + " pending");
    }
}

}  // namespace

std::int64_t demo_due_ns(std::uint64_t number, double events_per_second) {
    return static_cast<std::int64_t>(static_cast<double>(number) * 1e9 / events_per_second);
}

int run_demo_feed(const DemoFeedOptions& options, const StopSignal& stop) {
    if (const auto problem = problem_of(options); !problem.empty()) {
        std::fprintf(stderr, "demo-feed: %s\n", problem.c_str());
        return kExitUsage;
    }
    PosterOptions poster;
    poster.batch_events_max = kDemoBatchEventsMax;
    auto feed = Feed::make({options.url, options.token, "demo-feed", poster}, nullptr, stop);
    if (!feed) {
        std::fprintf(stderr, "demo-feed: %s\n", feed.error().c_str());
        return kExitUsage;
    }
    (*feed)->poster().start();
    generate(options, **feed);
    return (*feed)->finish();
}

}  // namespace hubtrail::sync
