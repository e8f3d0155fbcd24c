#include "tests/testhub/scratch.h"

#include <chrono>
#include <utility>

namespace hubtrail::testhub {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 20s;
constexpr auto kLook =
    2ms;  // what is waited for happens on any thread; looking again is the simplest way to learn it

[[noreturn]] void give_up() {
    throw TimeoutException("The operation has timed out.");
}

}  // namespace

Task<void> Scratch::gate(std::string name, CancellationToken stop) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!is_open(name) && !stop.requested()) {
        if (std::chrono::steady_clock::now() > end) {
            give_up();
        }
        co_await delay(kLook);
    }
}

void Scratch::open(const std::string& name) {
    const MutexLock lock(mutex_);
    open_.insert(name);
}

bool Scratch::is_open(const std::string& name) {
    const MutexLock lock(mutex_);
    return open_.count(name) > 0;
}

void Scratch::note(const std::string& key, std::string text) {
    const MutexLock lock(mutex_);
    notes_[key].push_back(std::move(text));
}

Task<std::string> Scratch::read(std::string key) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (true) {
        if (auto note = take(key)) {
            co_return std::move(*note);
        }
        if (std::chrono::steady_clock::now() > end) {
            give_up();
        }
        co_await delay(kLook);
    }
}

std::optional<std::string> Scratch::take(const std::string& key) {
    const MutexLock lock(mutex_);
    auto& notes = notes_[key];
    if (notes.empty()) {
        return std::nullopt;
    }
    auto note = std::move(notes.front());
    notes.pop_front();
    return note;
}

int Scratch::left(const std::string& key) {
    const MutexLock lock(mutex_);
    return static_cast<int>(notes_[key].size());
}

Scratch& scratch() {
    static Scratch the_one;
    return the_one;
}

}  // namespace hubtrail::testhub
