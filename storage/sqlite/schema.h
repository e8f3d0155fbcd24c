#pragma once

namespace soci {
class session;
}  // namespace soci

namespace hubtrail::storage {

/// The version in `PRAGMA user_version` of the files that this build writes.
inline constexpr int kSchemaVersion = 1;

/// Creates the tables in an empty file; refuses a newer one or a stranger's. Throws.
void prepare_schema(soci::session& session);

/// Compares each tenant's head with its rows by a few seeks per tenant; throws CorruptLog naming
/// the tenant and the numbers. Not a check of every row: pages check themselves as they are read.
void check_heads(soci::session& session);

}  // namespace hubtrail::storage
