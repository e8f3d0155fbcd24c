#include <atomic>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>

#include "auth/token_verifier.h"
#include "tests/support/catch.h"
#include "tests/unit/auth/token_support.h"

// Counts, so that a test can say that a lookup allocates nothing, OpenSSL included. The sanitizers
// bring a malloc of their own, which must not be replaced.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HUBTRAIL_TEST_OWN_MALLOC 0
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HUBTRAIL_TEST_OWN_MALLOC 0
#endif
#if !defined(HUBTRAIL_TEST_OWN_MALLOC) && defined(__GLIBC__)
#define HUBTRAIL_TEST_OWN_MALLOC 1
namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

extern "C" void* __libc_malloc(std::size_t bytes);
extern "C" void* malloc(std::size_t bytes) noexcept {
    ++allocations;
    return __libc_malloc(bytes);
}
#endif

namespace hubtrail::auth {
namespace {

using testing::kNowS;
using testing::ManualClock;

/// Accepts every token that does not begin with '!' until ten minutes after it was made; counts.
/// Thread: main.
class FakeVerifier final : public TokenVerifier {
public:
    explicit FakeVerifier(int& calls) : calls_(calls) {}

    Result<std::shared_ptr<const Principal>, TokenError> verify(std::string_view token) override {
        ++calls_;
        if (token.empty() || token.front() == '!') {
            return Failure{TokenError{TokenErrc::signature, "told to"}};
        }
        auto principal = std::make_shared<Principal>();
        principal->subject = token;
        principal->expires_us = (kNowS + 600) * 1'000'000;
        return std::shared_ptr<const Principal>(std::move(principal));
    }

private:
    int& calls_;
};

struct Fixture {
    explicit Fixture(std::size_t tokens_max)
        : cache(make_caching_verifier(std::make_unique<FakeVerifier>(calls), clock, tokens_max)) {}
    std::string subject_of(std::string_view token) {
        auto result = cache->verify(token);
        return result ? (*result)->subject : "refused";
    }

    ManualClock clock;
    int calls = 0;
    std::unique_ptr<TokenVerifier> cache;
};

TEST_CASE("a token is verified once and then remembered", "[auth]") {
    Fixture f(8);
    const auto first = f.cache->verify("ada");
    const auto second = f.cache->verify("ada");
    REQUIRE(first);
    REQUIRE(second);
    CHECK(f.calls == 1);
    CHECK(*first == *second);
}

TEST_CASE("tokens are told apart", "[auth]") {
    Fixture f(8);
    for (int round = 0; round < 3; ++round) {
        CHECK(f.subject_of("ada") == "ada");
        CHECK(f.subject_of("bob") == "bob");
    }
    CHECK(f.calls == 2);
}

TEST_CASE("a refusal is never remembered", "[auth]") {
    Fixture f(8);
    for (int round = 1; round <= 5; ++round) {
        CHECK(f.subject_of("!bad") == "refused");
        CHECK(f.calls == round);
    }
}

TEST_CASE("a remembered token dies at its exp, to the microsecond", "[auth]") {
    Fixture f(8);
    const auto expires_us = (kNowS + 600) * 1'000'000;
    CHECK(f.subject_of("ada") == "ada");
    f.clock.now_us = expires_us - 1;
    CHECK(f.subject_of("ada") == "ada");
    CHECK(f.calls == 1);
    // Within the leeway the verifier may still accept it, but then it has to be asked each time.
    f.clock.now_us = expires_us;
    CHECK(f.subject_of("ada") == "ada");
    CHECK(f.subject_of("ada") == "ada");
    CHECK(f.calls == 3);
}

TEST_CASE("a clock that is set back makes a token remembered again", "[auth]") {
    Fixture f(2);
    f.subject_of("ada");
    f.clock.now_us = (kNowS + 600) * 1'000'000;
    f.subject_of("ada");
    f.clock.now_us = kNowS * 1'000'000;
    f.subject_of("ada");
    f.subject_of("ada");
    CHECK(f.calls == 3);
}

TEST_CASE("a full cache forgets the oldest token and no other", "[auth]") {
    Fixture f(3);
    for (const auto* token : {"a", "b", "c"}) {
        f.subject_of(token);
    }
    for (const auto* token : {"c", "b", "a"}) {
        f.subject_of(token);
    }
    CHECK(f.calls == 3);  // three fit
    f.subject_of("d");    // the fourth makes "a" leave
    CHECK(f.calls == 4);
    f.subject_of("b");
    f.subject_of("c");
    f.subject_of("d");
    CHECK(f.calls == 4);
    f.subject_of("a");  // and now "b" leaves
    CHECK(f.calls == 5);
    f.subject_of("c");
    f.subject_of("d");
    CHECK(f.calls == 5);
    f.subject_of("b");
    CHECK(f.calls == 6);
}

// Goal: the bound holds for any number of tokens. Method: each principal is kept alive only by the
// cache, so those that live are those that it holds.
TEST_CASE("a cache of 16 never holds more than 16 principals", "[auth]") {
    Fixture f(16);
    std::vector<std::weak_ptr<const Principal>> seen;
    for (int i = 0; i < 200; ++i) {
        if (i == 100) {
            f.clock.now_us = (kNowS + 599) * 1'000'000;
        }
        const auto result = f.cache->verify("token " + std::to_string(i));
        REQUIRE(result);
        auto copy = result;
        seen.push_back(*copy);
    }
    std::size_t alive = 0;
    for (const auto& principal : seen) {
        alive += principal.expired() ? 0U : 1U;
    }
    CHECK(alive == 16);
}

TEST_CASE("a cache of none passes every token on", "[auth]") {
    Fixture f(0);
    CHECK(f.subject_of("ada") == "ada");
    CHECK(f.subject_of("ada") == "ada");
    CHECK(f.calls == 2);
}

TEST_CASE("a token over the limit of length is passed on without being remembered", "[auth]") {
    Fixture f(8);
    const std::string fits(kTokenBytesMax, 'a');
    const std::string over(kTokenBytesMax + 1, 'a');
    f.subject_of(fits);
    f.subject_of(fits);
    CHECK(f.calls == 1);
    f.subject_of(over);
    f.subject_of(over);
    CHECK(f.calls == 3);
}

#if HUBTRAIL_TEST_OWN_MALLOC
TEST_CASE("looking up a remembered token allocates nothing", "[auth]") {
    Fixture f(8);
    const std::string token(400, 'a');
    f.subject_of(token);
    const auto before = allocations.load();
    for (int i = 0; i < 100; ++i) {
        const auto result = f.cache->verify(token);
        if (!result) {
            FAIL("refused");
        }
    }
    const auto after = allocations.load();
    CHECK(after == before);
    CHECK(f.calls == 1);
    REQUIRE(before > 0);  // or we count nothing
}
#endif

TEST_CASE("every reason for a refusal has a name of its own", "[auth]") {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(TokenErrc::lifetime); ++code) {
        names.insert(to_text(static_cast<TokenErrc>(code)));
    }
    CHECK(names.size() == 12);
    CHECK(names.count("") == 0);
}

TEST_CASE("a role on a site is its own, else that of every site, else none", "[auth]") {
    Principal principal;
    CHECK(principal.role_on("north") == SiteRole::none);
    principal.sites = {{"north", SiteRole::user}};
    CHECK(principal.role_on("north") == SiteRole::user);
    CHECK(principal.role_on("south") == SiteRole::none);
    principal.sites.emplace("*", SiteRole::admin);
    CHECK(principal.role_on("north") == SiteRole::user);
    CHECK(principal.role_on("south") == SiteRole::admin);
}

}  // namespace
}  // namespace hubtrail::auth
