#include "clients/cpp-sync/watch/watch_state.h"

#include <cerrno>

#include "tests/unit/cpp_sync/fakes.h"

namespace hubtrail::sync {
namespace {

const WatchState::Scope kScope{"/some dir", "site 1", 5};

FileMeta meta(std::uint64_t inode, FileKind kind = FileKind::file) {
    FileMeta out;
    out.kind = kind;
    out.identity = {5, inode, 77};
    out.size = 3;
    out.mtime_ns = -9;
    return out;
}

FileChange created(const std::string& path, std::uint64_t inode) {
    return {FileChange::Kind::created, path, "", meta(inode)};
}

std::unique_ptr<WatchState> open_state(const std::string& path, FileSystem& files,
                                       const WatchState::Scope& scope = kScope) {
    auto state = WatchState::open(path, scope, files);
    REQUIRE(state);
    return std::move(*state);
}

/// Claims that the file has this many bytes.
class SizedFiles final : public FileSystem {
public:
    explicit SizedFiles(std::size_t bytes) : bytes_(bytes) {}
    Result<std::optional<std::string>, FileError> read(const std::string& path,
                                                       std::size_t bytes_max) override {
        if (bytes_ > bytes_max) {
            return Failure{FileError{EFBIG, "read " + path + ": File too large"}};
        }
        return std::optional<std::string>{};
    }
    Result<void, FileError> write_atomic(const std::string&, const std::string&,
                                         unsigned) override {
        return {};
    }
    Result<void, FileError> make_directories(const std::string&) override { return {}; }

private:
    std::size_t bytes_;
};

Batch batch(const std::string& key, const std::vector<std::string>& ids) {
    Batch out{key, {}};
    for (const auto& id : ids) {
        out.events.push_back({id, "{\"id\":\"" + id + "\"}"});
    }
    return out;
}

}  // namespace

TEST_CASE("Changes build the picture that a reader of the events has", "[sync]") {
    FileSnapshot snapshot{{"/d", meta(1, FileKind::folder)},
                          {"/d/a", meta(2)},
                          {"/d/e/b", meta(3)},
                          {"/d0", meta(4)},
                          {"/d-x", meta(5)}};
    apply_change(snapshot, {FileChange::Kind::renamed, "/z", "/d", meta(1, FileKind::folder)});
    CHECK(snapshot.size() == 5);
    CHECK(snapshot.at("/z/a") == meta(2));
    CHECK(snapshot.at("/z/e/b") == meta(3));
    CHECK(snapshot.count("/d0") + snapshot.count("/d-x") == 2);
    apply_change(snapshot, {FileChange::Kind::moved, "/d0/a", "/z/a", meta(2)});
    apply_change(snapshot, {FileChange::Kind::deleted, "/z", "", meta(1, FileKind::folder)});
    CHECK(snapshot.size() == 3);
    apply_change(snapshot, {FileChange::Kind::updated, "/d0", "", meta(9)});
    CHECK(snapshot.at("/d0") == meta(9));
}

TEST_CASE("A state file gives back the snapshot with any names", "[sync]") {
    TempDir dir;
    PosixFileSystem files;
    const FileSnapshot snapshot{{"/a b\n%41\xFF", meta(1)}, {"/d", meta(2, FileKind::folder)}};
    {
        auto state = open_state(dir / "state", files);
        CHECK_FALSE(state->existed());
        REQUIRE(state->begin(snapshot));
    }
    const auto state = open_state(dir / "state", files);
    CHECK(state->existed());
    CHECK(state->snapshot() == snapshot);
    CHECK_FALSE(state->unacknowledged());
}

TEST_CASE("A batch that was not acknowledged comes back with its key, others do not", "[sync]") {
    TempDir dir;
    PosixFileSystem files;
    const auto first = batch("k1", {"e1", "e2"});
    const auto second = batch("k2", {"e3"});
    {
        auto state = open_state(dir / "state", files);
        REQUIRE(state->begin({}));
        state->note(created("/1", 1));
        state->note(created("/2", 2));
        state->note(created("/3", 3));
        state->note(created("/unsent", 4));
        REQUIRE(state->before_send(first));
        REQUIRE(state->acknowledged(first));
        REQUIRE(state->before_send(second));
    }
    for (int run = 0; run < 2; ++run) {  // dying again changes nothing
        const auto state = open_state(dir / "state", files);
        CHECK(state->unacknowledged() == second);
        CHECK(state->snapshot() == FileSnapshot{{"/1", meta(1)}, {"/2", meta(2)}, {"/3", meta(3)}});
    }
    {
        auto state = open_state(dir / "state", files);
        REQUIRE(state->before_send(second));  // as the poster does with a resumed batch
        REQUIRE(state->acknowledged(second));
    }
    const auto state = open_state(dir / "state", files);
    CHECK_FALSE(state->unacknowledged());
    CHECK(state->snapshot().size() == 3);
}

// Goal: a crash while a record is appended loses nothing that was sent. Method: cut the file at
// every byte after the snapshot; a batch counts exactly from its last byte on.
TEST_CASE("A record cut short by a crash is as if it had not begun", "[sync]") {
    TempDir dir;
    PosixFileSystem files;
    std::size_t snapshot_end = 0;
    {
        auto state = open_state(dir / "state", files);
        REQUIRE(state->begin({{"/0", meta(9)}}));
        snapshot_end = read_file(dir / "state").size();
        state->note(created("/1", 1));
        REQUIRE(state->before_send(batch("k1", {"e1"})));
    }
    const auto whole = read_file(dir / "state");
    for (auto cut = snapshot_end; cut <= whole.size(); ++cut) {
        CAPTURE(cut);
        write_file(dir / "cut", whole.substr(0, cut));
        const auto state = open_state(dir / "cut", files);
        CHECK(state->snapshot().count("/0") == 1);
        CHECK(state->unacknowledged().has_value() == (cut == whole.size()));
        CHECK(state->snapshot().count("/1") == (cut == whole.size() ? 1U : 0U));
    }
}

TEST_CASE("A state file of another directory, site or making is refused", "[sync]") {
    TempDir dir;
    PosixFileSystem files;
    {
        auto state = open_state(dir / "state", files);
        REQUIRE(state->begin({}));
    }
    CHECK_FALSE(WatchState::open(dir / "state", {"/other", "site 1", 5}, files));
    CHECK_FALSE(WatchState::open(dir / "state", {"/some dir", "site 2", 5}, files));
    write_file(dir / "junk", "hello\n");
    CHECK_FALSE(WatchState::open(dir / "junk", kScope, files));
    write_file(dir / "empty", "");
    CHECK_FALSE(WatchState::open(dir / "empty", kScope, files));
}

TEST_CASE("A device that got another number over a reboot is the same device", "[sync]") {
    TempDir dir;
    PosixFileSystem files;
    {
        auto state = open_state(dir / "state", files);
        REQUIRE(state->begin({{"/a", meta(1)}}));
        state->note(created("/b", 2));
        REQUIRE(state->before_send(batch("k1", {"e1"})));
    }
    const auto state = open_state(dir / "state", files, {kScope.directory, kScope.site, 6});
    CHECK(state->snapshot().at("/a").identity.device == 6);
    CHECK(state->snapshot().at("/b").identity.device == 6);
}

TEST_CASE("The state file is written anew when what was appended outgrows it", "[sync]") {
    TempDir dir;
    PosixFileSystem files;
    auto state = open_state(dir / "state", files);
    REQUIRE(state->begin({}));
    const std::string padding(100'000, 'x');
    std::size_t largest = 0;
    for (int i = 0; i < 40; ++i) {
        Batch next{"k" + std::to_string(i), {{"e", "{\"p\":\"" + padding + "\"}"}}};
        state->note(created("/same", 1));
        REQUIRE(state->before_send(next));
        REQUIRE(state->acknowledged(next));
        largest =
            std::max(largest, static_cast<std::size_t>(std::filesystem::file_size(dir / "state")));
    }
    CHECK(largest > kStateAppendedBytesMax);
    CHECK(largest < kStateAppendedBytesMax + 3 * padding.size());
    state.reset();
    CHECK(open_state(dir / "state", files)->snapshot() == FileSnapshot{{"/same", meta(1)}});
}

TEST_CASE("A state file as large as the limit is read and one byte more is not", "[sync]") {
    SizedFiles fits(kStateBytesMax);
    CHECK(WatchState::open("state", kScope, fits));
    SizedFiles too_large(kStateBytesMax + 1);
    const auto refused = WatchState::open("state", kScope, too_large);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == SyncErrc::file);
}

}  // namespace hubtrail::sync
