#include "transport/session/connection_tokens.h"

#include <array>
#include <iterator>

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

ConnectionTokens::Made ConnectionTokens::make(const Offer& offer, std::int64_t now_ns) {
    const MutexLock lock(mutex_);
    sweep(now_ns);
    if (waiting_ >= kNegotiatedMax) {
        return {};
    }
    Made made;
    made.id = make_text();
    made.token = offer.separate_token ? make_text() : made.id;
    entries_[made.token] =
        Entry{made.id, offer.hub, now_ns + offer.unused_ns, nullptr, {}, offer.resumable};
    ++waiting_;
    return made;
}

ConnectionTokens::Found ConnectionTokens::find(std::string_view token, std::size_t hub,
                                               std::int64_t now_ns) {
    const MutexLock lock(mutex_);
    const auto* entry = look_up(token, hub, now_ns);
    if (entry == nullptr) {
        return {};
    }
    return {entry->home == nullptr ? State::waiting : State::in_use, entry->id, entry->resumable,
            entry->kind, entry->home};
}

ConnectionTokens::Found ConnectionTokens::claim(std::string_view token, std::size_t hub,
                                                TransportKind kind, SessionServer& home,
                                                std::int64_t now_ns) {
    const MutexLock lock(mutex_);
    auto* entry = look_up(token, hub, now_ns);
    if (entry == nullptr) {
        return {};
    }
    if (entry->home != nullptr) {
        return {State::in_use, entry->id, entry->resumable, entry->kind, entry->home};
    }
    entry->home = &home;
    entry->kind = kind;
    --waiting_;
    return {State::waiting, entry->id, entry->resumable, kind, &home};
}

ConnectionTokens::Entry* ConnectionTokens::look_up(std::string_view token, std::size_t hub,
                                                   std::int64_t now_ns) {
    const auto found = entries_.find(std::string(token));
    if (found == entries_.end() || found->second.hub != hub) {
        return nullptr;
    }
    auto& entry = found->second;
    return entry.home == nullptr && entry.expires_ns <= now_ns ? nullptr : &entry;
}

void ConnectionTokens::forget(const std::string& token) {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(token);
    if (found != entries_.end()) {
        waiting_ -= found->second.home == nullptr ? 1U : 0U;
        entries_.erase(found);
    }
}

void ConnectionTokens::sweep(std::int64_t now_ns) {
    if (now_ns - swept_ns_ < kSweepIntervalNs) {
        return;
    }
    swept_ns_ = now_ns;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const bool gone = entry->second.home == nullptr && entry->second.expires_ns <= now_ns;
        waiting_ -= gone ? 1U : 0U;
        entry = gone ? entries_.erase(entry) : std::next(entry);
    }
}

}  // namespace hubtrail::transport
