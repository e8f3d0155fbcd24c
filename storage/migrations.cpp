#include "storage/migrations.h"

#include "base/check.h"

namespace hubtrail::storage {

Result<std::span<const Migration>, std::string> pending_migrations(std::span<const Migration> all,
                                                                   int found) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        HUBTRAIL_CHECK(all[i].version == static_cast<int>(i) + 1,
                       "migrations are numbered from 1 and leave out none");
    }
    const int known = static_cast<int>(all.size());
    if (found < 0 || found > known) {
        return Failure{"the log was written by a newer Hubtrail (its schema is " +
                       std::to_string(found) + ", this build knows " + std::to_string(known) +
                       "): install that one again"};
    }
    return all.subspan(static_cast<std::size_t>(found));
}

}  // namespace hubtrail::storage
