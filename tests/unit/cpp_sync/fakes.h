#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <stdlib.h>

#include "base/clock.h"
#include "clients/cpp-sync/http_client.h"
#include "clients/cpp-sync/stop_signal.h"
#include "protocol/json_slices.h"
#include "tests/support/catch.h"

namespace hubtrail::sync {

class FakeClock final : public Clock {
public:
    std::int64_t wall_us() const override { return wall_us_; }
    std::int64_t steady_ns() const override { return steady_ns_; }
    void advance_ms(std::int64_t ms) {
        steady_ns_ += ms * 1'000'000;
        wall_us_ += ms * 1000;
    }

private:
    std::int64_t wall_us_ = 1'777'881'600'000'000;  // 2026-05-04T08:00:00Z
    std::int64_t steady_ns_ = 5'000'000'000;
};

/// Lets time pass at once and remembers how much.
class FakePause final : public Pause {
public:
    Woken wait(std::int64_t milliseconds) override {
        if (milliseconds > 0) {
            waits.push_back(milliseconds);
        }
        return waits.size() >= stop_at_wait ? Woken::by_stop : Woken::by_time;
    }
    void wait_after_stop(std::int64_t milliseconds) override {
        waits_after_stop.push_back(milliseconds);
    }
    std::vector<std::int64_t> waits;
    std::vector<std::int64_t> waits_after_stop;
    std::size_t stop_at_wait = static_cast<std::size_t>(-1);
};

struct SeenRequest {
    std::string method;
    std::string target;
    std::string key;
    std::string body;
};

/// Answers each request with the next line of the script; without a script line the test fails.
class FakeHttp final : public HttpClient {
public:
    using Answer = Result<HttpReply, HttpFailure>;

    void add(Answer answer) { script.push_back(std::move(answer)); }
    /// Acknowledges whatever is posted, after `script` is used up.
    bool acknowledge_rest = false;

    Result<HttpReply, HttpFailure> get(const std::string& target, const std::vector<HttpHeader>&,
                                       OnStop) override {
        return answer({"GET", target, "", ""});
    }
    Result<HttpReply, HttpFailure> post(const std::string& target,
                                        const std::vector<HttpHeader>& headers,
                                        const std::string& body, OnStop) override {
        std::string key;
        for (const auto& header : headers) {
            if (header.name == "Idempotency-Key") {
                key = header.value;
            }
        }
        return answer({"POST", target, key, body});
    }

    /// A 201 with a result for each event of the body.
    static HttpReply acknowledgement(const std::string& body, int status = 201) {
        std::string results;
        const auto events = protocol::array_elements(body).value();
        for (const auto event : events) {
            results += results.empty() ? "" : ",";
            results += "{\"id\":\"" + protocol::find_string(event, "id").value() +
                       "\",\"pos\":1,\"cursor\":\"c1.x\",\"duplicate\":false}";
        }
        return {status, {}, "{\"results\":[" + results + "]}"};
    }

    /// Makes requests wait until release().
    void hold() {
        const std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release() {
        {
            const std::lock_guard lock(mutex_);
            held_ = false;
        }
        changed_.notify_all();
    }
    void wait_for_request() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !seen.empty(); });
    }

    std::deque<Answer> script;
    std::vector<SeenRequest> seen;
    int most_at_once = 0;

private:
    Answer answer(SeenRequest request) {
        std::unique_lock lock(mutex_);
        most_at_once = std::max(most_at_once, ++at_once_);
        seen.push_back(request);
        changed_.notify_all();
        changed_.wait(lock, [this] { return !held_; });
        --at_once_;
        if (script.empty()) {
            if (acknowledge_rest) {
                return acknowledgement(request.body);
            }
            return HttpReply{599, {}, "the script is used up"};
        }
        auto next = std::move(script.front());
        script.pop_front();
        if (next && next->body == "ACK") {
            return acknowledgement(request.body, next->status);
        }
        return next;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    int at_once_ = 0;
};

inline FakeHttp::Answer refused_connection() {
    return Failure{HttpFailure{HttpFailure::Kind::unreachable,
                               "cannot reach http://127.0.0.1:1: connection refused"}};
}

/// `memory`: for thousands of files, where the machine has a file system in memory.
enum class TempPlace { disk, memory };

class TempDir {
public:
    explicit TempDir(TempPlace place = TempPlace::disk) {
        const std::filesystem::path memory = "/dev/shm";
        const bool in_memory = place == TempPlace::memory && std::filesystem::is_directory(memory);
        const auto base = in_memory ? memory : std::filesystem::temp_directory_path();
        std::string pattern = (base / "cpp_sync.XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline void write_file(const std::string& path, const std::string& content) {
    std::ofstream file(path, std::ios::trunc | std::ios::binary);
    file << content;
    REQUIRE(file.good());
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

}  // namespace hubtrail::sync
