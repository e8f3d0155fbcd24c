#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/bench.h"

namespace hubtrail::bench {

/// What a PostLoad sends and what it does with the answers. Thread: main.
class PostSource {
public:
    virtual ~PostSource() = default;
    /// Replaces `body` with the producer's next request body; false when it has no more.
    virtual bool next(std::size_t producer, std::string& body) = 0;
    /// Empty, or what is wrong with the answer to the producer's last body: that ends the load.
    virtual std::string on_answer(std::size_t producer, int status, std::string_view body) = 0;
};

/// Keep-alive HTTP connections on one epoll loop, each with one POST at a time.
/// Thread: main. `source` must outlive it.
class PostLoad {
public:
    PostLoad(const Target& target, std::string path, std::size_t producers, PostSource& source);
    ~PostLoad();
    PostLoad(const PostLoad&) = delete;
    PostLoad& operator=(const PostLoad&) = delete;

    /// Runs until no producer has anything more and every answer is in.
    Result<void, BenchError> run(std::int64_t deadline_ns, const std::function<void()>& on_turn);

private:
    struct Producer {
        int socket = -1;
        std::string out;
        std::size_t out_sent = 0;
        std::string in;
    };

    void connect(std::size_t index);  ///< anew when it was
    void begin_next(std::size_t index);
    void on_ready(std::size_t index, std::uint32_t events);
    void write(std::size_t index);
    void fail(std::size_t index, std::string_view why);

    Target target_;
    std::string path_;
    PostSource& source_;
    std::vector<Producer> producers_;
    std::vector<char> buffer_;
    std::string body_;
    std::string failure_;
    std::size_t busy_ = 0;
    int epoll_;
};

}  // namespace hubtrail::bench
