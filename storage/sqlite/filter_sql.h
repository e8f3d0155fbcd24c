#pragma once

#include <string>
#include <vector>

#include "storage/log_store.h"

namespace hubtrail::storage {

/// The conditions of a filter as SQL: " AND ..." with the parameters :f0, :f1, ... in order, and
/// their values. No value ever becomes part of the text, and lists are padded to a power of two by
/// repeating their last value, so that there are few texts and each can stay prepared.
struct FilterSql {
    std::string conditions;
    std::vector<std::string> values;
};

/// Agrees with matches(). An empty text for a filter that shows everything.
FilterSql make_filter_sql(const EventFilter& filter);

}  // namespace hubtrail::storage
