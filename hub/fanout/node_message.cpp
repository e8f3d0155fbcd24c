#include "hub/fanout/node_message.h"

#include <algorithm>
#include <memory>

#include "protocol/hub_protocol.h"

namespace hubtrail::hub {
namespace {

using protocol::ValueReader;
using protocol::ValueWriter;

/// Thread: strand.
class Writer {
public:
    std::string take() { return std::move(out_); }
    ValueWriter* operator->() { return writer_.get(); }

private:
    std::string out_;
    std::unique_ptr<ValueWriter> writer_ = protocol::messagepack_hub_protocol().make_writer(out_);
};

bool next(ValueReader& in) {
    return in.next_element() == ValueReader::Step::item;
}
// Elements that a later version adds are skipped.
bool rest(ValueReader& in) {
    auto step = in.next_element();
    while (step == ValueReader::Step::item && in.skip()) {
        step = in.next_element();
    }
    return step == ValueReader::Step::end;
}
bool element(ValueReader& in, std::string& value) {
    return next(in) && in.read_string(value);
}
bool bytes_element(ValueReader& in, std::string& value) {
    return next(in) && in.read_binary(value);
}
bool element(ValueReader& in, std::uint64_t& value) {
    return next(in) && in.read_unsigned(value);
}
bool element(ValueReader& in, bool& value) {
    return next(in) && in.read_boolean(value);
}

template <typename Enum>
bool enum_element(ValueReader& in, Enum first, Enum last, Enum& value) {
    std::uint64_t number = 0;
    if (!element(in, number) || number < static_cast<std::uint64_t>(first) ||
        number > static_cast<std::uint64_t>(last)) {
        return false;
    }
    value = static_cast<Enum>(number);
    return true;
}

bool encoding_element(ValueReader& in, protocol::Encoding& encoding) {
    std::string name;
    if (!element(in, name)) {
        return false;
    }
    const auto found = protocol::find_encoding(name);
    encoding = found.value_or(encoding);
    return found.has_value();
}

bool read_names(ValueReader& in, std::vector<std::string>& names) {
    if (!in.begin_array()) {
        return false;
    }
    for (;;) {
        const auto step = in.next_element();
        if (step != ValueReader::Step::item) {
            return step == ValueReader::Step::end;
        }
        if (!in.read_string(names.emplace_back())) {
            return false;
        }
    }
}

// Reads a map of encodings; `read` takes the value of one of ours.
template <typename Read>
bool read_by_encoding(ValueReader& in, Read&& read) {
    if (!in.begin_object()) {
        return false;
    }
    std::string name;
    for (;;) {
        const auto step = in.next_member(name);
        if (step != ValueReader::Step::item) {
            return step == ValueReader::Step::end;
        }
        const auto encoding = protocol::find_encoding(name);
        if (encoding ? !read(*encoding) : !in.skip()) {
            return false;
        }
    }
}

bool read_arguments(ValueReader& in, ClientQuestion::Arguments& arguments) {
    std::uint64_t count = 0;
    if (!in.begin_array() || !element(in, count) || !bytes_element(in, arguments.raw) ||
        !rest(in)) {
        return false;
    }
    arguments.count = static_cast<std::size_t>(count);
    return true;
}

void write_arguments(Writer& out, const protocol::PerEncoding<ClientQuestion::Arguments>& all) {
    out->begin_object(protocol::kEncodings.size());
    for (const auto encoding : protocol::kEncodings) {
        out->name(name_of(encoding));
        out->begin_array(2);
        out->unsigned_integer(all[encoding].count);
        out->binary(all[encoding].raw);
        out->end_array();
    }
    out->end_object();
}

void write_records(Writer& out, const EncodedInvocation& message) {
    out->begin_object(static_cast<std::size_t>(
        std::count_if(protocol::kEncodings.begin(), protocol::kEncodings.end(),
                      [&](auto encoding) { return !message[encoding].empty(); })));
    for (const auto encoding : protocol::kEncodings) {
        if (!message[encoding].empty()) {
            out->name(name_of(encoding));
            out->binary(message[encoding]);
        }
    }
    out->end_object();
}

std::unique_ptr<ValueReader> read_array(std::string_view payload) {
    auto in = protocol::messagepack_hub_protocol().make_reader(payload);
    return in->begin_array() ? std::move(in) : nullptr;
}

}  // namespace

std::string write_node_send(const std::vector<std::string>& except,
                            const EncodedInvocation& message, std::string_view node) {
    Writer out;
    out->begin_array(3);
    out->begin_array(except.size());
    for (const auto& id : except) {
        out->string(id);
    }
    out->end_array();
    write_records(out, message);
    out->string(node);
    out->end_array();
    return out.take();
}

std::optional<NodeSend> parse_node_send(std::string_view payload) {
    NodeSend send;
    const auto in = read_array(payload);
    const auto read_record = [&](protocol::Encoding encoding) {
        return in->read_binary(send.message[encoding]);
    };
    if (!in || !next(*in) || !read_names(*in, send.except) || !next(*in) ||
        !read_by_encoding(*in, read_record) || !element(*in, send.node) || !rest(*in)) {
        return std::nullopt;
    }
    return send;
}

std::string write_node_question(const NodeQuestion& question) {
    const bool asks = question.step == NodeQuestion::Step::ask;
    Writer out;
    out->begin_array(asks ? 5 : 3);
    out->unsigned_integer(static_cast<std::uint64_t>(question.step));
    out->string(question.ticket);
    out->string(question.node);
    if (asks) {
        out->string(question.question.target);
        write_arguments(out, question.question.arguments);
    }
    out->end_array();
    return out.take();
}

std::optional<NodeQuestion> parse_node_question(std::string_view payload) {
    NodeQuestion question;
    const auto in = read_array(payload);
    if (!in ||
        !enum_element(*in, NodeQuestion::Step::ask, NodeQuestion::Step::probe, question.step) ||
        !element(*in, question.ticket) || !element(*in, question.node)) {
        return std::nullopt;
    }
    const auto read = [&](protocol::Encoding encoding) {
        return read_arguments(*in, question.question.arguments[encoding]);
    };
    if (question.step == NodeQuestion::Step::ask &&
        (!element(*in, question.question.target) || !next(*in) || !read_by_encoding(*in, read))) {
        return std::nullopt;
    }
    return rest(*in) ? std::optional(std::move(question)) : std::nullopt;
}

std::string write_node_result(const NodeResult& result) {
    Writer out;
    out->begin_array(5);
    out->string(result.ticket);
    out->unsigned_integer(static_cast<std::uint64_t>(result.outcome.kind));
    out->string(name_of(result.outcome.encoding));
    out->binary(result.outcome.value);
    out->boolean(result.outcome.empty);
    out->end_array();
    return out.take();
}

std::optional<NodeResult> parse_node_result(std::string_view payload) {
    NodeResult result;
    auto& outcome = result.outcome;
    const auto in = read_array(payload);
    if (!in || !element(*in, result.ticket) ||
        !enum_element(*in, InvokeOutcome::Kind::result, InvokeOutcome::Kind::unreachable,
                      outcome.kind) ||
        !encoding_element(*in, outcome.encoding) || !bytes_element(*in, outcome.value) ||
        !element(*in, outcome.empty) || !rest(*in)) {
        return std::nullopt;
    }
    return result;
}

std::string write_group_command(const GroupCommand& command) {
    Writer out;
    out->begin_array(5);
    out->unsigned_integer(command.id);
    out->string(command.node);
    out->unsigned_integer(static_cast<std::uint64_t>(command.action));
    out->binary(command.group);
    out->binary(command.connection_id);
    out->end_array();
    return out.take();
}

std::optional<GroupCommand> parse_group_command(std::string_view payload) {
    GroupCommand command;
    const auto in = read_array(payload);
    if (!in || !element(*in, command.id) || !element(*in, command.node) ||
        !enum_element(*in, GroupCommand::Action::add, GroupCommand::Action::remove,
                      command.action) ||
        !bytes_element(*in, command.group) || !bytes_element(*in, command.connection_id) ||
        !rest(*in)) {
        return std::nullopt;
    }
    return command;
}

std::string write_group_ack(const GroupAck& ack) {
    Writer out;
    out->begin_array(2);
    out->unsigned_integer(ack.id);
    out->boolean(ack.found);
    out->end_array();
    return out.take();
}

std::optional<GroupAck> parse_group_ack(std::string_view payload) {
    GroupAck ack;
    const auto in = read_array(payload);
    if (!in || !element(*in, ack.id) || !element(*in, ack.found) || !rest(*in)) {
        return std::nullopt;
    }
    return ack;
}

}  // namespace hubtrail::hub
