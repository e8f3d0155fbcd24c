#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bench/bench.h"
#include "bench/flag.h"

namespace hubtrail::bench {

/// The encodings in which a scenario can speak.
enum class Encodings { json, json_and_messagepack };

/// The flags that all scenarios have: where the server is, how to reach and to watch it, how to
/// print. Thread: main.
class TargetFlags {
public:
    /// In the order of the help. They write into this object and into `target`.
    std::vector<Flag> bind(Target& target);

    /// After the flags were read: completes `target` by them. `token` is for want of a flag and may
    /// be empty. Fails, with a sentence for who typed them, when they do not go together.
    Result<void, BenchError> apply(Target& target, Encodings encodings, std::string token) const;

    OutputFormat format() const { return json_ ? OutputFormat::json : OutputFormat::table; }

private:
    std::string address_ = "127.0.0.1:8080";
    std::string path_;
    std::string encoding_ = "json";
    std::string carrier_ = "websockets";
    bool no_pings_ = false;
    bool json_ = false;
};

}  // namespace hubtrail::bench
