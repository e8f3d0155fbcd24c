#pragma once

#include <utility>

#include "transport/loop.h"

namespace hubtrail::rest {

/// A callback for the log service that brings its result to the loop: `work` runs there, once, or
/// never when the loop has stopped. `loop` must outlive the callback.
template <typename Work>
auto on_loop(transport::Loop& loop, Work work) {
    return [&loop, work = std::move(work)](auto result) mutable {
        loop.post([work = std::move(work), result = std::move(result)]() mutable {
            work(std::move(result));
        });
    };
}

}  // namespace hubtrail::rest
