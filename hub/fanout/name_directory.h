#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"

namespace hubtrail::hub {

inline constexpr std::size_t kHubLoopsMax = 256;  ///< event loops that one hub can have

using LoopSet = std::bitset<kHubLoopsMax>;

/// What a name stands for.
enum class NameKind : std::uint8_t { connection, user, group };

/// Which loops have members of a name, so that a send wakes no other. Behind what a loop's own
/// tables say: between a look and the arrival a member may have gone. Thread: any; each shard has a
/// mutex.
class NameDirectory {
public:
    /// A connection is on one loop. `id` must live until it is removed.
    void add_connection(std::string_view id, std::size_t loop);
    void remove_connection(std::string_view id);
    std::optional<std::size_t> find_connection(std::string_view id) const;

    // Users and groups. One add per loop, when it gets its first member, one remove when it has
    // lost the last.

    /// The name as the directory keeps it; lives until this loop removes it.
    std::string_view add(NameKind kind, std::string_view name, std::size_t loop);
    void remove(NameKind kind, std::string_view name, std::size_t loop);
    LoopSet find(NameKind kind, std::string_view name) const;
    std::size_t size(NameKind kind) const;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using NameTable = std::unordered_map<std::string, LoopSet, Hash, std::equal_to<>>;
    struct Shard {
        mutable Mutex mutex;
        std::unordered_map<std::string_view, std::uint16_t> connections HUBTRAIL_GUARDED_BY(mutex);
        NameTable users HUBTRAIL_GUARDED_BY(mutex);
        NameTable groups HUBTRAIL_GUARDED_BY(mutex);

        NameTable& names(NameKind kind) HUBTRAIL_REQUIRES(mutex) {
            return kind == NameKind::user ? users : groups;
        }
        const NameTable& names(NameKind kind) const HUBTRAIL_REQUIRES(mutex) {
            return kind == NameKind::user ? users : groups;
        }
    };
    static constexpr std::size_t kShards = 64;

    // The tables use the low bits of the hash.
    static std::size_t shard_of(std::string_view name) {
        return Hash{}(name) >> 48U & (kShards - 1);
    }
    Shard& shard(std::string_view name) { return shards_[shard_of(name)]; }
    const Shard& shard(std::string_view name) const { return shards_[shard_of(name)]; }

    std::array<Shard, kShards> shards_;
};

}  // namespace hubtrail::hub
