// Memory is counted by replacing the allocation functions, hence a file of its own.
#include <cstdlib>
#include <new>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/transport_websocket/decoder_harness.h"

namespace {

std::size_t allocations = 0;
std::size_t largest = 0;

}  // namespace

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    ++allocations;
    largest = bytes > largest ? bytes : largest;
    return std::malloc(bytes);
}
void* operator new(std::size_t bytes) {
    if (void* memory = operator new(bytes, std::nothrow)) {
        return memory;
    }
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

namespace hubtrail::transport {
namespace {

using Kind = FrameDecoder::Event::Kind;

// A frame's header alone: the payload is announced and never sent.
std::string announced(unsigned first, std::uint64_t bytes) {
    std::string out{static_cast<char>(first), static_cast<char>(bytes < 65536 ? 0xFE : 0xFF)};
    for (unsigned i = bytes < 65536 ? 2 : 8; i > 0; --i) {
        out.push_back(static_cast<char>((bytes >> (8 * (i - 1))) & 0xFFU));
    }
    return out.append(kTestMask);
}

}  // namespace

TEST_CASE("A message may have its largest size and no more", "[websocket]") {
    const std::string largest_payload(kMessageBytesMax, 'm');
    CHECK(run_decoder({frame(0x81, largest_payload)}) == "text:mmmmmmmm...32768 |");
    CHECK(run_decoder({frame(0x81, largest_payload + "m")}) == "error:1009:message too big ");
    CHECK(run_decoder({frame(0x82, largest_payload + "m")}) == "error:1009:message too big ");
    // Refused by the header.
    CHECK(run_decoder({announced(0x81, kMessageBytesMax + 1)}) == "error:1009:message too big ");
    CHECK(run_decoder({announced(0x82, 0x7FFFFFFFFFFFFFFF)}) == "error:1009:message too big ");
}

TEST_CASE("Fragments together may have the largest size of a message and no more", "[websocket]") {
    const std::string begin = frame(0x01, std::string(kMessageBytesMax - 1, 'm'));
    CHECK(run_decoder({begin + frame(0x80, "m")}) == "text:mmmmmmmm...32768 |");
    CHECK(run_decoder({begin + frame(0x80, "mm")}) == "error:1009:message too big ");
    CHECK(run_decoder({begin + frame(0x00, "m") + frame(0x80, "")}) == "text:mmmmmmmm...32768 |");
    CHECK(run_decoder({begin + frame(0x00, "m") + frame(0x80, "m")}) ==
          "error:1009:message too big ");
    // size + announced would wrap around 64 bits
    CHECK(run_decoder({begin + announced(0x80, 0x7FFFFFFFFFFFFFFF)}) ==
          "error:1009:message too big ");
    CHECK(run_decoder({frame(0x81, "abcd")}, {4, 2}) == "text:abcd |");
    CHECK(run_decoder({frame(0x81, "abcde")}, {4, 2}) == "error:1009:message too big ");
    // A full message does not count against the next.
    CHECK(run_decoder({frame(0x81, "abcd") + frame(0x81, "efgh")}, {4, 2}) ==
          "text:abcd text:efgh |");
}

TEST_CASE("A message may have its largest number of fragments and no more", "[websocket]") {
    std::string begin = frame(0x01, "f");
    for (std::size_t i = 0; i + 2 < kFragmentsPerMessageMax; ++i) {
        begin += frame(0x00, i % 2 == 0 ? "" : "f");
    }
    CHECK(run_decoder({begin + frame(0x80, "f")}) == "text:ffffffff...513 |");
    CHECK(run_decoder({begin + frame(0x00, "f") + frame(0x80, "f")}) ==
          "error:1008:too many fragments ");
    // Pings between fragments are not fragments; the next message counts from one.
    CHECK(run_decoder({begin + frame(0x89, "") + frame(0x80, "f") + begin + frame(0x80, "f")}) ==
          "ping: text:ffffffff...513 text:ffffffff...513 |");
    CHECK(run_decoder({frame(0x01, "a") + frame(0x80, "b")}, {8, 2}) == "text:ab |");
    CHECK(run_decoder({frame(0x01, "a") + frame(0x00, "b") + frame(0x80, "c")}, {8, 2}) ==
          "error:1008:too many fragments ");
}

TEST_CASE("An announced size costs nothing before its bytes come", "[websocket]") {
    const auto decoder = make_frame_decoder();
    const std::string header = announced(0x81, kMessageBytesMax);
    std::string_view bytes = header;
    allocations = 0;
    CHECK(decoder->decode(bytes).kind == Kind::none);
    CHECK(allocations == 0);
}

TEST_CASE("No announcement and no cut makes a decoder allocate more than its limit",
          "[websocket]") {
    const std::string whole = frame(0x81, std::string(kMessageBytesMax, 'm'));
    std::string fragments = frame(0x01, std::string(20000, 'm'));
    for (std::size_t i = 0; i < 700; ++i) {
        fragments += frame(0x00, "m");
    }
    const std::string announcement = fragments + announced(0x80, kMessageBytesMax - 20700);
    for (const std::string& stream : {whole, fragments, announcement}) {
        for (const std::size_t step : {1U, 100U, 1500U, 4096U, 100000U}) {
            const auto decoder = make_frame_decoder();
            largest = 0;
            for (std::size_t at = 0; at < stream.size(); at += step) {
                std::string_view piece = std::string_view(stream).substr(at, step);
                decoder->decode(piece);
            }
            CAPTURE(step);
            CHECK(largest <= kMessageBytesMax + 1);
        }
    }
}

TEST_CASE("Once warm, messages cost no allocation", "[websocket]") {
    const auto decoder = make_frame_decoder();
    const std::string stream =
        frame(0x81, std::string(130, 'm')) + frame(0x89, std::string(125, 'p')) +
        frame(0x01, std::string(60, 'm')) + frame(0x80, std::string(60, 'm'));
    const auto pass = [&] {
        std::string_view bytes = stream;
        std::size_t events = 0;
        while (decoder->decode(bytes).kind != Kind::none) {
            ++events;
        }
        return events;
    };
    REQUIRE(pass() == 3);
    allocations = 0;
    std::size_t events = 0;
    for (int i = 0; i < 100; ++i) {
        events += pass();
    }
    const std::size_t counted = allocations;
    CHECK(events == 300);
    CHECK(counted == 0);
}

// Goal: a flood of empty pings (which made another server hold tens of megabytes) and a refused
// deflate bomb leave nothing behind.
TEST_CASE("Floods leave no memory behind", "[websocket]") {
    const auto decoder = make_frame_decoder();
    std::string pings;
    for (int i = 0; i < 1000; ++i) {
        pings += frame(0x89, "");
    }
    allocations = 0;
    std::size_t count = 0;
    for (int i = 0; i < 100; ++i) {
        std::string_view bytes = pings;
        while (decoder->decode(bytes).kind == Kind::ping) {
            ++count;
        }
    }
    const std::size_t counted = allocations;
    CHECK(count == 100000);
    CHECK(counted == 0);
    CHECK(run_decoder({frame(0xC1, std::string(30000, '\x55'))}) == "error:1002:reserved bit set ");
}

}  // namespace hubtrail::transport
