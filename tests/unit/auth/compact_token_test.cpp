#include "auth/compact_token.h"

#include <string>
#include <vector>

#include "auth/jose/jose_verifier.h"
#include "base/crypto.h"
#include "tests/support/catch.h"
#include "tests/unit/auth/token_support.h"

// Tokens that must fall before a key is touched. Each carries a right HS256 signature wherever its
// shape allows one, so that nothing but the fault named can be what refuses it.

namespace hubtrail::auth {
namespace {

using namespace std::string_view_literals;
using testing::Claims;
using testing::compact;
using testing::kHeader;
using testing::ManualClock;
using testing::outcome;
using testing::sign_hs256;

struct Row {
    std::string name;
    std::string token;
    std::string expected;
};

void check_rows(const std::vector<Row>& rows) {
    ManualClock clock;
    auto verifier = testing::verifier_for(testing::secret_policy(), clock);
    REQUIRE(outcome(*verifier, sign_hs256(kHeader, Claims().json())) == "accepted");
    for (const auto& row : rows) {
        CAPTURE(row.name, row.token.substr(0, 400));  // Catch is slow to wrap megabytes
        CHECK(outcome(*verifier, row.token) == row.expected);
    }
}

std::string with_header(std::string_view header) {
    return sign_hs256(header, Claims().json());
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

/// A header whose own object counts as one level.
std::string header_of_depth(std::size_t depth) {
    return R"({"alg":"HS256","x":)" + nested(depth - 1) + "}";
}

/// A header with `members` members and elements together.
std::string header_of_members(std::size_t members) {
    std::string out = R"({"alg":"HS256")";
    for (std::size_t i = 1; i < members; ++i) {
        out += ",\"m" + std::to_string(i) + "\":0";
    }
    return out + "}";
}

/// A good token of exactly this many bytes.
std::string token_of_size(std::size_t bytes) {
    for (std::size_t header_pad = 0; header_pad < 4; ++header_pad) {
        const auto header = R"({"alg":"HS256","x":")" + std::string(header_pad, 'x') + "\"}";
        const auto bare = sign_hs256(header, Claims().with("pad", "\"\"").json()).size();
        const auto guess = (bytes - bare) * 3 / 4;
        for (auto pad = guess - 4; pad < guess + 4; ++pad) {
            const auto raw = "\"" + std::string(pad, 'p') + "\"";
            auto token = sign_hs256(header, Claims().with("pad", raw).json());
            if (token.size() == bytes) {
                return token;
            }
        }
    }
    return {};
}

TEST_CASE("a token of 8192 bytes is read and one of 8193 is not", "[auth]") {
    const auto fits = token_of_size(kTokenBytesMax);
    const auto over = token_of_size(kTokenBytesMax + 1);
    REQUIRE(fits.size() == 8192);
    REQUIRE(over.size() == 8193);
    check_rows({{"at the limit", fits, "accepted"},
                {"one over", over, "too_long"},
                {"a megabyte of dots", std::string(1024 * 1024, '.'), "too_long"},
                {"four megabytes", std::string(4 * 1024 * 1024, 'a'), "too_long"}});
}

TEST_CASE("a token that is not three parts is refused", "[auth]") {
    const auto good = sign_hs256(kHeader, Claims().json());
    const auto dot = good.find('.');
    const auto last = good.rfind('.');
    const auto header = good.substr(0, dot);
    const auto payload = good.substr(dot + 1, last - dot - 1);
    const auto signature = good.substr(last + 1);
    const std::string bad = "malformed";
    check_rows({
        {"nothing", "", bad},
        {"a word", "token", bad},
        {"one dot", ".", bad},
        {"two dots", "..", bad},
        {"three dots", "...", bad},
        {"8000 dots", std::string(8000, '.'), bad},
        {"header alone", header, bad},
        {"header and dot", header + ".", bad},
        {"header and dots", header + "..", bad},
        {"no signature part", header + "." + payload, bad},
        {"signature empty", header + "." + payload + ".", bad},
        {"payload empty", header + ".." + signature, bad},
        {"header empty", "." + payload + "." + signature, bad},
        {"header and payload empty", ".." + signature, bad},
        {"payload alone", "." + payload + ".", bad},
        {"no header part", payload + "." + signature, bad},
        {"a fourth part", good + "." + signature, bad},
        {"a fourth part, empty", good + ".", bad},
        {"a dot in front", "." + good, bad},
        {"five parts as in a JWE", header + "." + payload + "." + signature + ".aa.aa", bad},
        {"twice", good + good, bad},
        {"twice with a comma", good + "," + good, bad},
        {"parts in reverse", signature + "." + payload + "." + header, bad},
        {"payload and signature swapped", header + "." + signature + "." + payload, "signature"},
        {"JSON serialization",
         R"({"payload":")" + payload + R"(","protected":")" + header + R"(","signature":")" +
             signature + "\"}",
         bad},
    });
}

TEST_CASE("a token with a character outside base64url is refused", "[auth]") {
    const auto good = sign_hs256(kHeader, Claims().json());
    const auto dot = good.find('.');
    const auto last = good.rfind('.');
    std::vector<Row> rows = {
        {"Bearer in front", "Bearer " + good, "malformed"},
        {"quotes around", "\"" + good + "\"", "malformed"},
        {"padding at the end", good + "=", "malformed"},
        {"two paddings at the end", good + "==", "malformed"},
        {"padding after the header", good.substr(0, dot) + "=" + good.substr(dot), "malformed"},
        {"padding after the payload", good.substr(0, last) + "=" + good.substr(last), "malformed"},
        {"a percent escape", good + "%3D", "malformed"},
    };
    const auto wrong = "+/= \t\r\n\0~!*'\"\\,;:%@$\x7f\x80\xc3\xa9\xff"sv;
    for (const char c : wrong) {
        const auto code = "0x" + hex_encode(std::string(1, c));
        for (const auto& [where, at] :
             std::vector<std::pair<std::string, std::size_t>>{{" first", 0},
                                                              {" in the header", 5},
                                                              {" in the payload", dot + 5},
                                                              {" in the signature", last + 5},
                                                              {" last", good.size()}}) {
            auto inserted = good;
            inserted.insert(at, 1, c);
            rows.push_back({code + " inserted" + where, inserted, "malformed"});
            if (at < good.size()) {
                auto replaced = good;
                replaced[at] = c;
                rows.push_back({code + " for another" + where, replaced, "malformed"});
            }
        }
    }
    check_rows(rows);
}

// Goal: one token has one spelling. Method: 32 bytes of signature end in two spare bits; set them.
TEST_CASE("spare bits that are not zero are refused", "[auth]") {
    const auto good = sign_hs256(kHeader, Claims().json());
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const auto value = alphabet.find(good.back());
    REQUIRE(value % 4 == 0);
    std::vector<Row> rows;
    for (std::size_t spare = 1; spare < 4; ++spare) {
        auto token = good;
        token.back() = alphabet[value + spare];
        rows.push_back({"spare bits " + std::to_string(spare), token, "malformed"});
    }
    rows.push_back({"a length that no bytes have", good + "AA", "malformed"});
    check_rows(rows);
}

TEST_CASE("a header that is not one strict JSON object is refused", "[auth]") {
    const std::string bad = "malformed";
    check_rows({
        {"no JSON", with_header("alg=HS256"), bad},
        {"null", with_header("null"), bad},
        {"a number", with_header("1"), bad},
        {"a string", with_header(R"("HS256")"), bad},
        {"an array", with_header(R"([{"alg":"HS256"}])"), bad},
        {"cut off", with_header(R"({"alg":"HS256")"), bad},
        {"one brace too many", with_header(R"({"alg":"HS256"}})"), bad},
        {"two objects", with_header(R"({"alg":"HS256"}{"alg":"HS256"})"), bad},
        {"a comma at the end", with_header(R"({"alg":"HS256",})"), bad},
        {"single quotes", with_header("{'alg':'HS256'}"), bad},
        {"a name without quotes", with_header(R"({alg:"HS256"})"), bad},
        {"a comment", with_header(R"({"alg":"HS256"/*x*/})"), bad},
        {"a byte order mark", with_header("\xEF\xBB\xBF{\"alg\":\"HS256\"}"), bad},
        {"a NUL at the end", with_header(std::string("{\"alg\":\"HS256\"}\0", 16)), bad},
        {"only spaces", with_header("   "), bad},
        {"bad UTF-8", with_header("{\"alg\":\"HS256\",\"x\":\"\xff\"}"), bad},
        {"an overlong slash", with_header("{\"alg\":\"HS256\",\"x\":\"\xc0\xaf\"}"), bad},
        {"a lone surrogate", with_header(R"({"alg":"HS256","x":"\ud800"})"), bad},
        {"U+0000 in a value", with_header(R"({"alg":"HS256","x":"\u0000"})"), bad},
        {"U+0000 in a name", with_header(R"({"alg":"HS256","alg\u0000":"none"})"), bad},
        {"alg twice", with_header(R"({"alg":"HS256","alg":"HS256"})"), bad},
        {"alg none, then HS256", with_header(R"({"alg":"none","alg":"HS256"})"), bad},
        {"alg HS256, then none", with_header(R"({"alg":"HS256","alg":"none"})"), bad},
        {"alg twice, once escaped", with_header(R"({"alg":"HS256","\u0061lg":"none"})"), bad},
        {"kid twice", with_header(R"({"alg":"HS256","kid":"a","kid":"b"})"), bad},
        {"a duplicate further in", with_header(R"({"alg":"HS256","x":{"a":1,"a":2}})"), bad},
        {"UTF-16", with_header(std::string("{\0\"\0a\0l\0g\0\"\0:\0", 14)), bad},
        {"raw bytes", with_header("\x01\x02\x03"), bad},
    });
}

TEST_CASE("a header that nests too deep or holds too much is refused", "[auth]") {
    check_rows({
        {"depth 8", with_header(header_of_depth(kHeaderDepthMax)), "accepted"},
        {"depth 9", with_header(header_of_depth(kHeaderDepthMax + 1)), "malformed"},
        {"64 members", with_header(header_of_members(kHeaderMembersMax)), "accepted"},
        {"65 members", with_header(header_of_members(kHeaderMembersMax + 1)), "malformed"},
        {"2000 arrays", with_header(header_of_depth(2000)), "malformed"},
        {"5500 open arrays", with_header(std::string(5500, '[')), "malformed"},
        {"900 open objects", with_header([] {
             std::string text;
             for (int i = 0; i < 900; ++i) {
                 text += R"({"a":)";
             }
             return text;
         }()),
         "malformed"},
    });
}

TEST_CASE("an algorithm that no key of ours serves is refused", "[auth]") {
    std::vector<Row> rows;
    for (const auto* value : {R"("none")",
                              R"("None")",
                              R"("NONE")",
                              R"("nOnE")",
                              R"("")",
                              R"("hs256")",
                              R"("Hs256")",
                              R"("HS256 ")",
                              R"(" HS256")",
                              R"("HS256\n")",
                              R"("HS2566")",
                              R"("HS25")",
                              R"("HS384")",
                              R"("HS512")",
                              R"("RS256")",
                              R"("RS384")",
                              R"("RS512")",
                              R"("PS256")",
                              R"("PS512")",
                              R"("ES256")",
                              R"("ES256K")",
                              R"("ES384")",
                              R"("EdDSA")",
                              R"("dir")",
                              R"("A128KW")",
                              R"("RSA-OAEP")",
                              R"("ECDH-ES")",
                              R"("PBES2-HS256+A128KW")",
                              R"("SHA256")",
                              R"("HMAC")",
                              "256",
                              "0",
                              "-1",
                              "1.5",
                              "null",
                              "true",
                              "false",
                              R"(["HS256"])",
                              "[]",
                              "{}",
                              R"({"alg":"HS256"})"}) {
        rows.push_back({value, with_header(std::string(R"({"alg":)") + value + "}"), "algorithm"});
    }
    rows.push_back({"absent", with_header(R"({"typ":"JWT"})"), "algorithm"});
    rows.push_back({"empty object", with_header("{}"), "algorithm"});
    rows.push_back({"other case of the name", with_header(R"({"Alg":"HS256"})"), "algorithm"});
    rows.push_back({"only further in", with_header(R"({"x":{"alg":"HS256"}})"), "algorithm"});
    const auto claims = Claims().json();
    rows.push_back({"none, unsigned", compact(R"({"alg":"none"})", claims, ""), "malformed"});
    rows.push_back({"none, some bytes", compact(R"({"alg":"none"})", claims, "x"), "algorithm"});
    rows.push_back({"an escaped spelling", with_header(R"({"alg":"HS\u003256"})"), "accepted"});
    check_rows(rows);
}

TEST_CASE("an extension that changes what a token means is refused", "[auth]") {
    std::vector<Row> rows;
    for (const auto* name : {"crit", "b64", "zip"}) {
        for (const auto* value :
             {"null", "true", "false", R"("DEF")", R"(["b64"])", R"(["exp"])", "[]", "{}", "0"}) {
            const auto member = std::string("\"") + name + "\":" + value;
            rows.push_back({member, with_header(R"({"alg":"HS256",)" + member + "}"), "critical"});
            rows.push_back(
                {member + " first", with_header("{" + member + R"(,"alg":"HS256"})"), "critical"});
        }
    }
    check_rows(rows);
}

TEST_CASE("a header that brings a key along or points to one changes nothing", "[auth]") {
    std::vector<Row> rows;
    const auto attacker = testing::secret_key("", "attacker attacker attacker attac").jwk;
    for (const auto& member : std::vector<std::string>{
             R"("jku":"https://attacker.test/keys")", R"("x5u":"file:///etc/passwd")",
             R"("jwk":)" + attacker, R"("x5c":["MIIB"])", R"("x5t":"AAAA")", R"("jku":17)",
             R"("jwk":null)"}) {
        const auto header = R"({"alg":"HS256",)" + member + "}";
        rows.push_back({member, with_header(header), "accepted"});
        rows.push_back({member + " signed with another key",
                        sign_hs256(header, Claims().json(), "attacker attacker attacker attac"),
                        "signature"});
    }
    check_rows(rows);
}

TEST_CASE("a token of another type than an access token is refused", "[auth]") {
    std::vector<Row> rows;
    for (const auto* value : {R"("JWT")", R"("jwt")", R"("at+jwt")", R"("AT+JWT")",
                              R"("application/jwt")", R"("application/at+jwt")"}) {
        rows.push_back({value, with_header(std::string(R"({"alg":"HS256","typ":)") + value + "}"),
                        "accepted"});
    }
    for (const auto* value : {R"("logout+jwt")", R"("secevent+jwt")", R"("dpop+jwt")", R"("JOSE")",
                              R"("JWE")", R"("")", R"("JWT ")", "null", "1", R"(["JWT"])", "{}"}) {
        rows.push_back({value, with_header(std::string(R"({"alg":"HS256","typ":)") + value + "}"),
                        "malformed"});
    }
    rows.push_back({"absent", with_header(R"({"alg":"HS256"})"), "accepted"});
    check_rows(rows);
}

// Goal: no token but the right one passes. Method: every prefix, every suffix, every single
// character changed to each of two others, every neighbouring pair swapped.
TEST_CASE("no token one step away from a good one is accepted", "[auth]") {
    ManualClock clock;
    auto verifier = testing::verifier_for(testing::secret_policy(), clock);
    const auto good = sign_hs256(kHeader, Claims().json());
    std::size_t accepted = 0;
    const auto attempt = [&](const std::string& token) {
        accepted += token != good && outcome(*verifier, token) == "accepted" ? 1U : 0U;
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
        attempt(good.substr(0, at));
        attempt(good.substr(at + 1));
        for (const char c : {'A', 'z'}) {
            auto changed = good;
            changed[at] = c;
            attempt(changed);
        }
        auto swapped = good;
        std::swap(swapped[at], swapped[(at + 1) % good.size()]);
        attempt(swapped);
        auto without = good;
        without.erase(at, 1);
        attempt(without);
    }
    CHECK(accepted == 0);
    CHECK(outcome(*verifier, good) == "accepted");
}

TEST_CASE("the text of a refusal never holds a piece of the token", "[auth]") {
    ManualClock clock;
    auto verifier = testing::verifier_for(testing::secret_policy(), clock);
    const std::string canary = "canary-7f3a";
    for (const auto& token :
         {with_header(R"({"alg":"canary-7f3a"})"),
          with_header(R"({"alg":"HS256","canary-7f3a":1,)"),
          with_header(R"({"alg":"HS256","kid":"canary-7f3a"})"),
          with_header(R"({"alg":"HS256","typ":"canary-7f3a"})"),
          sign_hs256(kHeader, Claims().with("iss", R"("canary-7f3a")").json()),
          sign_hs256(kHeader, Claims().with("aud", R"("canary-7f3a")").json()),
          sign_hs256(kHeader, Claims().with("sites", R"({"canary-7f3a":"canary-7f3a"})").json()),
          sign_hs256(kHeader, R"({"sub":"canary-7f3a")")}) {
        const auto result = verifier->verify(token);
        REQUIRE_FALSE(result);
        CAPTURE(result.error().detail);
        CHECK_FALSE(result.error().detail.empty());
        CHECK(result.error().detail.find(canary) == std::string::npos);
        CHECK(result.error().detail.find(token.substr(0, 12)) == std::string::npos);
    }
}

}  // namespace
}  // namespace hubtrail::auth
