#include "transport/sent_history.h"

#include <string>

#include "tests/support/catch.h"
#include "transport/frame_header.h"

namespace hubtrail::transport {
namespace {

using Layout = SentHistory::Layout;

std::string frame_of(const std::string& payload) {
    std::string frame(kFrameHeaderBytesMax, '\0');
    frame.resize(write_frame_header(frame.data(), FrameOpcode::text, payload.size()));
    return frame + payload;
}

constexpr std::size_t kLimit = 1000;

}  // namespace

TEST_CASE("A history counts messages from 1 and keeps whole frames, oldest first", "[history]") {
    SentHistory history(kLimit);
    CHECK(history.begin() == 1);
    CHECK(history.end() == 1);
    history.add(frame_of("a"), 1, Layout::frames);
    history.add(frame_of("b") + frame_of("c"), 2, Layout::frames);
    CHECK(history.begin() == 1);
    CHECK(history.end() == 4);
    CHECK(history.kept() == frame_of("a") + frame_of("b") + frame_of("c"));
    history.acknowledge(2);
    CHECK(history.begin() == 3);
    CHECK(history.kept() == frame_of("c"));
    history.acknowledge(2);  // again
    CHECK(history.kept() == frame_of("c"));
    history.acknowledge(0);
    CHECK(history.kept() == frame_of("c"));
}

TEST_CASE("Messages of one frame are acknowledged together", "[history]") {
    SentHistory history(kLimit);
    history.add(frame_of("abc"), 3, Layout::one);
    history.add(frame_of("d"), 1, Layout::frames);
    history.acknowledge(2);
    CHECK(history.begin() == 1);
    CHECK(history.kept() == frame_of("abc") + frame_of("d"));
    history.acknowledge(3);
    CHECK(history.begin() == 4);
    CHECK(history.kept() == frame_of("d"));
}

TEST_CASE("An id that was never sent acknowledges what was", "[history]") {
    SentHistory history(kLimit);
    history.add(frame_of("a"), 1, Layout::frames);
    history.acknowledge(INT64_MAX - 1);
    CHECK(history.begin() == 2);
    CHECK(history.end() == 2);
    CHECK(history.bytes() == 0);
    history.add(frame_of("b"), 1, Layout::frames);
    CHECK(history.begin() == 2);
    CHECK(history.kept() == frame_of("b"));
}

TEST_CASE("A history is over its limit with one byte more", "[history]") {
    SentHistory history(kLimit);
    history.add(std::string(kLimit, 'x'), 1, Layout::frames);
    CHECK_FALSE(history.over());
    history.add("x", 1, Layout::frames);
    CHECK(history.over());
}

TEST_CASE("A history in use keeps its memory, one that rests gives it back", "[history]") {
    const auto resting = SentHistory(kLimit).capacity();
    SentHistory history(kLimit);
    for (int second = 0; second < 3; ++second) {
        history.add(frame_of(std::string(500, 'x')), 1, Layout::frames);
        history.acknowledge(history.end() - 1);
        CHECK(history.bytes() == 0);
        history.on_second();
        CHECK(history.capacity() >= 500);
    }
    history.on_second();
    CHECK(history.capacity() == resting);

    history.add(frame_of("kept"), 1, Layout::frames);
    history.on_second();
    history.on_second();
    CHECK(history.kept() == frame_of("kept"));
}

TEST_CASE("A history does not grow with what was acknowledged", "[history]") {
    SentHistory history(kLimit);
    const auto frame = frame_of(std::string(100, 'x'));
    for (int i = 0; i < 10'000; ++i) {
        history.add(frame, 1, Layout::frames);
        history.acknowledge(history.end() - 3);
    }
    CHECK(history.bytes() == 2 * frame.size());
    CHECK(history.capacity() < 16 * frame.size());
}

}  // namespace hubtrail::transport
