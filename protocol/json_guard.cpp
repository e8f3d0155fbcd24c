#include "protocol/json_guard.h"

#include <algorithm>

#include "protocol/json_walk.h"
#include "protocol/utf8.h"

namespace hubtrail::protocol {
namespace {

// Up to here comparing every pair is quicker than sorting.
constexpr std::size_t kPairwiseMax = 12;
constexpr std::size_t kQuotedBytesMax = 64;

}  // namespace

bool JsonGuard::take_value(JsonScanner& in) {
    in_ = &in;
    names_.clear();
    object_starts_.clear();
    decoded_.clear();
    members_ = 0;
    error_.reset();
    return walk_json(in, limits_.depth_max, *this);
}

bool JsonGuard::refuse(std::size_t offset, std::string what) {
    error_ = JsonError{offset, std::move(what)};
    return false;
}

bool JsonGuard::count_member() {
    if (++members_ > limits_.members_max) {
        return refuse(in_->offset(), "over " + std::to_string(limits_.members_max) + " members");
    }
    return true;
}

bool JsonGuard::open_object() {
    object_starts_.push_back(names_.size());
    return true;
}

bool JsonGuard::refuse_duplicate(const Name& a, const Name& b) {
    return refuse(std::max(a.offset, b.offset),
                  "duplicate member '" + cut_text(a.text, kQuotedBytesMax) + "'");
}

bool JsonGuard::close_object() {
    const auto first = names_.begin() + static_cast<std::ptrdiff_t>(object_starts_.back());
    object_starts_.pop_back();
    if (static_cast<std::size_t>(names_.end() - first) <= kPairwiseMax) {
        for (auto a = first; a != names_.end(); ++a) {
            for (auto b = first; b != a; ++b) {
                if (a->text == b->text) {
                    return refuse_duplicate(*a, *b);
                }
            }
        }
    } else {
        // Sorted, not hashed: no choice of names makes this slower than n log n.
        std::sort(first, names_.end(),
                  [](const Name& a, const Name& b) { return a.text < b.text; });
        const auto same = std::adjacent_find(
            first, names_.end(), [](const Name& a, const Name& b) { return a.text == b.text; });
        if (same != names_.end()) {
            return refuse_duplicate(same[0], same[1]);
        }
    }
    names_.erase(first, names_.end());
    return true;
}

bool JsonGuard::name(const JsonString& name) {
    if (!count_member() || !string(name)) {
        return false;
    }
    auto text = name.raw;
    if (name.escaped) {
        append_decoded(decoded_.emplace_back(), name);
        text = decoded_.back();
    }
    names_.push_back({text, in_->offset()});
    return true;
}

bool JsonGuard::element() {
    return count_member();
}

bool JsonGuard::string(const JsonString& string) {
    if (string.has_nul) {
        return refuse(in_->offset(), "U+0000 in a string");
    }
    if (string.lone_surrogate) {
        return refuse(in_->offset(), "lone surrogate in a string");
    }
    return true;
}

bool JsonGuard::number(const JsonNumber& number) {
    return fits_double(number) || refuse(in_->offset(), "number beyond a double");
}

Result<void, JsonError> check_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes_max) {
        return Failure{
            JsonError{limits.bytes_max, "over " + std::to_string(limits.bytes_max) + " bytes"}};
    }
    JsonScanner in(text);
    JsonGuard guard(limits);
    if (guard.take_value(in) && in.finish()) {
        return {};
    }
    if (guard.error()) {
        return Failure{*guard.error()};
    }
    return Failure{JsonError{in.offset(), in.too_deep()
                                              ? "depth over " + std::to_string(limits.depth_max)
                                              : std::string(in.problem())}};
}

}  // namespace hubtrail::protocol
