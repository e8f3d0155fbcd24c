// The one translation unit that sees Boost.Beast. It must not see standalone Asio: the two Asios
// define the same names.
#include "transport/http/http_parser.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/ascii.h"
#include "base/check.h"
#include "transport/http/chunk_scan.h"
#include "transport/http/header_scan.h"
#include "transport/http/request_target.h"

namespace hubtrail::transport {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

// A body grows as its bytes arrive: a length that is only announced costs at most this.
constexpr std::size_t kBodyReserveMax = 16 * 1024;

std::string_view view(string_view text) {
    return {text.data(), text.size()};
}

void assign_lower(std::string& out, std::string_view text) {
    out.resize(text.size());
    std::transform(text.begin(), text.end(), out.begin(), to_lower);
}

// RFC 6750 2.1; the scheme ignores case. Empty for another scheme.
std::string_view bearer_token(std::string_view value) {
    constexpr std::string_view kScheme = "bearer ";
    if (value.size() <= kScheme.size() ||
        !equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) {
        return {};
    }
    value.remove_prefix(std::min(value.find_first_not_of(' ', kScheme.size()), value.size()));
    return value;
}

// Beast's parser writing straight into our request: no container of its own in between.
class MessageParser final : public http::basic_parser<true> {
public:
    MessageParser(HttpRequest& request, std::size_t header_count) : request_(request) {
        header_limit(kHeaderBytesMax);
        body_limit(kBodyBytesMax);
        request_.headers.reserve(header_count);
    }

    std::string_view target_error() const { return target_error_; }

private:
    void on_request_impl(http::verb, string_view method, string_view target, int,
                         error_code& ec) override {
        request_.method.assign(method.data(), method.size());
        target_error_ = read_target(view(target), request_);
        if (!target_error_.empty()) {
            ec = http::error::bad_target;
        }
    }

    void on_field_impl(http::field field, string_view name, string_view value,
                       error_code&) override {
        if (header_done_) {
            return;  // a trailer
        }
        if (field == http::field::authorization) {
            request_.token.assign(bearer_token(view(value)));
            return;
        }
        auto& header = request_.headers.emplace_back();
        assign_lower(header.first, view(name));
        header.second.assign(value.data(), value.size());
    }

    void on_header_impl(error_code&) override { header_done_ = true; }

    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
        request_.body.reserve(
            std::min(static_cast<std::size_t>(length.value_or(0)), kBodyReserveMax));
    }

    std::size_t on_body_impl(string_view body, error_code&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }

    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    void on_finish_impl(error_code&) override {}

    HttpRequest& request_;
    std::string_view target_error_;
    bool header_done_ = false;
};

class HttpParser final : public RequestParser {
public:
    State feed(std::string_view bytes, std::size_t& consumed) override {
        consumed = 0;
        while (phase_ != Phase::complete && phase_ != Phase::failed) {
            const auto rest = bytes.substr(consumed);
            if (rest.empty()) {
                return State::need_more;
            }
            consumed += step(rest);
        }
        return phase_ == Phase::complete ? State::complete : State::failed;
    }

    bool started() const override { return phase_ != Phase::header || !held_.empty(); }
    bool header_complete() const override {
        return phase_ != Phase::header && phase_ != Phase::failed;
    }
    bool wants_continue() const override {
        return continue_ && !body_began_ && phase_ != Phase::complete && phase_ != Phase::failed;
    }
    const HttpRequest& peek() const override {
        HUBTRAIL_CHECK(header_complete(), "peek() before the header is complete");
        return request_;
    }
    const HttpError& error() const override { return error_; }

    HttpRequest take() override {
        HUBTRAIL_CHECK(phase_ == Phase::complete, "take() before the request is complete");
        HttpRequest request = std::move(request_);
        request_ = HttpRequest();
        beast_.reset();
        scan_.reset();
        phase_ = Phase::header;
        continue_ = false;
        body_began_ = false;
        return request;
    }

private:
    enum class Phase { header, sized_body, chunk_line, chunk_data, trailer, complete, failed };

    // Takes at least one byte of `bytes`, returns how many.
    std::size_t step(std::string_view bytes) {
        body_began_ = phase_ != Phase::header;
        switch (phase_) {
            case Phase::header:
                return take_header(bytes);
            case Phase::chunk_line:
                return take_chunk_line(bytes);
            case Phase::trailer:
                return take_trailer(bytes);
            case Phase::sized_body:
            case Phase::chunk_data:
                return take_data(bytes);
            case Phase::complete:
            case Phase::failed:
                break;
        }
        return bytes.size();
    }

    std::size_t take_header(std::string_view bytes) {
        // Usually the whole header is in one read and nothing is copied.
        const std::size_t held = held_.size();
        if (held != 0) {
            held_.append(bytes.substr(0, kHeaderBytesMax - held));
        }
        const std::string_view block = held != 0 ? std::string_view(held_) : bytes;
        const auto state = scan_.scan(block);
        if (state == HeaderScan::State::failed) {
            fail(scan_.error());
            return bytes.size();
        }
        if (state == HeaderScan::State::need_more) {
            if (held == 0) {
                held_.assign(bytes);
            }
            return bytes.size();
        }
        const HeaderFacts& facts = scan_.facts();
        const std::size_t end = facts.end;
        begin_message(block.substr(facts.begin, end - facts.begin));
        std::string().swap(held_);
        return end - held;
    }

    void begin_message(std::string_view block) {
        const HeaderFacts& facts = scan_.facts();
        beast_.emplace(request_, facts.header_count);
        request_.keep_alive = facts.keep_alive;
        request_.http_minor = facts.http_minor;
        if (!put(block)) {
            return;
        }
        remaining_ = facts.content_length.value_or(0);
        if (facts.chunked) {
            chunk_ = ChunkScan();
            phase_ = Phase::chunk_line;
        } else {
            phase_ = remaining_ != 0 ? Phase::sized_body : Phase::complete;
        }
        HUBTRAIL_CHECK(beast_->is_done() == (phase_ == Phase::complete),
                       "the scan and the parser disagree about the body");
        continue_ = facts.expect_continue && facts.http_minor == 1;
    }

    std::size_t take_data(std::string_view bytes) {
        const auto piece = bytes.substr(
            0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size())));
        if (put(piece)) {
            remaining_ -= piece.size();
            if (remaining_ == 0) {
                phase_ = phase_ == Phase::chunk_data ? Phase::chunk_line : Phase::complete;
            }
        }
        return piece.size();
    }

    std::size_t take_chunk_line(std::string_view bytes) {
        std::size_t consumed = 0;
        switch (chunk_.feed(bytes, consumed)) {
            case ChunkScan::State::need_more:
                break;
            case ChunkScan::State::failed:
                fail({400, "malformed chunk"});
                break;
            case ChunkScan::State::complete:
                begin_chunk();
                break;
        }
        return consumed;
    }

    void begin_chunk() {
        remaining_ = chunk_.size();
        if (remaining_ == 0) {
            // Beast wants the last chunk and the trailers in one piece.
            held_.assign(chunk_.line());
            last_chunk_line_ = held_.size();
            phase_ = Phase::trailer;
        } else if (remaining_ > kBodyBytesMax - request_.body.size()) {
            fail({413, "body too large"});
        } else if (put(chunk_.line())) {
            chunk_.next();
            phase_ = Phase::chunk_data;
        }
    }

    std::size_t take_trailer(std::string_view bytes) {
        const std::size_t before = held_.size();
        held_.append(bytes.substr(0, kHeaderBytesMax + 2));
        const auto state =
            scan_.scan_trailer(std::string_view(held_).substr(last_chunk_line_), header_bytes());
        if (state == HeaderScan::State::failed) {
            fail(scan_.error());
            return bytes.size();
        }
        if (state == HeaderScan::State::need_more) {
            return held_.size() - before;
        }
        held_.resize(last_chunk_line_ + scan_.facts().trailer_bytes);
        const std::size_t consumed = held_.size() - before;
        if (put(held_)) {
            phase_ = Phase::complete;
            std::string().swap(held_);
        }
        return consumed;
    }

    std::size_t header_bytes() const { return scan_.facts().end; }

    // False when Beast refused what the scan had let through.
    bool put(std::string_view bytes) {
        while (!bytes.empty()) {
            error_code ec;
            const std::size_t taken =
                beast_->is_done() ? 0 : beast_->put({bytes.data(), bytes.size()}, ec);
            if (ec || taken == 0) {
                const auto target_error = beast_->target_error();
                fail({400,
                      target_error.empty() ? std::string_view("malformed request") : target_error});
                return false;
            }
            bytes.remove_prefix(taken);
        }
        return true;
    }

    void fail(const HttpError& error) {
        error_ = error;
        phase_ = Phase::failed;
        std::string().swap(held_);
    }

    HeaderScan scan_;
    ChunkScan chunk_;
    std::optional<MessageParser> beast_;
    HttpRequest request_;
    HttpError error_;
    std::string held_;  // a header or trailer section that came in pieces
    std::size_t last_chunk_line_ = 0;
    std::uint64_t remaining_ = 0;  // of the body or of the chunk
    Phase phase_ = Phase::header;
    bool continue_ = false;
    bool body_began_ = false;
};

}  // namespace

std::unique_ptr<RequestParser> make_http_parser() {
    return std::make_unique<HttpParser>();
}

}  // namespace hubtrail::transport
