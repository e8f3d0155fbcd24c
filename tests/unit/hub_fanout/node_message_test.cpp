#include "hub/fanout/node_message.h"

#include "tests/support/catch.h"

namespace hubtrail::hub {
namespace {

// Every message of every kind is refused when it is cut anywhere.
template <typename Parse>
void refuses_every_cut(const std::string& payload, Parse&& parse) {
    for (std::size_t cut = 0; cut < payload.size(); ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(parse(std::string_view(payload).substr(0, cut)).has_value());
    }
    CHECK(parse(payload).has_value());
}

TEST_CASE("A send is the excluded ids, the records by protocol and the node", "[hub_manager]") {
    const std::string payload = write_node_send({"x"}, {"J", "M"}, "n");
    CHECK(payload == "\x93\x91\xa1x\x82\xa4json\xc4\x01J\xabmessagepack\xc4\x01M\xa1n");
    const auto send = parse_node_send(payload);
    REQUIRE(send);
    CHECK(send->except == std::vector<std::string>{"x"});
    CHECK(send->message.json == "J");
    CHECK(send->message.messagepack == "M");
    CHECK(send->node == "n");
    refuses_every_cut(payload, parse_node_send);
    const auto one = parse_node_send(write_node_send({}, {"J", {}}, "n"));
    REQUIRE(one);
    CHECK(one->message.json == "J");
    CHECK(one->message.messagepack.empty());
}

TEST_CASE("Protocols and elements that we do not know are skipped", "[hub_manager]") {
    const std::string payload(
        "\x94\x90\x82\xa5other\x93\x01\x02\x03\xa4json\xc4\x01J\xa1n\x81\x01\x02");
    const auto send = parse_node_send(payload);
    REQUIRE(send);
    CHECK(send->message.json == "J");
    CHECK(send->node == "n");
}

TEST_CASE("A question comes through whole", "[hub_manager]") {
    NodeQuestion question{
        NodeQuestion::Step::ask, "s1", "n", {"Method", {{"1,2", 2}, {"\x01\x02", 2}}}};
    const auto payload = write_node_question(question);
    const auto parsed = parse_node_question(payload);
    REQUIRE(parsed);
    CHECK(parsed->step == NodeQuestion::Step::ask);
    CHECK(parsed->ticket == "s1");
    CHECK(parsed->node == "n");
    CHECK(parsed->question.target == "Method");
    CHECK(parsed->question.arguments.json.raw == "1,2");
    CHECK(parsed->question.arguments.json.count == 2);
    CHECK(parsed->question.arguments.messagepack.raw == "\x01\x02");
    refuses_every_cut(payload, parse_node_question);
    for (const auto step : {NodeQuestion::Step::cancel, NodeQuestion::Step::probe}) {
        question.step = step;
        const auto shorter = write_node_question(question);
        CHECK(shorter.size() < payload.size());
        CHECK(parse_node_question(shorter)->step == step);
        refuses_every_cut(shorter, parse_node_question);
    }
}

TEST_CASE("A result comes through with every kind of end", "[hub_manager]") {
    using Kind = InvokeOutcome::Kind;
    for (const auto kind : {Kind::result, Kind::error, Kind::no_such_connection, Kind::disconnected,
                            Kind::unreachable}) {
        const auto payload = write_node_result(
            {"s1", {kind, protocol::Encoding::messagepack, "\"v\"", kind == Kind::result}});
        const auto parsed = parse_node_result(payload);
        REQUIRE(parsed);
        CHECK(parsed->ticket == "s1");
        CHECK(parsed->outcome.kind == kind);
        CHECK(parsed->outcome.encoding == protocol::Encoding::messagepack);
        CHECK(parsed->outcome.value == "\"v\"");
        CHECK(parsed->outcome.empty == (kind == Kind::result));
        refuses_every_cut(payload, parse_node_result);
    }
}

TEST_CASE("A group command and its answer come through, whatever bytes are in the names",
          "[hub_manager]") {
    const std::string group("\xff\0g", 3);
    const auto payload = write_group_command({7, "n", GroupCommand::Action::remove, group, "c"});
    const auto parsed = parse_group_command(payload);
    REQUIRE(parsed);
    CHECK(parsed->id == 7);
    CHECK(parsed->node == "n");
    CHECK(parsed->action == GroupCommand::Action::remove);
    CHECK(parsed->group == group);
    CHECK(parsed->connection_id == "c");
    refuses_every_cut(payload, parse_group_command);
    const auto ack = write_group_ack({1'000'000'007, true});
    CHECK(parse_group_ack(ack)->id == 1'000'000'007);
    CHECK(parse_group_ack(ack)->found);
    refuses_every_cut(ack, parse_group_ack);
}

TEST_CASE("Numbers that name nothing are refused", "[hub_manager]") {
    CHECK_FALSE(parse_node_question(std::string_view("\x93\x00\xa1t\xa1n", 6)));
    CHECK_FALSE(parse_node_question("\x93\x04\xa1t\xa1n"));
    CHECK(parse_node_result("\x95\xa1t\x01\xa4json\xc4\x01v\xc2"));
    CHECK_FALSE(parse_node_result("\x95\xa1t\x05\xa4json\xc4\x01v\xc2"));
    CHECK_FALSE(parse_node_result("\x95\xa1t\x01\xa4jso2\xc4\x01v\xc2"));
    CHECK_FALSE(
        parse_group_command("\x95\x01\xa1n\x03\xc4\x01g\xc4\x01"
                            "c"));
}

}  // namespace
}  // namespace hubtrail::hub
