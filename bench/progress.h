#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hubtrail::bench {

/// One line with a bar on standard error, redrawn at most ten times a second; silent when standard
/// error is not a terminal. Thread: main.
class Progress {
public:
    explicit Progress(std::string_view label);
    ~Progress();  ///< wipes the line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void label(std::string_view text) { label_ = text; }
    void show(double done, double total);

private:
    std::string label_;
    std::int64_t drawn_ns_ = 0;
    bool terminal_;
    bool dirty_ = false;
};

/// The bar itself: `[####......]`, `width` cells.
std::string progress_bar(double done, double total, int width);

}  // namespace hubtrail::bench
