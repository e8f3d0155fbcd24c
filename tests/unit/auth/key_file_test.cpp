#include "auth/key_file.h"

#include <cerrno>
#include <map>
#include <optional>
#include <string>

#include "auth/jose/jose_verifier.h"
#include "auth/key_rules.h"
#include "base/crypto.h"
#include "tests/support/catch.h"
#include "tests/unit/auth/token_support.h"

namespace hubtrail::auth {
namespace {

using Catch::Matchers::Contains;
using testing::ec_key;
using testing::kSecret;
using testing::rsa_key;
using testing::secret_key;

/// Files in memory, with faults to order. Thread: main.
class FakeFiles final : public FileSystem {
public:
    Result<std::optional<std::string>, FileError> read(const std::string& path,
                                                       std::size_t bytes_max) override {
        if (refuse_reads) {
            return Failure{FileError{EACCES, "open " + path + ": Permission denied"}};
        }
        const auto found = files.find(path);
        if (found == files.end()) {
            return std::optional<std::string>{};
        }
        if (found->second.size() > bytes_max) {
            return Failure{FileError{EFBIG, "read " + path + ": File too large"}};
        }
        return std::optional<std::string>{found->second};
    }
    Result<void, FileError> write_atomic(const std::string& path, const std::string& content,
                                         unsigned mode) override {
        if (refuse_writes) {
            return Failure{FileError{ENOSPC, "write " + path + ": No space left on device"}};
        }
        files[path] = content;
        modes[path] = mode;
        return {};
    }
    Result<void, FileError> make_directories(const std::string&) override { return {}; }

    std::map<std::string, std::string> files;
    std::map<std::string, unsigned> modes;
    bool refuse_reads = false;
    bool refuse_writes = false;
};

TEST_CASE("a token key is made once, with 32 random bytes and mode 0600", "[auth]") {
    FakeFiles files;
    SeededRandom random(7);
    auto made = load_or_create_token_key(files, random, "data/token.key");
    REQUIRE(made);
    CHECK(made->size() == 32);
    CHECK(files.modes["data/token.key"] == 0600);
    CHECK(files.files["data/token.key"] == base64url_encode(*made) + "\n");
    auto again = load_or_create_token_key(files, random, "data/token.key");
    REQUIRE(again);
    CHECK(*again == *made);
    auto loaded = load_token_key(files, "data/token.key");
    REQUIRE(loaded);
    CHECK(*loaded == *made);
    auto other = load_or_create_token_key(files, random, "other/token.key");
    REQUIRE(other);
    CHECK(*other != *made);
}

TEST_CASE("a token key that is missing is not invented by a mere reader", "[auth]") {
    FakeFiles files;
    CHECK_THAT(load_token_key(files, "token.key").error(), Contains("no token key yet"));
    CHECK(files.files.empty());
}

TEST_CASE("a token key file that is no key is reported and left as it is", "[auth]") {
    for (const auto& content :
         {std::string(), std::string("\n"), std::string("hunter2"),
          base64url_encode(std::string(31, 'k')), base64url_encode(std::string(32, 'k')) + "=",
          base64url_encode(std::string(32, 'k')) + "\n\n",
          " " + base64url_encode(std::string(32, 'k')), std::string(44, '\0')}) {
        CAPTURE(content);
        FakeFiles files;
        SeededRandom random(7);
        files.files["token.key"] = content;
        const auto loaded = load_or_create_token_key(files, random, "token.key");
        REQUIRE_FALSE(loaded);
        CHECK_THAT(loaded.error(), Contains("token.key"));
        CHECK(files.files["token.key"] == content);
    }
}

TEST_CASE("a token key may be longer than ours, with or without a line end", "[auth]") {
    for (const std::size_t bytes : {std::size_t{32}, std::size_t{33}, std::size_t{64}}) {
        for (const auto* end : {"", "\n"}) {
            FakeFiles files;
            files.files["token.key"] = base64url_encode(std::string(bytes, 'k')) + end;
            auto loaded = load_token_key(files, "token.key");
            REQUIRE(loaded);
            CHECK(loaded->size() == bytes);
        }
    }
}

TEST_CASE("a token key file of 4096 bytes is read and one of 4097 is not", "[auth]") {
    FakeFiles files;
    files.files["token.key"] = std::string(kTokenKeyFileBytesMax, 'A');
    CHECK(load_token_key(files, "token.key"));
    files.files["token.key"] += 'A';
    CHECK_THAT(load_token_key(files, "token.key").error(), Contains("too large"));
}

TEST_CASE("what the disk refuses is said with the path", "[auth]") {
    FakeFiles files;
    SeededRandom random(7);
    files.refuse_writes = true;
    CHECK_THAT(load_or_create_token_key(files, random, "token.key").error(), Contains("No space"));
    files.refuse_reads = true;
    CHECK_THAT(load_or_create_token_key(files, random, "token.key").error(), Contains("denied"));
    CHECK_THAT(load_token_key(files, "token.key").error(), Contains("denied"));
    CHECK_THAT(load_key_set(files, "keys.json").error(), Contains("denied"));
}

TEST_CASE("a key made from a secret verifies what that secret signs", "[auth]") {
    testing::ManualClock clock;
    auto verifier = testing::verifier_for(testing::policy_with({make_secret_key(kSecret)}), clock);
    const auto token = testing::sign_hs256(testing::kHeader, testing::Claims().json());
    CHECK(testing::outcome(*verifier, token) == "accepted");
}

TEST_CASE("a key set gives its keys in order, each with its algorithm", "[auth]") {
    const auto with = [](std::string jwk, const std::string& members) {
        return jwk.insert(1, members + ",");
    };
    const auto set = R"({"keys":[)" + with(rsa_key().public_jwk(), R"("kid":"a","alg":"RS256")") +
                     "," + with(rsa_key().public_jwk(), R"("kid":"b","alg":"PS256")") + "," +
                     with(ec_key().public_jwk(), R"("kid":"c")") + "," +
                     with(rsa_key().public_jwk(), R"("kid":"d","use":"enc")") + "]}";
    auto keys = parse_key_set(set);
    REQUIRE(keys);
    REQUIRE(keys->size() == 3);
    CHECK((*keys)[0].kid == "a");
    CHECK((*keys)[0].algorithm == "RS256");
    CHECK((*keys)[1].algorithm == "PS256");
    CHECK((*keys)[2].kid == "c");
    CHECK((*keys)[2].algorithm == "ES256");
    CHECK(check_keys(*keys));
    testing::ManualClock clock;
    auto verifier = testing::verifier_for(testing::policy_with(*keys), clock);
    CHECK(testing::outcome(*verifier, ec_key().sign("ES256", "c", testing::Claims().json())) ==
          "accepted");
}

TEST_CASE("a lone JWK is a set of one", "[auth]") {
    auto keys = parse_key_set(secret_key("", kSecret).jwk);
    REQUIRE(keys);
    REQUIRE(keys->size() == 1);
    CHECK(keys->front().algorithm == "HS256");
    CHECK(keys->front().kid.empty());
    CHECK(check_keys(*keys));
}

TEST_CASE("a key set that cannot be used says what is wrong with which key", "[auth]") {
    const auto one = [](const std::string& jwk) { return R"({"keys":[)" + jwk + "]}"; };
    const auto oct = secret_key("", kSecret).jwk;
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"", "byte"},
        {"{", "byte"},
        {"[]", "neither a JWK set nor a JWK"},
        {"null", "neither a JWK set nor a JWK"},
        {"{}", "key 1: neither 'alg' nor"},
        {R"({"keys":{}})", "'keys' is not an array"},
        {R"({"keys":null})", "'keys' is not an array"},
        {R"({"keys":[]})", "no key"},
        {one("null"), "key 1: not an object"},
        {one(oct + ",[]"), "key 2: not an object"},
        {one(rsa_key().public_jwk()), "needs 'alg': RS256 or PS256"},
        {one(R"({"kty":"EC","crv":"P-384"})"), "key 1: neither 'alg' nor"},
        {one(R"({"kty":"OKP","crv":"Ed25519"})"), "key 1: neither 'alg' nor"},
        {one(R"({"kty":"oct","kid":1})"), "key 1: 'kid' is not a string"},
        {one(R"({"kty":"oct","use":"enc"})"), "no key"},
        {R"({"keys":[],"keys":[]})", "duplicate"},
        {std::string(100000, '['), "byte"},
    };
    for (const auto& [text, reason] : rows) {
        CAPTURE(text.substr(0, 60));
        const auto keys = parse_key_set(text);
        REQUIRE_FALSE(keys);
        CHECK_THAT(keys.error(), Contains(reason));
    }
}

TEST_CASE("a key set of 100 keys or 256 KiB is read, and no more", "[auth]") {
    const auto set_of = [](std::size_t count) {
        std::string out = R"({"keys":[)";
        for (std::size_t i = 0; i < count; ++i) {
            out += (i == 0 ? "" : ",") + secret_key("", kSecret).jwk;
        }
        return out + "]}";
    };
    CHECK(parse_key_set(set_of(kKeysMax)));
    CHECK_THAT(parse_key_set(set_of(kKeysMax + 1)).error(), Contains("at most 100"));
    auto text = set_of(1);
    text += std::string(kKeySetBytesMax - text.size(), ' ');
    CHECK(parse_key_set(text));
    text += ' ';
    CHECK_FALSE(parse_key_set(text));
}

TEST_CASE("a key set is read from a file, and its errors name the file", "[auth]") {
    FakeFiles files;
    CHECK_THAT(load_key_set(files, "keys.json").error(), Contains("keys.json: no such file"));
    files.files["keys.json"] = "{";
    CHECK_THAT(load_key_set(files, "keys.json").error(), Contains("keys.json: byte"));
    files.files["keys.json"] = secret_key("", kSecret).jwk;
    CHECK(load_key_set(files, "keys.json"));
}

}  // namespace
}  // namespace hubtrail::auth
