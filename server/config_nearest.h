#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hubtrail::server {

/// Characters to insert, delete, replace or swap with their neighbour to make one name of the
/// other. Thread: any.
std::size_t name_distance(std::string_view left, std::string_view right);

/// The known name that is most like `name`, the first one among equals. `known` must not be empty.
/// Thread: any.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace hubtrail::server
