#include "hub/fanout/name_directory.h"

#include "base/check.h"

namespace hubtrail::hub {

void NameDirectory::add_connection(std::string_view id, std::size_t loop) {
    auto& at = shard(id);
    const MutexLock lock(at.mutex);
    const bool is_new = at.connections.emplace(id, static_cast<std::uint16_t>(loop)).second;
    HUBTRAIL_CHECK(is_new, "a connection id was given twice");
}

void NameDirectory::remove_connection(std::string_view id) {
    auto& at = shard(id);
    const MutexLock lock(at.mutex);
    at.connections.erase(id);
}

std::optional<std::size_t> NameDirectory::find_connection(std::string_view id) const {
    const auto& at = shard(id);
    const MutexLock lock(at.mutex);
    const auto found = at.connections.find(id);
    return found == at.connections.end() ? std::nullopt : std::optional<std::size_t>(found->second);
}

std::string_view NameDirectory::add(NameKind kind, std::string_view name, std::size_t loop) {
    auto& at = shard(name);
    const MutexLock lock(at.mutex);
    auto& names = at.names(kind);
    auto found = names.find(name);
    if (found == names.end()) {
        found = names.emplace(std::string(name), LoopSet{}).first;
    }
    found->second.set(loop);
    return found->first;
}

void NameDirectory::remove(NameKind kind, std::string_view name, std::size_t loop) {
    auto& at = shard(name);
    const MutexLock lock(at.mutex);
    auto& names = at.names(kind);
    const auto found = names.find(name);
    HUBTRAIL_CHECK(found != names.end(), "a name was removed that was not added");
    found->second.reset(loop);
    if (found->second.none()) {
        names.erase(found);
    }
}

LoopSet NameDirectory::find(NameKind kind, std::string_view name) const {
    const auto& at = shard(name);
    const MutexLock lock(at.mutex);
    const auto& names = at.names(kind);
    const auto found = names.find(name);
    return found == names.end() ? LoopSet{} : found->second;
}

std::size_t NameDirectory::size(NameKind kind) const {
    std::size_t count = 0;
    for (const auto& at : shards_) {
        const MutexLock lock(at.mutex);
        count += kind == NameKind::connection ? at.connections.size() : at.names(kind).size();
    }
    return count;
}

}  // namespace hubtrail::hub
