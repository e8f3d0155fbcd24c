#include "bench/progress.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include "bench/process_probe.h"

namespace hubtrail::bench {
namespace {

constexpr int kBarCells = 40;
constexpr std::int64_t kRedrawNs = 100'000'000;

}  // namespace

Progress::Progress(std::string_view label) : label_(label), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (dirty_) {
        std::fputs("\r\x1b[K", stderr);
    }
}

void Progress::show(double done, double total) {
    if (!terminal_) {
        return;
    }
    const auto now = now_ns();
    if (now - drawn_ns_ < kRedrawNs) {
        return;
    }
    drawn_ns_ = now;
    dirty_ = true;
    const double share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 0.0;
    std::fprintf(stderr, "\r\x1b[K%s %s %3.0f %%", label_.c_str(),
                 progress_bar(done, total, kBarCells).c_str(), share * 100);
}

std::string progress_bar(double done, double total, int width) {
    const double share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 0.0;
    const auto filled = static_cast<std::size_t>(share * width);
    return "[" + std::string(filled, '#') +
           std::string(static_cast<std::size_t>(width) - filled, '.') + "]";
}

}  // namespace hubtrail::bench
