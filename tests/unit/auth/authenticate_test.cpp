#include "auth/authenticate.h"

#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::auth {
namespace {

/// Knows one token, `good`, with the scopes a and b. Thread: strand.
class OneToken final : public TokenVerifier {
public:
    Result<std::shared_ptr<const Principal>, TokenError> verify(std::string_view token) override {
        if (token != "good") {
            return Failure{TokenError{TokenErrc::expired, "long ago"}};
        }
        auto principal = std::make_shared<Principal>();
        principal->subject = "me";
        principal->scopes = {"a", "b"};
        return std::shared_ptr<const Principal>(std::move(principal));
    }
};

/// Keeps what it is told. Thread: strand.
class KeepingLog final : public Log {
public:
    void write(LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields) override {
        std::string line(event);
        for (const auto& field : fields) {
            line += " " + std::string(field.value);
        }
        CHECK(level == LogLevel::debug);
        lines.push_back(line);
    }
    std::vector<std::string> lines;
};

struct Door {
    OneToken verifier;
    KeepingLog log;
    Result<std::shared_ptr<const Principal>, Refusal> knock(
        std::string_view token, const std::vector<std::string>& scopes) {
        return authenticate(token, verifier, log, scopes);
    }
};

}  // namespace

TEST_CASE("A good token with one of the scopes gives its principal", "[auth]") {
    Door door;
    for (const auto& scopes : std::vector<std::vector<std::string>>{{}, {"a"}, {"x", "b"}}) {
        const auto principal = door.knock("good", scopes);
        REQUIRE(principal);
        CHECK((*principal)->subject == "me");
    }
    CHECK(door.log.lines.empty());
}

TEST_CASE("No token and a bad one are one refusal, and only our log hears why", "[auth]") {
    Door door;
    for (const auto* const token : {"", "worse"}) {
        const auto refused = door.knock(token, {"a"});
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == Refusal{Refusal::Reason::bad_token, {}});
    }
    CHECK(door.log.lines == std::vector<std::string>{"token_refused expired long ago"});
}

TEST_CASE("A token without any of the scopes is told which would do", "[auth]") {
    Door door;
    const auto refused = door.knock("good", {"x", "y"});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Refusal{Refusal::Reason::missing_scope, {"x", "y"}});
}

}  // namespace hubtrail::auth
