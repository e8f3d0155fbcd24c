#include "protocol/hub_protocol.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

template <typename Write>
std::string written(Write write) {
    std::string out = "before ";
    write(out);
    return out.substr(7);
}

TEST_CASE("JSON has its name, frames and null", "[protocol]") {
    const auto& p = json_hub_protocol();
    CHECK(p.name() == "json");
    CHECK_FALSE(p.binary());
    CHECK(p.encoding() == Encoding::json);
    CHECK(p.ping() == "{\"type\":6}\x1e");
    CHECK(p.null_value() == "null");
    CHECK(&p == &json_hub_protocol(NamingRule::camel_case));
    CHECK(&p != &json_hub_protocol(NamingRule::unchanged));
}

TEST_CASE("An encoding is found by its name, and by nothing else", "[protocol]") {
    for (const auto encoding : kEncodings) {
        CHECK(find_encoding(name_of(encoding)) == encoding);
    }
    for (const auto* name : {"", "JSON", "jso", "json ", "messagepack2"}) {
        CAPTURE(name);
        CHECK_FALSE(find_encoding(name));
    }
}

TEST_CASE("A hub speaks both encodings until it is told otherwise", "[protocol]") {
    HubProtocols spoken;
    CHECK(spoken.find(Encoding::json) == &json_hub_protocol());
    CHECK(spoken.find(Encoding::messagepack) == &messagepack_hub_protocol());
    spoken.json_names = NamingRule::unchanged;
    CHECK(spoken.find(Encoding::json) == &json_hub_protocol(NamingRule::unchanged));
    spoken.json = false;
    CHECK(spoken.find(Encoding::json) == nullptr);
    CHECK(spoken.find(Encoding::messagepack) == &messagepack_hub_protocol());
    spoken.messagepack = false;
    CHECK(spoken.find(Encoding::messagepack) == nullptr);
}

TEST_CASE("The JSON protocol writes the reference's bytes", "[protocol]") {
    const auto& p = json_hub_protocol();
    CHECK(written([&](auto& out) {
              p.append_invocation(out, MessageType::invocation, "", "Message", R"("x",42)", 2);
          }) == "{\"type\":1,\"target\":\"Message\",\"arguments\":[\"x\",42]}\x1e");
    CHECK(written([&](auto& out) {
              p.append_invocation(out, MessageType::invocation, "s1", "Result", "", 0);
          }) == "{\"type\":1,\"invocationId\":\"s1\",\"target\":\"Result\",\"arguments\":[]}\x1e");
    CHECK(written([&](auto& out) {
              p.append_invocation(out, MessageType::invocation, "", "Up", "5", 1, {"0"});
          }) == "{\"type\":1,\"target\":\"Up\",\"arguments\":[5],\"streamIds\":[\"0\"]}\x1e");
    CHECK(
        written([&](auto& out) {
            p.append_invocation(out, MessageType::stream_invocation, "1", "St", "", 0, {"0", "2"});
        }) ==
        "{\"type\":4,\"invocationId\":\"1\",\"target\":\"St\",\"arguments\":[],\"streamIds\":["
        "\"0\",\"2\"]}\x1e");
    CHECK(written([&](auto& out) { p.append_stream_item(out, "1", "0"); }) ==
          "{\"type\":2,\"invocationId\":\"1\",\"item\":0}\x1e");
    CHECK(written([&](auto& out) { p.append_completion(out, "1"); }) ==
          "{\"type\":3,\"invocationId\":\"1\"}\x1e");
    CHECK(written([&](auto& out) { p.append_completion_result(out, "0", "null"); }) ==
          "{\"type\":3,\"invocationId\":\"0\",\"result\":null}\x1e");
    CHECK(written([&](auto& out) { p.append_completion_error(out, "0", "it's"); }) ==
          "{\"type\":3,\"invocationId\":\"0\",\"error\":\"it's\"}\x1e");
    CHECK(written([&](auto& out) { p.append_cancel(out, "1"); }) ==
          "{\"type\":5,\"invocationId\":\"1\"}\x1e");
    CHECK(written([&](auto& out) { p.append_close(out, "", true); }) ==
          "{\"type\":7,\"allowReconnect\":true}\x1e");
    CHECK(written([&](auto& out) { p.append_ack(out, 1394); }) ==
          "{\"type\":8,\"sequenceId\":1394}\x1e");
    CHECK(written([&](auto& out) { p.append_sequence(out, 1234); }) ==
          "{\"type\":9,\"sequenceId\":1234}\x1e");
}

/// A random value, written with the writer and checked against the same random numbers when read
/// back.
class RandomValue {
public:
    explicit RandomValue(std::uint32_t seed) : random_(seed) {}

    void write(ValueWriter& writer, int depth = 0) {
        switch (choose(depth)) {
            case 0:
                return writer.null();
            case 1:
                return writer.boolean(random_() % 2 == 0);
            case 2:
                return writer.integer(integer());
            case 3:
                return writer.unsigned_integer(static_cast<std::uint64_t>(integer()));
            case 4:
                return writer.number(number());
            case 5:
                return writer.string(text());
            case 6:
                return writer.binary(text());
            case 7:
                return writer.timestamp(time());
            case 8: {
                const auto count = random_() % 4;
                writer.begin_array(count);
                for (std::size_t i = 0; i < count; ++i) {
                    write(writer, depth + 1);
                }
                return writer.end_array();
            }
            default: {
                const auto count = random_() % 4;
                writer.begin_object(count);
                for (std::size_t i = 0; i < count; ++i) {
                    writer.key(text());
                    write(writer, depth + 1);
                }
                return writer.end_object();
            }
        }
    }

    bool reads_back(ValueReader& reader, int depth = 0) {
        bool truth = false;
        std::int64_t whole = 0;
        std::uint64_t natural = 0;
        double real = 0;
        std::string bytes;
        Timestamp instant;
        switch (choose(depth)) {
            case 0:
                return reader.take_null();
            case 1:
                return reader.read_boolean(truth) && truth == (random_() % 2 == 0);
            case 2:
                return reader.read_integer(whole) && whole == integer();
            case 3:
                return reader.read_unsigned(natural) &&
                       natural == static_cast<std::uint64_t>(integer());
            case 4:
                return reader.read_number(real) && real == number();
            case 5:
                return reader.read_string(bytes) && bytes == text();
            case 6:
                return reader.read_binary(bytes) && bytes == text();
            case 7:
                return reader.read_timestamp(instant) && instant == time();
            case 8: {
                const auto count = random_() % 4;
                if (!reader.begin_array()) {
                    return false;
                }
                for (std::size_t i = 0; i < count; ++i) {
                    if (reader.next_element() != ValueReader::Step::item ||
                        !reads_back(reader, depth + 1)) {
                        return false;
                    }
                }
                return reader.next_element() == ValueReader::Step::end;
            }
            default: {
                const auto count = random_() % 4;
                if (!reader.begin_object()) {
                    return false;
                }
                for (std::size_t i = 0; i < count; ++i) {
                    if (reader.next_member(bytes) != ValueReader::Step::item || bytes != text() ||
                        !reads_back(reader, depth + 1)) {
                        return false;
                    }
                }
                return reader.next_member(bytes) == ValueReader::Step::end;
            }
        }
    }

private:
    std::uint64_t choose(int depth) { return random_() % (depth < 5 ? 10U : 8U); }
    std::int64_t integer() {
        const auto bits = std::uint64_t{random_()} << 32U | random_();
        return static_cast<std::int64_t>(bits) >> (random_() % 64U);
    }
    double number() {
        const double value =
            std::ldexp(static_cast<double>(integer()), static_cast<int>(random_() % 600U) - 300);
        return random_() % 4 == 0 ? std::round(value) : value;
    }
    std::string text() {
        constexpr const char* kPieces[] = {
            "a", "\"", "\\", "\n", "\x01", "\xC3\xA9", "\xE2\x80\xA8", "\xF0\x9F\x98\x80", "Z"};
        std::string out;
        for (auto left = random_() % 40U; left > 0; --left) {
            out += kPieces[random_() % std::size(kPieces)];
        }
        return out;
    }
    Timestamp time() {
        constexpr std::int64_t kFirst = -62135596800;
        constexpr std::int64_t kCount = 315537897600;
        const auto seconds =
            kFirst + static_cast<std::int64_t>((std::uint64_t{random_()} << 8U) % kCount);
        return {seconds,
                random_() % 3 == 0 ? 0U : static_cast<std::uint32_t>(random_() % 1'000'000'000U)};
    }

    std::mt19937 random_;
};

// Goal: what one side writes the other reads, whatever the shape. Method: random values in both
// encodings, which are checked against the same stream of random numbers; and every cut of their
// bytes, in a buffer of exactly that size.
TEST_CASE("Random values come back from both encodings", "[protocol]") {
    const auto seed = std::random_device{}();
    for (const HubProtocol* protocol : {&json_hub_protocol(), &messagepack_hub_protocol()}) {
        for (std::uint32_t round = 0; round < 500; ++round) {
            CAPTURE(seed, round, protocol->name());
            std::string raw;
            const auto writer = protocol->make_writer(raw);
            RandomValue(seed + round).write(*writer);
            REQUIRE(writer->problem() == nullptr);
            REQUIRE(writer->count() == 1);
            const auto reader = protocol->make_reader(raw);
            REQUIRE(RandomValue(seed + round).reads_back(*reader));
            CHECK(reader->peek() == ValueReader::Kind::end);

            std::string record;
            protocol->append_stream_item(record, "1", raw);
            const auto splitter = protocol->make_splitter(0);
            splitter->feed(record);
            const auto taken = splitter->next();
            REQUIRE(taken);
            REQUIRE(*taken);
            HubMessage message;
            REQUIRE(protocol->parse(**taken, message));
            CHECK(message.value == raw);
        }
    }
}

TEST_CASE("A value that was cut off is read in neither encoding", "[protocol]") {
    for (const HubProtocol* protocol : {&json_hub_protocol(), &messagepack_hub_protocol()}) {
        for (std::uint32_t seed = 0; seed < 50; ++seed) {
            std::string raw = protocol->binary() ? "\x92" : "[";
            const auto writer = protocol->make_writer(raw);
            RandomValue(seed).write(*writer);
            writer->string("end");
            raw += protocol->binary() ? "" : "]";
            for (std::size_t size = 0; size < raw.size(); ++size) {
                CAPTURE(protocol->name(), seed, size);
                const std::vector<char> exact(raw.begin(),
                                              raw.begin() + static_cast<std::ptrdiff_t>(size));
                const auto reader = protocol->make_reader({exact.data(), exact.size()});
                std::string text;
                const bool good =
                    reader->begin_array() && reader->next_element() == ValueReader::Step::item &&
                    RandomValue(seed).reads_back(*reader) &&
                    reader->next_element() == ValueReader::Step::item &&
                    reader->read_string(text) && reader->next_element() == ValueReader::Step::end;
                CHECK_FALSE(good);
            }
        }
    }
}

}  // namespace
}  // namespace hubtrail::protocol
