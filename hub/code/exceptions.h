#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>

#include "protocol/value_writer.h"

namespace hubtrail::hub {

/// Thrown by a hub method for its caller to read: the text always reaches the client. Any other
/// exception does only with HubOptions::detailed_errors, as the name of its type and what().
/// Thread: strand.
class HubException : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The names of these are the reference's: clients see them in detailed errors.

/// A client that was asked is not there, or has gone. Thread: strand.
class IOException : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Something that is not allowed at this point. Thread: strand.
class InvalidOperationException : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What was waited for will not come: its client is gone. Thread: strand.
class OperationCanceledException : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Throws HubException with the reason when something that was written cannot be sent.
void check_written(const protocol::ValueWriter& writer);

/// Name of a type without its namespace.
std::string type_name(const std::type_info& type);
/// As clients of the reference know it, `Int32`; of others the same as type_name().
std::string reference_type_name(const std::type_info& type);

/// What a failure is to the client and to the log.
struct ErrorDetail {
    std::string text;     ///< `TypeName: what`
    bool always = false;  ///< shown without detailed errors too
};
ErrorDetail describe(const std::exception_ptr& error);

/// The base text of a method that threw (docs/protocol/hub.md).
std::string invoking(std::string_view target);

/// The reference's text: `base`, and the detail where it is shown.
std::string error_text(std::string_view base, const ErrorDetail& detail, bool detailed_errors);

}  // namespace hubtrail::hub
