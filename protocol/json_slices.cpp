#include "protocol/json_slices.h"

#include "protocol/json.h"
#include "protocol/json_scanner.h"
#include "protocol/utf8.h"

namespace hubtrail::protocol {
namespace {

using Step = JsonScanner::Step;

/// Calls `see(name, value)` for each member; false when the text is no object.
template <typename See>
bool visit_members(std::string_view text, const See& see) {
    JsonScanner in(text);
    if (!in.take('{')) {
        return false;
    }
    JsonString name;
    auto step = in.first_member(name);
    for (; step == Step::item; step = in.next_member(name)) {
        std::string_view value;
        if (!in.skip_value(kJsonSliceDepthMax, value)) {
            return false;
        }
        see(name.raw, value);
    }
    return step == Step::end && in.finish();
}

}  // namespace

std::optional<std::vector<std::pair<std::string_view, std::string_view>>> object_members(
    std::string_view text) {
    std::vector<std::pair<std::string_view, std::string_view>> members;
    const bool good =
        visit_members(text, [&members](std::string_view name, std::string_view value) {
            members.emplace_back(name, value);
        });
    return good ? std::optional(std::move(members)) : std::nullopt;
}

std::optional<std::vector<std::string_view>> array_elements(std::string_view text) {
    JsonScanner in(text);
    std::vector<std::string_view> elements;
    if (!in.take('[')) {
        return std::nullopt;
    }
    auto step = in.first_element();
    for (; step == Step::item; step = in.next_element()) {
        if (!in.skip_value(kJsonSliceDepthMax, elements.emplace_back())) {
            return std::nullopt;
        }
    }
    return step == Step::end && in.finish() ? std::optional(std::move(elements)) : std::nullopt;
}

std::optional<std::string_view> find_member(std::string_view object, std::string_view name) {
    std::optional<std::string_view> found;
    const bool good = visit_members(object, [&](std::string_view its_name, std::string_view value) {
        if (!found && its_name == name) {
            found = value;
        }
    });
    return good ? found : std::nullopt;
}

std::optional<std::string> string_value(std::string_view slice) {
    JsonScanner in(slice);
    JsonString string;
    if (!in.read_string(string) || !in.finish() || string.lone_surrogate) {
        return std::nullopt;
    }
    std::string out;
    append_decoded(out, string);
    return out;
}

std::optional<std::int64_t> integer_value(std::string_view slice) {
    JsonScanner in(slice);
    JsonNumber number;
    std::int64_t value = 0;
    return in.read_number(number) && in.finish() && to_int64(number, value) ? std::optional(value)
                                                                            : std::nullopt;
}

std::optional<bool> boolean_value(std::string_view slice) {
    if (slice == "true") {
        return true;
    }
    return slice == "false" ? std::optional(false) : std::nullopt;
}

std::optional<std::string> find_string(std::string_view object, std::string_view name) {
    const auto slice = find_member(object, name);
    return slice ? string_value(*slice) : std::nullopt;
}

std::optional<std::int64_t> find_integer(std::string_view object, std::string_view name) {
    const auto slice = find_member(object, name);
    return slice ? integer_value(*slice) : std::nullopt;
}

void JsonObjectWriter::append_text(std::string_view bytes) {
    out_.push_back('"');
    if (is_utf8(bytes)) {
        append_json_escaped(out_, bytes);
    } else {
        append_json_escaped(out_, replace_bad_utf8(bytes));
    }
    out_.push_back('"');
}

void JsonObjectWriter::begin_member(std::string_view name) {
    if (out_.size() > 1) {
        out_.push_back(',');
    }
    append_text(name);
    out_.push_back(':');
}

JsonObjectWriter& JsonObjectWriter::text(std::string_view name, std::string_view value) {
    begin_member(name);
    append_text(value);
    return *this;
}

JsonObjectWriter& JsonObjectWriter::text_if_any(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
}

JsonObjectWriter& JsonObjectWriter::number(std::string_view name, std::int64_t value) {
    begin_member(name);
    out_ += std::to_string(value);
    return *this;
}

JsonObjectWriter& JsonObjectWriter::raw(std::string_view name, std::string_view json) {
    begin_member(name);
    out_ += json;
    return *this;
}

std::string JsonObjectWriter::finish() {
    out_.push_back('}');
    return std::move(out_);
}

}  // namespace hubtrail::protocol
