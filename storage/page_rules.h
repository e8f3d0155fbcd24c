#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/log_store.h"

// What a page of any log holds, whatever stores it: a store asks these and fetches rows.
// Nothing here has state beyond its values. Thread: any.
namespace hubtrail::storage {

/// Why a read is refused before anything is fetched: more values than kFilterValuesMax.
std::optional<StoreError> check_filter(const EventFilter& filter);

/// Whether the filter shows every event: then every position of a page must have its row.
bool shows_everything(const EventFilter& filter);

/// What a page covers: positions (after, end], of which it holds at most `count` events.
struct PageWindow {
    std::int64_t after = 0;
    std::int64_t end = 0;
    std::int64_t count = 0;

    bool empty() const { return after >= end; }
};

/// `request`'s window in a log with this head: it begins at the floor at the earliest and ends at
/// the head or after scan_max positions.
PageWindow make_window(const ReadRequest& request, const LogHead& head);

/// Fills a page from the rows of its window: the events that the filter shows, ascending. Says when
/// the page is full, and finds holes where every position has to be there.
/// Thread: db.
class PageFill {
public:
    /// `request` and `head` must outlive it.
    PageFill(const ReadRequest& request, const LogHead& head);

    const PageWindow& window() const { return window_; }

    enum class Took {
        row,   ///< go on with the next one
        full,  ///< this row is not of the page; fetch no more
        hole,  ///< the log is corrupt: hole() says why
    };
    /// Before the row is taken over: whether it belongs to the page.
    [[nodiscard]] Took offer(std::int64_t pos, std::size_t body_bytes);
    /// After the last row that was offered. False: rows are missing, and hole() says which.
    [[nodiscard]] bool finish();

    /// Where the page ends, after finish().
    std::int64_t to() const { return to_; }
    /// The tenant is named, so that an operator finds it.
    std::string hole(std::string_view tenant) const;

private:
    const bool dense_;  ///< every position of the window is shown
    const std::size_t bytes_max_;
    PageWindow window_;
    std::int64_t taken_ = 0;
    std::int64_t last_pos_ = 0;
    std::size_t bytes_ = 0;
    bool full_ = false;
    std::int64_t to_ = 0;
    std::int64_t missing_ = 0;  ///< a position that should have been there
    std::int64_t found_ = 0;    ///< what came in its place; 0: nothing
};

/// `position 7 is missing, the next one found is 9`, of a tenant; `found` 0: none.
std::string describe_hole(std::string_view tenant, std::int64_t missing, std::int64_t found);

}  // namespace hubtrail::storage
