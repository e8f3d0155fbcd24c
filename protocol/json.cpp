#include "protocol/json.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "protocol/utf8.h"

namespace hubtrail::protocol {

struct JsonValue::Tree {
    nlohmann::json root;
};

namespace {

const nlohmann::json& as_json(const void* node) {
    return *static_cast<const nlohmann::json*>(node);
}

}  // namespace

JsonValue::JsonValue(std::shared_ptr<const Tree> tree, const void* node)
    : tree_(std::move(tree)), node_(node) {}

Result<JsonValue, JsonError> JsonValue::parse(std::string_view text, const JsonLimits& limits) {
    if (const auto checked = check_json(text, limits); !checked) {
        return Failure{checked.error()};
    }
    // The guard let it through, so neither grammar nor depth nor range can fail here.
    auto root = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
    HUBTRAIL_CHECK(!root.is_discarded(), "the JSON guard is at least as strict as the parser");
    auto tree = std::make_shared<const Tree>(Tree{std::move(root)});
    const void* node = &tree->root;
    return JsonValue(std::move(tree), node);
}

JsonValue::Kind JsonValue::kind() const {
    const auto& json = as_json(node_);
    switch (json.type()) {
        case nlohmann::json::value_t::boolean:
            return Kind::boolean;
        case nlohmann::json::value_t::number_integer:
            return Kind::integer;
        case nlohmann::json::value_t::number_unsigned: {
            constexpr auto kMax =
                static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
            return json.get<std::uint64_t>() <= kMax ? Kind::integer : Kind::number;
        }
        case nlohmann::json::value_t::number_float:
            return Kind::number;
        case nlohmann::json::value_t::string:
            return Kind::string;
        case nlohmann::json::value_t::array:
            return Kind::array;
        case nlohmann::json::value_t::object:
            return Kind::object;
        case nlohmann::json::value_t::null:
        case nlohmann::json::value_t::binary:
        case nlohmann::json::value_t::discarded:
            break;
    }
    return Kind::null;
}

const std::string& JsonValue::string() const {
    HUBTRAIL_CHECK(kind() == Kind::string, "a string was promised");
    return as_json(node_).get_ref<const std::string&>();
}

std::int64_t JsonValue::integer() const {
    HUBTRAIL_CHECK(kind() == Kind::integer, "an integer was promised");
    return as_json(node_).get<std::int64_t>();
}

double JsonValue::number() const {
    HUBTRAIL_CHECK(kind() == Kind::integer || kind() == Kind::number, "a number was promised");
    return as_json(node_).get<double>();
}

bool JsonValue::boolean() const {
    HUBTRAIL_CHECK(kind() == Kind::boolean, "a boolean was promised");
    return as_json(node_).get<bool>();
}

std::size_t JsonValue::size() const {
    HUBTRAIL_CHECK(is_array() || is_object(), "only containers have a size");
    return as_json(node_).size();
}

JsonValue JsonValue::at(std::size_t index) const {
    HUBTRAIL_CHECK(is_array() && index < size(), "an element of an array");
    return {tree_, &as_json(node_)[index]};
}

std::optional<JsonValue> JsonValue::find(std::string_view member) const {
    HUBTRAIL_CHECK(is_object(), "an object was promised");
    const auto& json = as_json(node_);
    const auto found = json.find(member);
    if (found == json.end()) {
        return std::nullopt;
    }
    return JsonValue(tree_, &*found);
}

std::vector<std::pair<std::string, JsonValue>> JsonValue::members() const {
    HUBTRAIL_CHECK(is_object(), "an object was promised");
    std::vector<std::pair<std::string, JsonValue>> all;
    for (const auto& [name, value] : as_json(node_).items()) {
        all.emplace_back(name, JsonValue(tree_, &value));
    }
    return all;
}

std::string JsonValue::dump() const {
    return as_json(node_).dump();
}

std::string JsonValue::describe() const {
    switch (kind()) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return "boolean";
        case Kind::integer:
            return "integer";
        case Kind::number:
            return "number";
        case Kind::string:
            return describe_text(string());
        case Kind::array:
            return "array";
        case Kind::object:
            return "object";
    }
    return "null";
}

}  // namespace hubtrail::protocol
