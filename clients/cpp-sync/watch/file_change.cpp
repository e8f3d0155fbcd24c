#include "clients/cpp-sync/watch/file_change.h"

#include <array>
#include <cstdio>

#include "base/crypto.h"
#include "protocol/event.h"
#include "protocol/json_slices.h"
#include "protocol/utf8.h"

namespace hubtrail::sync {
namespace {

const char* name_of(FileChange::Kind kind) {
    switch (kind) {
        case FileChange::Kind::created:
            return "created";
        case FileChange::Kind::updated:
            return "updated";
        case FileChange::Kind::deleted:
            return "deleted";
        case FileChange::Kind::moved:
            return "moved";
        case FileChange::Kind::renamed:
            return "renamed";
    }
    return "";
}

/// Whether the path fits once its bad bytes are shown as U+FFFD, three bytes each.
bool fits(const std::string& path) {
    if (path.size() > kPathBytesMax) {
        return false;
    }
    if (is_utf8(path)) {
        return true;
    }
    constexpr std::size_t kWorstGrowth = 3;
    return path.size() * kWorstGrowth <= kPathBytesMax;
}

std::string data_of(const FileChange& change) {
    protocol::JsonObjectWriter data;
    if (change.meta.kind == FileKind::file) {
        data.number("size", change.meta.size);
    }
    data.text("mtime", protocol::time_text(change.meta.mtime_ns / 1000));
    if (change.replaced) {
        data.raw("replaced", "true");
    }
    if (!is_utf8(change.path)) {
        data.text("path_base64url", base64url_encode(change.path));
    }
    if (!is_utf8(change.old_path)) {
        data.text("old_path_base64url", base64url_encode(change.old_path));
    }
    return data.finish();
}

}  // namespace

std::optional<FileChange> sendable(FileChange change) {
    const bool new_fits = fits(change.path);
    const bool old_fits = !change.old_path.empty() && fits(change.old_path);
    if (change.old_path.empty()) {
        return new_fits ? std::optional(std::move(change)) : std::nullopt;
    }
    if (new_fits && !old_fits) {
        change.kind = change.replaced ? FileChange::Kind::updated : FileChange::Kind::created;
        change.old_path.clear();
        change.replaced = false;
    } else if (!new_fits && old_fits) {
        change.kind = FileChange::Kind::deleted;
        change.path = std::exchange(change.old_path, "");
        change.replaced = false;
    } else if (!new_fits) {
        return std::nullopt;
    }
    return change;
}

std::string resource_id(const FileIdentity& identity) {
    std::array<char, 64> text{};
    const auto length = std::snprintf(text.data(), text.size(), "%llx:%llx:%llx",
                                      static_cast<unsigned long long>(identity.device),
                                      static_cast<unsigned long long>(identity.inode),
                                      static_cast<unsigned long long>(identity.born_ns));
    return {text.data(), static_cast<std::size_t>(length)};
}

OutEvent make_file_event(const FileChange& change, const std::string& site, const std::string& id,
                         std::int64_t now_us) {
    const std::string resource = change.meta.kind == FileKind::folder ? "folder" : "file";
    const std::string kind = name_of(change.kind);
    protocol::JsonObjectWriter event;
    event.text("id", id)
        .text("stream", "files")
        .text("type", resource + "." + kind)
        .text("change_type", kind)
        .text("resource_type", resource)
        .text("resource_id", resource_id(change.meta.identity))
        .text("site_id", site)
        .text("actor_client_id", "hubtrail-watch")
        .text_if_any("old_path", change.old_path)
        .text("path", change.path)
        .text("occurred_at", protocol::time_text(now_us))
        .raw("data", data_of(change));
    return {id, event.finish()};
}

}  // namespace hubtrail::sync
