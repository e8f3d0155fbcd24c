#include "storage/page_rules.h"

#include <algorithm>

namespace hubtrail::storage {

std::optional<StoreError> check_filter(const EventFilter& filter) {
    const std::size_t values = filter.streams.size() + filter.types.size() + filter.sites.size() +
                               filter.own_sites.size() + filter.exclude_origins.size();
    if (values <= kFilterValuesMax) {
        return std::nullopt;
    }
    return StoreError{StoreErrc::refused, "the filter has " + std::to_string(values) +
                                              " values; at most " +
                                              std::to_string(kFilterValuesMax)};
}

bool shows_everything(const EventFilter& filter) {
    return filter.any_site && filter.own_sites.empty() && filter.streams.empty() &&
           filter.types.empty() && filter.user_id.empty() && filter.path_prefix.empty() &&
           filter.exclude_origins.empty();
}

PageWindow make_window(const ReadRequest& request, const LogHead& head) {
    PageWindow window;
    window.after = std::max(request.after_pos, head.first_pos - 1);
    const std::int64_t scan_max = std::max<std::int64_t>(request.scan_max, 1);
    const std::int64_t left = std::max<std::int64_t>(head.last_pos - window.after, 0);
    window.end = left > scan_max ? window.after + scan_max : head.last_pos;
    const auto events_max =
        static_cast<std::int64_t>(std::min(request.events_max, static_cast<std::size_t>(scan_max)));
    window.count = std::max<std::int64_t>(events_max, 1);
    return window;
}

PageFill::PageFill(const ReadRequest& request, const LogHead& head)
    : dense_(shows_everything(request.filter)),
      bytes_max_(request.bytes_max),
      window_(make_window(request, head)),
      last_pos_(window_.after) {}

PageFill::Took PageFill::offer(std::int64_t pos, std::size_t body_bytes) {
    if (dense_ && pos != last_pos_ + 1) {
        missing_ = last_pos_ + 1;
        found_ = pos;
        return Took::hole;
    }
    // One event is always taken, or a reader would never get past a large one.
    if (taken_ == window_.count || (taken_ > 0 && bytes_ + body_bytes > bytes_max_)) {
        full_ = true;
        return Took::full;
    }
    bytes_ += body_bytes;
    last_pos_ = pos;
    ++taken_;
    return Took::row;
}

bool PageFill::finish() {
    // Behind the last row of a full page more may match; else the whole window was looked at.
    full_ = full_ || taken_ == window_.count;
    to_ = full_ ? last_pos_ : window_.end;
    if (dense_ && !full_ && !window_.empty() && last_pos_ != window_.end) {
        missing_ = last_pos_ + 1;
        found_ = 0;
        return false;
    }
    return true;
}

std::string PageFill::hole(std::string_view tenant) const {
    return describe_hole(tenant, missing_, found_);
}

std::string describe_hole(std::string_view tenant, std::int64_t missing, std::int64_t found) {
    return "tenant \"" + std::string(tenant) + "\": position " + std::to_string(missing) +
           " is missing, the next one found is " +
           (found == 0 ? std::string("none") : std::to_string(found));
}

}  // namespace hubtrail::storage
