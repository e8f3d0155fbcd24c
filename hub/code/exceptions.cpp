#include "hub/code/exceptions.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <typeinfo>

#include <cxxabi.h>

namespace hubtrail::hub {

void check_written(const protocol::ValueWriter& writer) {
    if (writer.problem() != nullptr) {
        throw HubException(writer.problem());
    }
}

// `app::(anonymous namespace)::NotFound<int>` is `NotFound<int>` to the client.
std::string type_name(const std::type_info& type) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> demangled(
        abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
    std::string name = demangled ? demangled.get() : type.name();
    const auto arguments = name.find('<');
    const auto scope = name.rfind("::", arguments);
    return scope == std::string::npos ? name : name.substr(scope + 2);
}

std::string reference_type_name(const std::type_info& type) {
    struct Known {
        const std::type_info& type;
        const char* name;
    };
    static const std::array<Known, 9> all = {{{typeid(std::int32_t), "Int32"},
                                              {typeid(std::int64_t), "Int64"},
                                              {typeid(std::uint32_t), "UInt32"},
                                              {typeid(std::uint64_t), "UInt64"},
                                              {typeid(std::int16_t), "Int16"},
                                              {typeid(bool), "Boolean"},
                                              {typeid(double), "Double"},
                                              {typeid(float), "Single"},
                                              {typeid(std::string), "String"}}};
    const auto* const found = std::find_if(all.begin(), all.end(),
                                           [&](const Known& known) { return known.type == type; });
    return found == all.end() ? type_name(type) : found->name;
}

ErrorDetail describe(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const HubException& exception) {
        return {std::string("HubException: ") + exception.what(), true};
    } catch (const std::exception& exception) {
        return {type_name(typeid(exception)) + ": " + exception.what(), false};
    } catch (...) {
        return {"Exception: of no standard type", false};
    }
}

std::string invoking(std::string_view target) {
    return "An unexpected error occurred invoking '" + std::string(target) + "' on the server.";
}

std::string error_text(std::string_view base, const ErrorDetail& detail, bool detailed_errors) {
    std::string text(base);
    if (detail.always || detailed_errors) {
        text += ' ';
        text += detail.text;
    }
    return text;
}

}  // namespace hubtrail::hub
