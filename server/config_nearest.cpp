#include "server/config_nearest.h"

#include <algorithm>

#include "base/check.h"

namespace hubtrail::server {
namespace {

// A name is short; what somebody pasted by mistake may be long.
constexpr std::size_t kComparedBytesMax = 128;

}  // namespace

std::size_t name_distance(std::string_view left, std::string_view right) {
    left = left.substr(0, kComparedBytesMax);
    right = right.substr(0, kComparedBytesMax);
    // Optimal string alignment: three rows of the usual table, since a swap looks two rows back.
    std::vector<std::size_t> before(right.size() + 1);
    std::vector<std::size_t> above(right.size() + 1);
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::swap(before, above);
        std::swap(above, row);
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t replace = above[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[right.size()];
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
    HUBTRAIL_CHECK(!known.empty(), "nothing to compare with");
    return *std::min_element(known.begin(), known.end(),
                             [name](const auto& left, const auto& right) {
                                 return name_distance(name, left) < name_distance(name, right);
                             });
}

}  // namespace hubtrail::server
