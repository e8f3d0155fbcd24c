#include "transport/frame_decoder.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/transport_websocket/decoder_harness.h"

namespace hubtrail::transport {
namespace {

constexpr unsigned kText = 0x81;
constexpr unsigned kBinary = 0x82;
constexpr unsigned kTextBegin = 0x01;
constexpr unsigned kBinaryBegin = 0x02;
constexpr unsigned kMiddle = 0x00;
constexpr unsigned kEnd = 0x80;
constexpr unsigned kClose = 0x88;
constexpr unsigned kPing = 0x89;
constexpr unsigned kPong = 0x8A;

struct Row {
    std::string bytes;
    std::string events;
};

void check_all(const std::vector<Row>& rows) {
    for (const auto& [bytes, events] : rows) {
        CAPTURE(events, bytes.size());
        CHECK(run_decoder({bytes}) == events);
        CHECK(run_decoder(bytewise(bytes)) == events);
        CHECK(first_bad_cut(bytes, events) == std::string_view::npos);
    }
}

}  // namespace

TEST_CASE("Whole frames come out as they went in, however they are cut", "[websocket]") {
    check_all({
        {"", "|"},
        {frame(kText, ""), "text: |"},
        {frame(kText, "a"), "text:a |"},
        {frame(kText, "{\"type\":6}\x1e"), "text:{\"type\":6}\x1e |"},
        {frame(kText, "a") + frame(kText, "b"), "text:a text:b |"},
        {frame(kText, "\xC3\xA4\xE2\x82\xAC"), "text:\xC3\xA4\xE2\x82\xAC |"},
        {frame(kBinary, ""), "binary: |"},
        {frame(kBinary, "\xFF\xFE"), "binary:\xFF\xFE |"},
        {frame(kPing, ""), "ping: |"},
        {frame(kPing, "x"), "ping:x |"},
        {frame(kPing, std::string(125, 'p')), "ping:pppppppp...125 |"},
        {frame(kPong, "y"), "pong:y |"},
        {frame(kPing, "\xFF") + frame(kPong, "\xFE"), "ping:\xFF pong:\xFE |"},
        {frame(kText, "a") + frame(kPing, "b") + frame(kBinary, "c"), "text:a ping:b binary:c |"},
        {frame(kText, "zero mask", std::string_view("\0\0\0\0", 4)), "text:zero mask |"},
    });
}

TEST_CASE("Each length is read in its own form around the borders", "[websocket]") {
    const FrameDecoderLimits large{70000, kFragmentsPerMessageMax};
    for (const std::size_t size :
         {0U,   1U,   3U,    4U,    7U,    8U,     9U,     124U,   125U,   126U,
          127U, 128U, 4095U, 4096U, 4097U, 65534U, 65535U, 65536U, 65537U, 70000U}) {
        CAPTURE(size);
        const std::string payload(size, 'v');
        const std::string bytes = frame(kText, payload) + frame(kText, "!");
        const std::string events = "text:" + shown(payload) + " text:! |";
        CHECK(run_decoder({bytes}, large) == events);
        CHECK(first_bad_cut(bytes, events, large) == std::string_view::npos);
    }
}

TEST_CASE("Payload bytes are unmasked by their place in the frame", "[websocket]") {
    std::string payload;
    for (unsigned i = 0; i < 10000; ++i) {
        payload.push_back(static_cast<char>(i * 7 + i / 256));
    }
    const std::string bytes = frame(kBinary, payload);
    for (const std::size_t step : {1U, 2U, 3U, 5U, 7U, 8U, 13U, 4095U, 4097U}) {
        CAPTURE(step);
        const auto decoder = make_frame_decoder();
        std::string got;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            std::string_view piece = std::string_view(bytes).substr(at, step);
            const auto event = decoder->decode(piece);
            if (event.kind == FrameDecoder::Event::Kind::binary) {
                got = event.payload;
            }
        }
        CHECK(got == payload);
    }
}

TEST_CASE("Fragments are joined, and control frames between them come at once", "[websocket]") {
    check_all({
        {frame(kTextBegin, "a") + frame(kEnd, "b"), "text:ab |"},
        {frame(kTextBegin, "") + frame(kEnd, ""), "text: |"},
        {frame(kTextBegin, "a") + frame(kMiddle, "") + frame(kEnd, ""), "text:a |"},
        {frame(kTextBegin, "a") + frame(kMiddle, "b") + frame(kMiddle, "c") + frame(kEnd, "d"),
         "text:abcd |"},
        {frame(kBinaryBegin, "\xFF") + frame(kEnd, "\xFE"), "binary:\xFF\xFE |"},
        {frame(kTextBegin, "a") + frame(kPing, "p") + frame(kEnd, "b"), "ping:p text:ab |"},
        {frame(kTextBegin, "a") + frame(kPing, "") + frame(kPong, "q") + frame(kMiddle, "b") +
             frame(kPing, "r") + frame(kEnd, "c"),
         "ping: pong:q ping:r text:abc |"},
        {frame(kTextBegin, "a") + frame(kClose, ""), "close:1005: "},
        {frame(kTextBegin, "a") + frame(kEnd, "b") + frame(kText, "c"), "text:ab text:c |"},
        {frame(kTextBegin, "a") + frame(kEnd, "b") + frame(kBinaryBegin, "\xFF") + frame(kEnd, "d"),
         "text:ab binary:\xFF"
         "d |"},
        // A character may be cut by fragments, and a ping may stand in the middle of it.
        {frame(kTextBegin, "\xE2") + frame(kPing, "\xFF") + frame(kMiddle, "\x82") +
             frame(kEnd, "\xAC"),
         "ping:\xFF text:\xE2\x82\xAC |"},
        // Unfinished.
        {frame(kTextBegin, "a"), ""},
        {frame(kTextBegin, "a") + frame(kPing, "p"), "ping:p "},
        {frame(kText, "abc").substr(0, 5), ""},
        {frame(kText, "abc").substr(0, 1), ""},
        {frame(kText, "abc").substr(0, 8), ""},
    });
}

TEST_CASE("A header that breaks the protocol ends with 1002", "[websocket]") {
    std::vector<Row> rows{
        {frame(kText, "a", ""), "error:1002:unmasked frame "},
        {frame(kPing, "", ""), "error:1002:unmasked frame "},
        {frame(kTextBegin, "a") + frame(kEnd, "b", ""), "error:1002:unmasked frame "},
        {frame(0xC1, "a"), "error:1002:reserved bit set "},
        {frame(0xA1, "a"), "error:1002:reserved bit set "},
        {frame(0x91, "a"), "error:1002:reserved bit set "},
        {frame(0xF1, "a"), "error:1002:reserved bit set "},
        {frame(0xC9, ""), "error:1002:reserved bit set "},
        {frame(kTextBegin, "a") + frame(0xC0, "b"), "error:1002:reserved bit set "},
        {frame(0x09, ""), "error:1002:fragmented control frame "},
        {frame(0x0A, ""), "error:1002:fragmented control frame "},
        {frame(0x08, ""), "error:1002:fragmented control frame "},
        {frame(kPing, std::string(126, 'p')), "error:1002:control frame too long "},
        {frame(kPong, std::string(70000, 'p')), "error:1002:control frame too long "},
        {frame(kClose, close_payload(1000, std::string(124, 'r'))),
         "error:1002:control frame too long "},
        {frame_with(kPing, "p", 2), "error:1002:control frame too long "},
        {frame(kEnd, "a"), "error:1002:continuation of nothing "},
        {frame(kMiddle, "a"), "error:1002:continuation of nothing "},
        {frame(kText, "a") + frame(kEnd, "b"), "text:a error:1002:continuation of nothing "},
        {frame(kTextBegin, "a") + frame(kEnd, "b") + frame(kEnd, "c"),
         "text:ab error:1002:continuation of nothing "},
        {frame(kTextBegin, "a") + frame(kText, "b"),
         "error:1002:new message inside a fragmented one "},
        {frame(kTextBegin, "a") + frame(kBinary, "b"),
         "error:1002:new message inside a fragmented one "},
        {frame(kBinaryBegin, "a") + frame(kTextBegin, "b"),
         "error:1002:new message inside a fragmented one "},
        {frame(kTextBegin, "a") + frame(kPing, "p") + frame(kTextBegin, "b"),
         "ping:p error:1002:new message inside a fragmented one "},
        {frame_with(kText, "a", 2), "error:1002:payload length not in its shortest form "},
        {frame_with(kText, std::string(125, 'a'), 2),
         "error:1002:payload length not in its shortest form "},
        {frame_with(kText, "", 8), "error:1002:payload length not in its shortest form "},
        {frame_with(kText, std::string(126, 'a'), 8),
         "error:1002:payload length not in its shortest form "},
        {frame_with(kText, std::string(65535, 'a'), 8),
         "error:1002:payload length not in its shortest form "},
        {frame_with(kTextBegin, "a", 0) + frame_with(kEnd, "b", 8),
         "error:1002:payload length not in its shortest form "},
        {std::string("\x81\xFF\x80\0\0\0\0\0\0\x01xxxx", 14),
         "error:1002:payload length over 63 bits "},
        {std::string("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFxxxx", 14),
         "error:1002:payload length over 63 bits "},
    };
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 0xBU, 0xCU, 0xDU, 0xEU, 0xFU}) {
        rows.push_back({frame(0x80 | opcode, ""), "error:1002:reserved opcode "});
        rows.push_back({frame(opcode, "x"), "error:1002:reserved opcode "});
        rows.push_back(
            {frame(kTextBegin, "a") + frame(0x80 | opcode, ""), "error:1002:reserved opcode "});
    }
    check_all(rows);
}

TEST_CASE("A bad header is refused by its first two bytes", "[websocket]") {
    CHECK(run_decoder({"\xC1\x81"}) == "error:1002:reserved bit set ");
    CHECK(run_decoder({"\x81\x01"}) == "error:1002:unmasked frame ");
    CHECK(run_decoder({"\x89\xFE"}) == "error:1002:control frame too long ");
    CHECK(run_decoder({std::string("\x81\xFF\x80\0\0\0\0\0\0\0", 10)}) ==
          "error:1002:payload length over 63 bits ");
}

TEST_CASE("A close frame is read strictly", "[websocket]") {
    std::vector<Row> rows{
        {frame(kClose, ""), "close:1005: "},
        {frame(kClose, close_payload(1000)), "close:1000: "},
        {frame(kClose, close_payload(1000, "bye")), "close:1000:bye "},
        {frame(kClose, close_payload(1001, "\xC3\xA4")), "close:1001:\xC3\xA4 "},
        {frame(kClose, close_payload(1000, std::string(123, 'r'))),
         "close:1000:" + std::string(123, 'r') + " "},
        {frame(kClose, "\x03"), "error:1002:close code of one byte "},
        {frame(kClose, close_payload(1000, "\xFF")), "error:1007:close reason is not UTF-8 "},
        {frame(kClose, close_payload(1000, "a\xC3")), "error:1007:close reason is not UTF-8 "},
        {frame(kClose, close_payload(1000, "\xED\xA0\x80")),
         "error:1007:close reason is not UTF-8 "},
        // What follows a close frame is swallowed.
        {frame(kClose, "") + frame(kText, "a"), "close:1005: "},
        {frame(kClose, "") + frame(kClose, ""), "close:1005: "},
        {frame(kClose, "") + "\xFF\xFF\xFF", "close:1005: "},
        {frame(kText, "a", "") + frame(kText, "b"), "error:1002:unmasked frame "},
    };
    for (const unsigned code : {0U, 1U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U,
                                2999U, 5000U, 5001U, 65535U}) {
        rows.push_back({frame(kClose, close_payload(code)), "error:1002:bad close code "});
        rows.push_back({frame(kClose, close_payload(code, "\xFF")), "error:1002:bad close code "});
    }
    for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U,
                                1012U, 1013U, 1014U, 3000U, 3999U, 4000U, 4999U}) {
        rows.push_back(
            {frame(kClose, close_payload(code, "r")), "close:" + std::to_string(code) + ":r "});
    }
    check_all(rows);
}

TEST_CASE("Text that is not UTF-8 ends with 1007, at its first bad byte", "[websocket]") {
    for (const std::string bad : {"\x80",
                                  "\xBF",
                                  "\xC0\x80",
                                  "\xC1\xBF",
                                  "\xC3\x28",
                                  "\xE0\x80\x80",
                                  "\xE0\x9F\xBF",
                                  "\xED\xA0\x80",
                                  "\xED\xBF\xBF",
                                  "\xF0\x80\x80\x80",
                                  "\xF0\x8F\xBF\xBF",
                                  "\xF4\x90\x80\x80",
                                  "\xF5\x80\x80\x80",
                                  "\xF8\x88\x80\x80",
                                  "\xFE",
                                  "\xFF",
                                  "\xE2\x82\x28",
                                  "\xF0\x9F\x98\x28",
                                  "\xE2\x28",
                                  "a\x80"
                                  "b"}) {
        CAPTURE(bad);
        check_all({{frame(kText, bad), "error:1007:text is not UTF-8 "},
                   {frame(kText, "ok \xC3\xA4 " + bad + "z"), "error:1007:text is not UTF-8 "},
                   {frame(kTextBegin, "a") + frame(kPing, "") + frame(kEnd, bad),
                    "ping: error:1007:text is not UTF-8 "},
                   {frame(kBinary, bad), "binary:" + bad + " |"}});
    }
    check_all(
        {{frame(kText, "a\xC3"), "error:1007:text ends inside a character "},
         {frame(kText, "\xE2\x82"), "error:1007:text ends inside a character "},
         {frame(kText, "\xF0\x9F\x98"), "error:1007:text ends inside a character "},
         {frame(kTextBegin, "\xE2") + frame(kEnd, "\x82"),
          "error:1007:text ends inside a character "},
         {frame(kTextBegin, "\xE2") + frame(kEnd, ""), "error:1007:text ends inside a character "},
         {frame(kText, "\xC3\xA4") + frame(kText, "\xA4"),
          "text:\xC3\xA4 error:1007:text is not UTF-8 "}});
    // Before the frame is complete.
    CHECK(run_decoder({frame(kText, "a\xFF" + std::string(100, 'b')).substr(0, 10)}) ==
          "error:1007:text is not UTF-8 ");
    CHECK(run_decoder({frame(kTextBegin, "\xF4\x90")}) == "error:1007:text is not UTF-8 ");
}

TEST_CASE("A decoder is at a boundary only when it holds nothing of its peer", "[websocket]") {
    const auto decoder = make_frame_decoder();
    const auto feed = [&](const std::string& bytes) {
        std::string_view rest = bytes;
        return decoder->decode(rest).kind;
    };
    using Kind = FrameDecoder::Event::Kind;
    CHECK(decoder->at_frame_boundary());
    const std::string whole = frame(kText, std::string(200, 'a'));
    for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
        CHECK(feed(whole.substr(i, 1)) == Kind::none);
        CHECK(!decoder->at_frame_boundary());
    }
    CHECK(feed(whole.substr(whole.size() - 1)) == Kind::text);
    CHECK(decoder->at_frame_boundary());
    CHECK(feed(frame(kTextBegin, "a")) == Kind::none);
    CHECK(!decoder->at_frame_boundary());
    CHECK(feed(frame(kPing, "")) == Kind::ping);
    CHECK(!decoder->at_frame_boundary());
    CHECK(feed(frame(kEnd, "")) == Kind::text);
    CHECK(decoder->at_frame_boundary());
    CHECK(feed(frame(kClose, "")) == Kind::close);
    CHECK(!decoder->at_frame_boundary());
    decoder->reset();
    CHECK(decoder->at_frame_boundary());
}

TEST_CASE("A decoder that was reset anywhere serves its next peer like a new one", "[websocket]") {
    const std::string before = frame(kTextBegin, "\xE2") + frame(kPing, "ping") +
                               frame(kMiddle, "\x82") + frame(kEnd, "\xAC") + frame(kClose, "") +
                               frame(kText, "x");
    const std::string after = frame(kTextBegin, "n") + frame(kEnd, "ew");
    for (std::size_t cut = 0; cut <= before.size(); ++cut) {
        CAPTURE(cut);
        const auto decoder = make_frame_decoder();
        std::string_view rest = std::string_view(before).substr(0, cut);
        while (decoder->decode(rest).kind != FrameDecoder::Event::Kind::none) {
        }
        decoder->reset();
        CHECK(decoder->at_frame_boundary());
        rest = after;
        CHECK(describe(decoder->decode(rest)) == "text:new");
    }
}

TEST_CASE("Each call returns one event and leaves the rest to the caller", "[websocket]") {
    const auto decoder = make_frame_decoder();
    const std::string bytes = frame(kText, "a") + frame(kPing, "b");
    std::string_view rest = bytes;
    CHECK(describe(decoder->decode(rest)) == "text:a");
    CHECK(rest.size() == frame(kPing, "b").size());
    CHECK(describe(decoder->decode(rest)) == "ping:b");
    CHECK(rest.empty());
    CHECK(describe(decoder->decode(rest)) == "none");
}

}  // namespace hubtrail::transport
