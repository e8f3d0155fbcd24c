#include "clients/cpp-sync/watch/watch.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

#include <poll.h>
#include <unistd.h>

#include "base/file_system.h"
#include "clients/cpp-sync/event_poster.h"
#include "clients/cpp-sync/feed.h"
#include "clients/cpp-sync/watch/file_tree.h"
#include "clients/cpp-sync/watch/inotify.h"
#include "clients/cpp-sync/watch/watch_state.h"

namespace hubtrail::sync {
namespace {

constexpr std::int64_t kLookMs = 250;

std::optional<std::string> real_path(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> resolved(realpath(path.c_str(), nullptr),
                                                          std::free);
    return resolved ? std::optional<std::string>(resolved.get()) : std::nullopt;
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool lies_below(const std::string& path, const std::string& directory) {
    return directory == "/" || (path + "/").compare(0, directory.size() + 1, directory + "/") == 0;
}

/// One run of the verb. Thread: main.
class Watcher {
public:
    Watcher(const WatchOptions& options, const StopSignal& stop) : options_(options), stop_(stop) {}

    int run() {
        if (auto ready = prepare(); !ready) {
            std::fprintf(stderr, "watch: %s\n", ready.error().text.c_str());
            return exit_code(ready.error());
        }
        auto watched = watch();
        if (!watched) {
            feed_->say(watched.error().text);
        }
        const int code = feed_->finish();
        if (code != kExitOk && state_) {
            feed_->say("the rest is found again from " + options_.state_file +
                       " at the next start");
        }
        return watched ? code : exit_code(watched.error());
    }

private:
    Result<void, SyncError> prepare() {
        const auto usage = [](std::string text) {
            return Failure{SyncError{SyncErrc::usage, std::move(text)}};
        };
        const auto root = real_path(options_.directory);
        const auto meta = root ? read_disk_meta(*root) : std::nullopt;
        if (!meta || meta->meta.kind != FileKind::folder) {
            return usage(options_.directory + " is no directory");
        }
        if (options_.site.empty()) {
            return usage("a site is needed");
        }
        root_ = *root;
        if (!options_.state_file.empty()) {
            const auto parent = real_path(parent_of(options_.state_file));
            if (!parent) {
                return usage("there is no directory for " + options_.state_file);
            }
            if (lies_below(*parent, root_)) {
                return usage("the state file must lie outside " + root_ +
                             ", or writing it would be an event");
            }
            auto state = WatchState::open(
                options_.state_file, {root_, options_.site, meta->meta.identity.device}, files_);
            if (!state) {
                return Failure{state.error()};
            }
            state_ = std::move(*state);
        }
        auto inotify = Inotify::open();
        if (!inotify) {
            return Failure{inotify.error()};
        }
        inotify_ = std::move(*inotify);
        auto feed = Feed::make({options_.url, options_.token, "watch", {}}, state_.get(), stop_);
        if (!feed) {
            return usage(feed.error());
        }
        feed_ = std::move(*feed);
        return {};
    }

    void submit(FileChange change) {
        if (is_baseline_) {
            return;
        }
        const auto shown = change.path;
        const auto told = sendable(std::move(change));
        if (!told) {
            feed_->say("not told, the path has more than " + std::to_string(kPathBytesMax) +
                       " bytes: " + shown.substr(0, 200) + "...");
            return;
        }
        const auto now_us = feed_->clock().wall_us();
        auto event =
            make_file_event(*told, options_.site, make_uuid_v7(now_us, feed_->random()), now_us);
        if (state_) {
            state_->note(*told);
        }
        // What came before a stop is told, however full the queue is. When the poster ends the loop
        // notices; what was not taken is found again from the state.
        static_cast<void>(feed_->poster().submit(std::move(event), EventPoster::AtStop::wait));
    }

    Result<void, SyncError> start(FileTree& tree) {
        is_baseline_ = options_.initial == WatchOptions::Initial::baseline;
        if (state_ && state_->existed()) {
            is_baseline_ = false;
            for (const auto& [path, meta] : state_->snapshot()) {
                tree.load(path, meta);
            }
            if (state_->unacknowledged()) {
                feed_->poster().resume(*state_->unacknowledged());
            }
        } else if (state_ && !is_baseline_) {
            if (auto begun = state_->begin({}); !begun) {
                return begun;
            }
        }
        if (!is_baseline_) {
            feed_->poster().start();
        }
        if (auto started = tree.start(); !started) {
            return started;
        }
        if (is_baseline_) {
            if (auto begun = begin_state(tree); !begun) {
                return begun;
            }
            is_baseline_ = false;
            feed_->poster().start();
        }
        return {};
    }

    Result<void, SyncError> begin_state(const FileTree& tree) {
        if (!state_) {
            return {};
        }
        FileSnapshot snapshot;
        tree.for_each(
            [&](const std::string& path, const FileMeta& meta) { snapshot[path] = meta; });
        return state_->begin(std::move(snapshot));
    }

    Result<void, SyncError> watch() {
        FileTree tree(
            root_, *inotify_, feed_->clock(), [this](const FileChange& change) { submit(change); },
            [this](const std::string& text) { feed_->say(text); });
        if (auto started = start(tree); !started) {
            return started;
        }
        feed_->say("watching " + root_ + " (" + std::to_string(tree.directories()) +
                   " directories) for site " + options_.site);
        while (!stop_.requested() && !feed_->poster().has_failed()) {
            wait_for_work(tree);
            if (auto done = take_in(tree); !done) {
                return done;
            }
            feed_->show_status(std::to_string(tree.directories()) + " directories watched, " +
                               std::to_string(feed_->poster().sent()) + " events sent, " +
                               std::to_string(feed_->poster().pending()) + " pending");
        }
        if (feed_->poster().has_failed()) {
            return {};
        }
        // What happened before the user asked to stop is told too.
        auto done = take_in(tree);
        return done ? tree.finish() : done;
    }

    void wait_for_work(const FileTree& tree) const {
        auto wait_ms = kLookMs;
        if (const auto next = tree.next_deadline_ms()) {
            wait_ms = std::clamp<std::int64_t>(*next - steady_ms(feed_->clock()), 0, kLookMs);
        }
        std::array<pollfd, 2> waiters{pollfd{inotify_->descriptor(), POLLIN, 0},
                                      pollfd{stop_.descriptor(), POLLIN, 0}};
        poll(waiters.data(), waiters.size(), static_cast<int>(wait_ms));
    }

    Result<void, SyncError> take_in(FileTree& tree) {
        auto events = inotify_->read();
        if (!events) {
            return Failure{events.error()};
        }
        for (auto& event : *events) {
            tree.push(std::move(event));
        }
        return tree.process();
    }

    const WatchOptions& options_;
    const StopSignal& stop_;
    std::string root_;
    PosixFileSystem files_;
    std::unique_ptr<WatchState> state_;
    std::unique_ptr<Inotify> inotify_;
    std::unique_ptr<Feed> feed_;
    bool is_baseline_ = false;
};

}  // namespace

int run_watch(const WatchOptions& options, const StopSignal& stop) {
    return Watcher(options, stop).run();
}

}  // namespace hubtrail::sync
