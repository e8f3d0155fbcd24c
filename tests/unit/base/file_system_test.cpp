#include "base/file_system.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPlenty = 1024 * 1024;

/// A directory of its own for each test, gone at its end.
class ScratchDirectory {
public:
    ScratchDirectory() {
        auto path = (fs::temp_directory_path() / "hubtrail-test-XXXXXX").string();
        REQUIRE(mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
    }

private:
    std::string path_;
};

unsigned mode_of(const std::string& path) {
    struct stat info {};
    REQUIRE(stat(path.c_str(), &info) == 0);
    return info.st_mode & 0777U;
}

TEST_CASE("write_atomic makes a file that read gives back", "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    const auto content = GENERATE(as<std::string>{}, "", "text\n", std::string("a\0b\xff", 4),
                                  std::string(100'000, 'x'));
    REQUIRE(files.write_atomic(scratch.file("f"), content, 0600));
    const auto read = files.read(scratch.file("f"), kPlenty);
    REQUIRE(read);
    CHECK(*read == content);
    CHECK(scratch.entries() == 1);
}

TEST_CASE("write_atomic replaces the whole file and its mode", "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    REQUIRE(files.write_atomic(scratch.file("f"), "a long first content", 0644));
    CHECK(mode_of(scratch.file("f")) == 0644U);
    REQUIRE(files.write_atomic(scratch.file("f"), "short", 0600));
    CHECK(mode_of(scratch.file("f")) == 0600U);
    const auto read = files.read(scratch.file("f"), kPlenty);
    REQUIRE(read);
    CHECK(*read == "short");
}

TEST_CASE("write_atomic that cannot finish leaves the old content and no temporary file",
          "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    // A file cannot be renamed onto a directory: the last step fails, after all was written.
    REQUIRE(files.make_directories(scratch.file("taken")));
    const auto onto_directory = files.write_atomic(scratch.file("taken"), "x", 0600);
    REQUIRE_FALSE(onto_directory);
    CHECK(onto_directory.error().code == EISDIR);
    CHECK(onto_directory.error().text.find(scratch.file("taken")) != std::string::npos);
    CHECK(scratch.entries() == 1);

    const auto nowhere = files.write_atomic(scratch.file("no/such/f"), "x", 0600);
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == ENOENT);
}

TEST_CASE("write_atomic keeps a reader's open file whole", "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    REQUIRE(files.write_atomic(scratch.file("f"), "old content", 0600));
    std::ifstream reader(scratch.file("f"));
    REQUIRE(files.write_atomic(scratch.file("f"), "new", 0600));
    std::string seen;
    std::getline(reader, seen);
    CHECK(seen == "old content");
}

TEST_CASE("read answers nothing for a file that does not exist", "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    const auto read = files.read(scratch.file("absent"), kPlenty);
    REQUIRE(read);
    CHECK_FALSE(read->has_value());
}

TEST_CASE("read takes a file of exactly the limit and refuses one byte more", "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    const std::size_t size = GENERATE(std::size_t{1}, std::size_t{16384}, std::size_t{40000});
    REQUIRE(files.write_atomic(scratch.file("f"), std::string(size, 'x'), 0600));
    const auto exact = files.read(scratch.file("f"), size);
    REQUIRE(exact);
    CHECK((*exact)->size() == size);
    const auto over = files.read(scratch.file("f"), size - 1);
    REQUIRE_FALSE(over);
    CHECK(over.error().code == EFBIG);
}

TEST_CASE("read refuses a directory", "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    const auto read = files.read(scratch.path(), kPlenty);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == EISDIR);
}

TEST_CASE("make_directories makes parents, accepts what exists and refuses a file in the way",
          "[base]") {
    const ScratchDirectory scratch;
    PosixFileSystem files;
    REQUIRE(files.make_directories(scratch.file("a/b//c/")));
    CHECK(fs::is_directory(scratch.file("a/b/c")));
    CHECK(mode_of(scratch.file("a/b")) == 0700U);
    CHECK(files.make_directories(scratch.file("a/b/c")));
    CHECK(files.make_directories("/"));

    REQUIRE(files.write_atomic(scratch.file("file"), "x", 0600));
    const auto blocked = files.make_directories(scratch.file("file/under"));
    REQUIRE_FALSE(blocked);
    CHECK(blocked.error().code == ENOTDIR);
}

}  // namespace
}  // namespace hubtrail
