#include "transport/session/connection_tokens.h"

#include <array>

#include "base/crypto.h"

namespace hubtrail::transport {
namespace {
constexpr std::int64_t kSweepIntervalNs = 1'000'000'000;
}

std::string ConnectionTokens::make_text() {
    std::array<char, 16> bytes;  // 128 bits, 22 characters, as the reference makes them
    random_.fill(bytes.data(), bytes.size());
    return base64url_encode({bytes.data(), bytes.size()});
}

std::string ConnectionTokens::make_id() {
    const MutexLock lock(mutex_);
    return make_text();
}

ConnectionTokens::Made ConnectionTokens::make(bool separate_token, std::int64_t now_ns) {
    const MutexLock lock(mutex_);
    sweep(now_ns);
    if (waiting_ >= kNegotiatedMax) {
        return {};
    }
    Made made;
    made.id = make_text();
    made.token = separate_token ? make_text() : made.id;
    entries_[made.token] = Entry{made.id, now_ns + kNegotiatedUnusedNs, false};
    ++waiting_;
    return made;
}

ConnectionTokens::Claim ConnectionTokens::claim(std::string_view token, std::int64_t now_ns,
                                                std::string& id) {
    const MutexLock lock(mutex_);
    switch (look_up(token, now_ns)) {
        case State::unknown:
            return Claim::unknown;
        case State::in_use:
            return Claim::in_use;
        case State::waiting:
            break;
    }
    auto& entry = entries_[std::string(token)];
    entry.in_use = true;
    --waiting_;
    id = entry.id;
    return Claim::ok;
}

ConnectionTokens::State ConnectionTokens::find(std::string_view token, std::int64_t now_ns) {
    const MutexLock lock(mutex_);
    return look_up(token, now_ns);
}

ConnectionTokens::State ConnectionTokens::look_up(std::string_view token, std::int64_t now_ns) {
    const auto found = entries_.find(std::string(token));
    if (found == entries_.end()) {
        return State::unknown;
    }
    if (found->second.in_use) {
        return State::in_use;
    }
    return found->second.expires_ns <= now_ns ? State::unknown : State::waiting;
}

void ConnectionTokens::forget(const std::string& token) {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(token);
    if (found != entries_.end()) {
        waiting_ -= found->second.in_use ? 0U : 1U;
        entries_.erase(found);
    }
}

void ConnectionTokens::sweep(std::int64_t now_ns) {
    if (now_ns - swept_ns_ < kSweepIntervalNs) {
        return;
    }
    swept_ns_ = now_ns;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const bool gone = !entry->second.in_use && entry->second.expires_ns <= now_ns;
        waiting_ -= gone ? 1U : 0U;
        entry = gone ? entries_.erase(entry) : std::next(entry);
    }
}

}  // namespace hubtrail::transport
