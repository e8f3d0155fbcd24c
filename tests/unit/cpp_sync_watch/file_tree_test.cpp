#include "clients/cpp-sync/watch/file_tree.h"

#include <set>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "clients/cpp-sync/watch/watch_state.h"
#include "tests/unit/cpp_sync/fakes.h"

namespace hubtrail::sync {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

const char* name_of(FileChange::Kind kind) {
    static constexpr const char* kNames[] = {"created", "updated", "deleted", "moved", "renamed"};
    return kNames[static_cast<int>(kind)];
}

/// Real inotify, which can run out of watches.
class LimitedWatches final : public DirectoryWatches {
public:
    explicit LimitedWatches(Inotify& inotify) : inotify_(inotify) {}
    Result<int, SyncError> add(int directory, const std::string& path, Place place) override {
        if (left == 0) {
            return Failure{SyncError{SyncErrc::watch_limit, "raise fs.inotify.max_user_watches"}};
        }
        --left;
        return inotify_.add(directory, path, place);
    }
    void remove(int watch) override { inotify_.remove(watch); }
    int left = 1'000'000;

private:
    Inotify& inotify_;
};

/// A tree on a real directory with a clock of its own. `replica` is what a reader of the events
/// has.
struct Watched {
    explicit Watched(TempPlace place = TempPlace::disk) : dir(place) {
        auto opened = Inotify::open();
        REQUIRE(opened);
        inotify = std::move(*opened);
        watches = std::make_unique<LimitedWatches>(*inotify);
        fresh_tree();
    }
    void fresh_tree() {
        tree = std::make_unique<FileTree>(
            dir.path(), *watches, clock,
            [this](const FileChange& change) {
                changes.push_back(change);
                apply_change(replica, change);
            },
            [this](const std::string& text) { warnings.push_back(text); });
    }
    /// Starts with what exists as the baseline: in the replica, but not in `changes`.
    void start() {
        REQUIRE(tree->start());
        changes.clear();
    }
    void pump() {
        auto events = inotify->read();
        REQUIRE(events);
        for (auto& event : *events) {
            tree->push(event);
        }
        REQUIRE(tree->process());
    }
    /// Lets everything that was started come to its end.
    void settle() {
        pump();
        for (int round = 0; round < 40 && tree->next_deadline_ms(); ++round) {
            clock.advance_ms(
                std::max<std::int64_t>(*tree->next_deadline_ms() - steady_ms(clock), 0));
            pump();
        }
        REQUIRE_FALSE(tree->next_deadline_ms());
    }
    std::string operator/(const std::string& name) const { return dir / name; }

    Lines told() {
        Lines lines;
        for (const auto& change : std::exchange(changes, {})) {
            std::string line =
                std::string(change.meta.kind == FileKind::folder ? "folder " : "file ") +
                name_of(change.kind) + " ";
            line += change.old_path.empty() ? "" : change.old_path + " -> ";
            lines.push_back(line + change.path + (change.replaced ? " (replaced)" : ""));
        }
        return lines;
    }
    Lines settled() {
        settle();
        return told();
    }
    /// The reader's picture is the disk's, with sizes.
    void check_replica() const {
        std::map<std::string, std::int64_t> disk;
        for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
            const auto path = entry.path().string().substr(dir.path().size());
            const auto found = read_disk_meta(entry.path().string());
            disk[path] = found ? found->meta.size : -1;
        }
        std::map<std::string, std::int64_t> told_of;
        for (const auto& [path, meta] : replica) {
            told_of[path] = meta.size;
        }
        CHECK(told_of == disk);
        FileSnapshot own;
        tree->for_each([&](const std::string& path, const FileMeta& meta) { own[path] = meta; });
        CHECK(own == replica);
    }
    void overflow() { tree->push({-1, IN_Q_OVERFLOW, 0, ""}); }
    /// Loses what is in the kernel's queue, as an overflow does.
    void lose_events() {
        REQUIRE(inotify->read());
        overflow();
    }

    TempDir dir;
    FakeClock clock;
    std::unique_ptr<Inotify> inotify;
    std::unique_ptr<LimitedWatches> watches;
    std::unique_ptr<FileTree> tree;
    std::vector<FileChange> changes;
    std::vector<std::string> warnings;
    FileSnapshot replica;
};

}  // namespace

TEST_CASE("A new file is told once, when it has settled, with its size", "[sync]") {
    Watched w;
    w.start();
    write_file(w / "a", "12345");
    w.pump();
    CHECK(w.changes.empty());
    w.clock.advance_ms(kSettleMs - 1);
    w.pump();
    CHECK(w.changes.empty());
    w.clock.advance_ms(1);
    w.pump();
    REQUIRE(w.changes.size() == 1);
    CHECK(w.changes[0].meta.size == 5);
    CHECK(w.told() == Lines{"file created /a"});
    CHECK(w.settled().empty());
}

TEST_CASE("A burst of writes is one update, and nothing changed is no event", "[sync]") {
    Watched w;
    write_file(w / "a", "1");
    w.start();
    for (int i = 0; i < 20; ++i) {
        write_file(w / "a", std::string(static_cast<std::size_t>(i), 'x'));
        w.pump();
    }
    CHECK(w.settled() == Lines{"file updated /a"});
    const int fd = open((w / "a").c_str(), O_WRONLY);
    close(fd);
    chmod((w / "a").c_str(), 0600);
    CHECK(w.settled().empty());
    w.check_replica();
}

TEST_CASE("A file that is written without a rest is told all the same", "[sync]") {
    Watched w;
    w.start();
    for (std::int64_t ms = 0; ms <= kSettleMaxMs; ms += kSettleMs / 2) {
        write_file(w / "log", std::to_string(ms));
        w.pump();
        w.clock.advance_ms(kSettleMs / 2);
    }
    w.pump();
    CHECK_FALSE(w.changes.empty());
}

TEST_CASE("A new file that stays open is told late, and again when it is closed", "[sync]") {
    Watched w;
    w.start();
    const int fd = open((w / "open").c_str(), O_CREAT | O_WRONLY, 0600);
    fchmod(fd, 0644);  // an attribute change does not hurry it
    w.pump();
    w.clock.advance_ms(kUnclosedMs - 1);
    w.pump();
    CHECK(w.changes.empty());
    w.clock.advance_ms(1);
    w.pump();
    CHECK(w.told() == Lines{"file created /open"});
    REQUIRE(write(fd, "x", 1) == 1);
    close(fd);
    CHECK(w.settled() == Lines{"file updated /open"});
}

TEST_CASE("A rename keeps the file's resource id", "[sync]") {
    Watched w;
    write_file(w / "a", "1");
    w.start();
    fs::rename(w / "a", w / "b");
    w.pump();
    REQUIRE(w.changes.size() == 1);
    CHECK(w.changes[0].meta == w.replica.at("/b"));
    CHECK(w.told() == Lines{"file renamed /a -> /b"});
    w.check_replica();
}

TEST_CASE("A move to another folder is told as moved, files and folders alike", "[sync]") {
    Watched w;
    fs::create_directories(w / "x/sub");
    fs::create_directories(w / "y");
    write_file(w / "x/a", "1");
    write_file(w / "x/sub/b", "1");
    w.start();
    fs::rename(w / "x/a", w / "y/a2");
    fs::rename(w / "x/sub", w / "y/sub");
    CHECK(w.settled() == Lines{"file moved /x/a -> /y/a2", "folder moved /x/sub -> /y/sub"});
    write_file(w / "y/sub/b", "22");
    CHECK(w.settled() == Lines{"file updated /y/sub/b"});
    w.check_replica();
}

TEST_CASE("A renamed folder is one event, and what happens inside has the new path", "[sync]") {
    Watched w;
    fs::create_directories(w / "d/e");
    write_file(w / "d/e/f", "1");
    w.start();
    fs::rename(w / "d", w / "d2");
    write_file(w / "d2/e/g", "1");
    fs::remove(w / "d2/e/f");
    CHECK(w.settled() ==
          Lines{"folder renamed /d -> /d2", "file deleted /d2/e/f", "file created /d2/e/g"});
    w.check_replica();
}

TEST_CASE("What leaves the tree is deleted with all that is in it, and what comes in is created",
          "[sync]") {
    Watched w;
    TempDir outside;
    fs::create_directories(w / "d/e");
    write_file(w / "d/e/f", "1");
    write_file(w / "a", "1");
    w.start();
    const auto directories = w.tree->directories();
    fs::rename(w / "d", outside / "d");
    fs::rename(w / "a", outside / "a");
    CHECK(w.settled() == Lines{"file deleted /d/e/f", "folder deleted /d/e", "folder deleted /d",
                               "file deleted /a"});
    CHECK(w.tree->directories() == directories - 2);
    write_file(outside / "d/e/unseen", "1");
    CHECK(w.settled().empty());
    fs::rename(outside / "d", w / "back");
    fs::rename(outside / "a", w / "a");
    CHECK(w.settled() == Lines{"folder created /back", "folder created /back/e", "file created /a",
                               "file created /back/e/f", "file created /back/e/unseen"});
    write_file(w / "back/e/f", "22");
    CHECK(w.settled() == Lines{"file updated /back/e/f"});
    w.check_replica();
}

TEST_CASE("The halves of a move may be read apart", "[sync]") {
    Watched w;
    write_file(w / "a", "1");
    w.start();
    fs::rename(w / "a", w / "b");
    auto events = w.inotify->read();
    REQUIRE(events);
    REQUIRE(events->size() == 2);
    w.tree->push((*events)[0]);
    w.clock.advance_ms(kMovePairMs - 1);
    REQUIRE(w.tree->process());
    CHECK(w.changes.empty());
    w.tree->push((*events)[1]);
    REQUIRE(w.tree->process());
    CHECK(w.told() == Lines{"file renamed /a -> /b"});
}

TEST_CASE("The end waits for no other half of a move, and tells what is behind it", "[sync]") {
    Watched w;
    const TempDir outside;
    write_file(w / "a", "1");
    w.start();
    fs::rename(w / "a", outside / "a");
    write_file(w / "b", "1");
    w.pump();
    CHECK(w.changes.empty());
    REQUIRE(w.tree->finish());
    CHECK(w.told() == Lines{"file deleted /a", "file created /b"});
    w.check_replica();
}

TEST_CASE("A deleted tree is told from the leaves up", "[sync]") {
    Watched w;
    fs::create_directories(w / "d/e");
    write_file(w / "d/e/f", "1");
    w.start();
    fs::remove_all(w / "d");
    CHECK(w.settled() == Lines{"file deleted /d/e/f", "folder deleted /d/e", "folder deleted /d"});
    CHECK(w.tree->directories() == 1);
    CHECK(w.replica.empty());
}

TEST_CASE("Folders made with everything in them before the watch are told once", "[sync]") {
    Watched w;
    w.start();
    fs::create_directories(w / "a/b/c");
    write_file(w / "a/1", "1");
    write_file(w / "a/b/2", "2");
    write_file(w / "a/b/c/3", "3");
    CHECK(w.settled() == Lines{"folder created /a", "folder created /a/b", "folder created /a/b/c",
                               "file created /a/1", "file created /a/b/2",
                               "file created /a/b/c/3"});
    CHECK(w.tree->directories() == 4);
    w.check_replica();
}

TEST_CASE("Files that race with the watch of their new folder are neither lost nor doubled",
          "[sync]") {
    Watched w;
    w.start();
    fs::create_directory(w / "d");
    write_file(w / "d/before", "1");
    w.pump();  // sets the watch, finds `before`
    write_file(w / "d/after", "1");
    fs::create_directory(w / "d/e");
    write_file(w / "d/e/deep", "1");
    w.pump();
    CHECK(w.settled() == Lines{"folder created /d", "folder created /d/e", "file created /d/before",
                               "file created /d/after", "file created /d/e/deep"});
    w.check_replica();
}

TEST_CASE("Saving through a new file and a rename is one update", "[sync]") {
    Watched w;
    write_file(w / "doc", "old");
    w.start();
    write_file(w / "doc.tmp", "new text");
    fs::rename(w / "doc.tmp", w / "doc");
    CHECK(w.settled() == Lines{"file updated /doc"});
    CHECK(w.replica.at("/doc").size == 8);
    w.check_replica();
}

TEST_CASE("A rename of a new file that nobody was told of is a creation", "[sync]") {
    Watched w;
    w.start();
    write_file(w / "part", "1");
    fs::rename(w / "part", w / "whole");
    CHECK(w.settled() == Lines{"file created /whole"});
}

TEST_CASE("A told file renamed onto another says that it replaced it", "[sync]") {
    Watched w;
    write_file(w / "a", "1");
    write_file(w / "b", "22");
    w.start();
    fs::rename(w / "a", w / "b");
    CHECK(w.settled() == Lines{"file renamed /a -> /b (replaced)"});
    w.check_replica();
}

TEST_CASE("Log rotation is told as it happened", "[sync]") {
    Watched w;
    write_file(w / "log", "1");
    write_file(w / "log.1", "22");
    w.start();
    fs::rename(w / "log.1", w / "log.2");
    fs::rename(w / "log", w / "log.1");
    write_file(w / "log", "");
    CHECK(w.settled() == Lines{"file renamed /log.1 -> /log.2", "file renamed /log -> /log.1",
                               "file created /log"});
    w.check_replica();
}

TEST_CASE("A file that is gone before it settles was never there", "[sync]") {
    Watched w;
    w.start();
    write_file(w / "a", "1");
    fs::remove(w / "a");
    fs::create_directory(w / "d");
    fs::remove(w / "d");
    CHECK(w.settled().empty());
    CHECK(w.tree->directories() == 1);
}

TEST_CASE("A path that changes its kind is deleted and created", "[sync]") {
    Watched w;
    write_file(w / "x", "1");
    w.start();
    fs::remove(w / "x");
    fs::create_directory(w / "x");
    CHECK(w.settled() == Lines{"file deleted /x", "folder created /x"});
    fs::remove(w / "x");
    write_file(w / "x", "1");
    CHECK(w.settled() == Lines{"folder deleted /x", "file created /x"});
    w.check_replica();
}

TEST_CASE("Two folders swapped before anybody looked end as they are on disk", "[sync]") {
    Watched w;
    w.start();
    fs::create_directory(w / "a");
    write_file(w / "a/1", "1");
    fs::rename(w / "a", w / "b");
    fs::create_directory(w / "a");
    write_file(w / "a/2", "2");
    fs::rename(w / "a", w / "c");
    fs::rename(w / "b", w / "a");
    fs::rename(w / "c", w / "b");
    w.settle();
    w.check_replica();
    write_file(w / "a/more", "1");
    write_file(w / "b/more", "1");
    w.settle();
    w.check_replica();
}

TEST_CASE("Symbolic links are files, hard links have a life of their own, pipes are not seen",
          "[sync]") {
    Watched w;
    w.start();
    fs::create_directory(w / "d");
    fs::create_symlink("/", w / "link");
    mkfifo((w / "pipe").c_str(), 0600);
    write_file(w / "one", "1");
    fs::create_hard_link(w / "one", w / "two");
    CHECK(w.settled() == Lines{"folder created /d", "file created /link", "file created /one",
                               "file created /two"});
    fs::remove(w / "one");
    CHECK(w.settled() == Lines{"file deleted /one"});
}

TEST_CASE("After an overflow everything that was missed is found", "[sync]") {
    Watched w;
    fs::create_directories(w / "keep/sub");
    fs::create_directories(w / "gone");
    write_file(w / "keep/same", "1");
    write_file(w / "keep/changed", "1");
    write_file(w / "keep/renamed", "1");
    write_file(w / "keep/sub/moved", "1");
    write_file(w / "gone/a", "1");
    w.start();
    write_file(w / "keep/changed", "22");
    fs::rename(w / "keep/renamed", w / "keep/renamed2");
    fs::rename(w / "keep/sub/moved", w / "moved");
    fs::remove_all(w / "gone");
    fs::create_directories(w / "new/deep");
    write_file(w / "new/deep/file", "1");
    fs::rename(w / "keep/sub", w / "sub2");
    w.lose_events();
    const auto told = w.settled();
    CHECK(w.warnings.size() == 1);
    const std::set<std::string> found(told.begin(), told.end());
    CHECK(found == std::set<std::string>{
                       "file updated /keep/changed", "file renamed /keep/renamed -> /keep/renamed2",
                       "file moved /keep/sub/moved -> /moved", "file deleted /gone/a",
                       "folder deleted /gone", "folder created /new", "folder created /new/deep",
                       "file created /new/deep/file", "folder moved /keep/sub -> /sub2"});
    CHECK(told.size() == found.size());
    w.check_replica();
    // Folders found by the rescan are watched.
    write_file(w / "new/deep/later", "1");
    write_file(w / "sub2/later", "1");
    CHECK(w.settled() == Lines{"file created /new/deep/later", "file created /sub2/later"});
}

TEST_CASE("The end does not wait for the next rescan", "[sync]") {
    Watched w;
    w.start();
    w.overflow();
    CHECK(w.settled().empty());
    write_file(w / "missed", "1");
    w.lose_events();
    REQUIRE(w.tree->process());
    CHECK(w.changes.empty());
    REQUIRE(w.tree->finish());
    CHECK(w.told() == Lines{"file created /missed"});
    w.check_replica();
}

TEST_CASE("An overflow in which files swap places ends as it is on disk", "[sync]") {
    Watched w;
    fs::create_directories(w / "d1");
    fs::create_directories(w / "d2");
    write_file(w / "d1/1", "1");
    write_file(w / "d2/22", "22");
    write_file(w / "a", "a");
    write_file(w / "b", "bb");
    w.start();
    fs::rename(w / "d1", w / "t");
    fs::rename(w / "d2", w / "d1");
    fs::rename(w / "t", w / "d2");
    fs::rename(w / "a", w / "t");
    fs::rename(w / "b", w / "a");
    fs::rename(w / "t", w / "b");
    w.lose_events();
    w.settle();
    w.check_replica();
    write_file(w / "d1/later", "1");
    write_file(w / "d2/later", "1");
    w.settle();
    w.check_replica();
}

TEST_CASE("The kernel's real queue overflows and nothing is lost", "[sync]") {
    std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
    int limit = 0;
    REQUIRE(limit_file >> limit);
    if (limit > 20'000) {
        WARN("queue of " << limit << " events is too long to fill in a unit test");
        return;
    }
    Watched w(TempPlace::memory);
    w.start();
    const int files = limit / 2 + 100;  // each gives two events
    for (int i = 0; i < files; ++i) {
        const int fd = open((w / ("f" + std::to_string(i))).c_str(), O_CREAT | O_WRONLY, 0600);
        REQUIRE(fd >= 0);
        close(fd);
    }
    w.settle();
    CHECK(w.warnings.size() == 1);
    CHECK(w.changes.size() == static_cast<std::size_t>(files));
    w.check_replica();
}

TEST_CASE("What changed while nobody watched is found from the loaded snapshot", "[sync]") {
    Watched w;
    fs::create_directories(w / "d");
    write_file(w / "d/a", "1");
    write_file(w / "d/b", "1");
    w.start();
    const auto kept = w.replica;
    fs::rename(w / "d", w / "d2");
    fs::remove(w / "d2/b");
    write_file(w / "d2/c", "1");
    REQUIRE(w.inotify->read());
    w.fresh_tree();
    for (const auto& [path, meta] : kept) {
        w.tree->load(path, meta);
    }
    REQUIRE(w.tree->start());
    CHECK(w.told() ==
          Lines{"folder renamed /d -> /d2", "file deleted /d2/b", "file created /d2/c"});
    w.check_replica();
}

TEST_CASE("Starting on a tree tells everything, folders first", "[sync]") {
    Watched w;
    fs::create_directories(w / "d");
    write_file(w / "d/a", "1");
    REQUIRE(w.tree->start());
    CHECK(w.told() == Lines{"folder created /d", "file created /d/a"});
}

TEST_CASE("Running out of watches is a failure that names the limit", "[sync]") {
    Watched w;
    w.start();
    w.watches->left = 1;
    fs::create_directory(w / "fits");
    w.pump();
    fs::create_directory(w / "one-more");
    auto events = w.inotify->read();
    REQUIRE(events);
    for (const auto& event : *events) {
        w.tree->push(event);
    }
    const auto done = w.tree->process();
    REQUIRE_FALSE(done);
    CHECK(done.error().code == SyncErrc::watch_limit);
}

TEST_CASE("The loss of the root is a failure", "[sync]") {
    Watched w;
    fs::create_directory(w / "root");
    FileTree tree(
        w / "root", *w.watches, w.clock, [](const FileChange&) {}, [](const std::string&) {});
    REQUIRE(tree.start());
    fs::remove(w / "root");
    auto events = w.inotify->read();
    REQUIRE(events);
    for (const auto& event : *events) {
        tree.push(event);
    }
    const auto done = tree.process();
    REQUIRE_FALSE(done);
    CHECK(done.error().text.find("was removed") != std::string::npos);
}

// Goal: no sequence of operations, however it is cut into reads and lost in part, makes the
// reader's picture differ from the disk. Method: random operations from a seed, random pumps and
// overflows.
TEST_CASE("Whatever happens to a tree, its events rebuild it", "[sync]") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        SeededRandom random(seed);
        Watched w(seed % 5 == 0 ? TempPlace::disk : TempPlace::memory);
        w.start();
        const auto any_path = [&] {
            std::string path = w.dir.path();
            const auto depth = 1 + random.below(3);
            for (std::uint64_t i = 0; i < depth; ++i) {
                path += "/" + std::string(1, static_cast<char>('a' + random.below(4)));
            }
            return path;
        };
        for (int step = 0; step < 300; ++step) {
            std::error_code ignored;
            const auto path = any_path();
            switch (random.below(8)) {
                case 0:
                case 1:
                    fs::create_directories(path, ignored);
                    break;
                case 2:
                case 3: {
                    std::ofstream file(path);
                    file << std::string(random.below(50), 'x');
                    break;
                }
                case 4:
                case 5:
                    fs::rename(path, any_path(), ignored);
                    break;
                case 6:
                    fs::remove_all(path, ignored);
                    break;
                default:
                    if (random.below(20) == 0) {
                        w.lose_events();
                    }
                    break;
            }
            if (random.below(4) == 0) {
                w.pump();
                w.clock.advance_ms(static_cast<std::int64_t>(random.below(150)));
            }
        }
        w.settle();
        w.check_replica();
        // And every folder is still watched.
        std::size_t folders = 1;
        for (const auto& entry : fs::recursive_directory_iterator(w.dir.path())) {
            folders += entry.is_directory() ? 1 : 0;
        }
        CHECK(w.tree->directories() == folders);
    }
}

}  // namespace hubtrail::sync
