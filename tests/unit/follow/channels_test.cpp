#include "follow/channels.h"

#include <functional>

#include "base/random.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

namespace hubtrail::follow {
namespace {

/// Counts. Thread: strand.
class CountingChannel final : public Channel {
public:
    void on_event(const LiveEvent& event) override { positions.push_back(event.event.pos); }
    void on_head(const protocol::Cursor& head) override { heads.push_back(head.pos); }
    void on_beat(const protocol::Cursor&) override { ++beats; }

    std::vector<std::int64_t> positions;
    std::vector<std::int64_t> heads;
    int beats = 0;
};

/// Thread: strand.
class Member final : public Sharing {
public:
    explicit Member(std::string shape_of) : shape_(std::move(shape_of)) {}

    std::string shape() const override { return shape_; }
    std::unique_ptr<Channel> make_channel(std::int64_t after_pos) const override {
        made_after = after_pos;
        return std::make_unique<CountingChannel>();
    }
    void join(Channel& of, const protocol::Cursor&) override {
        channel = static_cast<CountingChannel*>(&of);
    }
    void leave(Channel&) override { channel = nullptr; }

    mutable std::int64_t made_after = -1;
    CountingChannel* channel = nullptr;

private:
    const std::string shape_;
};

protocol::Cursor head_at(std::int64_t pos) {
    return {1, pos, 0, 0};
}

protocol::LogEvent event_of(std::int64_t pos, const std::string& site, const std::string& user) {
    protocol::LogEvent event;
    event.pos = pos;
    event.site_id = site;
    event.user_id = user;
    event.stream = "s";
    event.type = "t";
    return event;
}

using List = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("Members with one filter and one shape share a channel", "[follow]") {
    Channels channels;
    protocol::EventFilter filter;
    protocol::EventFilter other;
    other.types = {"t"};
    Member one("a");
    Member two("a");
    Member shaped("b");
    Member filtered("a");
    auto& entry = channels.join(filter, one, head_at(4));
    CHECK(one.made_after == 4);
    CHECK(&channels.join(filter, two, head_at(6)) == &entry);
    CHECK(two.made_after == -1);
    CHECK(one.channel == two.channel);
    CHECK(one.channel->heads == List{6});  // what it knows ends where the newcomer's ends
    auto& second = channels.join(filter, shaped, head_at(6));
    auto& third = channels.join(other, filtered, head_at(6));
    CHECK(channels.size() == 3);
    channels.leave(entry, one);
    CHECK(channels.size() == 3);
    channels.leave(entry, two);
    channels.leave(second, shaped);
    channels.leave(third, filtered);
    CHECK(channels.size() == 0);
    const auto event = event_of(7, "x", "y");
    channels.publish({event, 1, 1});  // finds nobody
}

TEST_CASE("Filters that differ in one member do not share a channel", "[follow]") {
    using Filter = protocol::EventFilter;
    const std::vector<std::function<void(Filter&)>> changes = {
        [](Filter&) {},
        [](Filter& filter) { filter.streams = {"x"}; },
        [](Filter& filter) { filter.types = {"x"}; },
        [](Filter& filter) { filter.any_site = false; },
        [](Filter& filter) { filter.sites = {"x"}; },
        [](Filter& filter) { filter.own_sites = {"x"}; },
        [](Filter& filter) { filter.own_everywhere = true; },
        [](Filter& filter) { filter.user_id = "x"; },
        [](Filter& filter) { filter.path_prefix = "x"; },
        [](Filter& filter) { filter.exclude_origins = {"x"}; },
        [](Filter& filter) {
            filter.exclude_origins = {"x", "y"};
        },
    };
    Channels channels;
    std::vector<std::unique_ptr<Member>> members;
    for (const auto& change : changes) {
        for (int twice = 0; twice < 2; ++twice) {
            Filter filter;
            change(filter);
            members.push_back(std::make_unique<Member>("a"));
            channels.join(filter, *members.back(), head_at(0));
        }
        CHECK(channels.size() == members.size() / 2);
    }
}

TEST_CASE("A channel hears of the end of a commit that had an event for it, and of no other",
          "[follow]") {
    Channels channels;
    protocol::EventFilter filter;
    filter.any_site = false;
    filter.sites = {"x"};
    Member member("a");
    channels.join(filter, member, head_at(0));
    const auto mine = event_of(1, "x", "u");
    const auto foreign = event_of(2, "y", "u");
    channels.publish({mine, 1, 1});
    channels.publish({foreign, 1, 2});
    channels.finish(head_at(2));
    channels.publish({foreign, 1, 3});
    channels.finish(head_at(3));
    CHECK(member.channel->positions == List{1});
    CHECK(member.channel->heads == List{2});
    channels.beat(head_at(3));
    CHECK(member.channel->beats == 1);
}

// Goal: the index finds what a look at every channel finds, once. Method: random filters and
// events.
TEST_CASE("Every channel gets each event that its filter shows, once", "[follow]") {
    for_each_seed(20, [](std::uint64_t seed) {
        SeededRandom random(seed);
        const std::vector<std::string> names = {"a", "b", "c", "*", ""};
        const auto name = [&] { return names[random.below(names.size())]; };
        Channels channels;
        std::vector<std::pair<protocol::EventFilter, std::unique_ptr<Member>>> members;
        for (int i = 0; i < 12; ++i) {
            protocol::EventFilter filter;
            filter.any_site = random.below(4) == 0;
            for (auto count = random.below(3); count > 0; --count) {
                filter.sites.push_back(name());
            }
            for (auto count = random.below(3); count > 0; --count) {
                filter.own_sites.push_back(name());
            }
            filter.own_everywhere = random.below(2) == 0;
            filter.own_user = names[random.below(3)];
            filter.user_id = random.below(3) == 0 ? name() : std::string();
            members.emplace_back(filter, std::make_unique<Member>(std::to_string(i)));
            channels.join(members.back().first, *members.back().second, head_at(0));
        }
        std::vector<protocol::LogEvent> events;
        for (std::int64_t pos = 1; pos <= 60; ++pos) {
            events.push_back(event_of(pos, name(), name()));
            channels.publish({events.back(), 1, static_cast<std::uint64_t>(pos)});
        }
        channels.finish(head_at(60));
        for (const auto& [filter, member] : members) {
            List expected;
            for (const auto& event : events) {
                if (matches(filter, event)) {
                    expected.push_back(event.pos);
                }
            }
            REQUIRE(member->channel->positions == expected);
        }
    });
}

}  // namespace hubtrail::follow
