#include "clients/cpp-sync/watch/watch_state.h"

#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/check.h"
#include "clients/cpp-sync/http_client.h"

namespace hubtrail::sync {
namespace {

constexpr std::string_view kMagic = "hubtrail-watch-state 1";
constexpr std::string_view kEnd = "end";

/// Any bytes as one word: everything but printable ASCII as %XX.
std::string to_word(std::string_view bytes) {
    return bytes.empty() ? "%" : encode_query_value(bytes);
}

std::optional<std::string> from_word(std::string_view word) {
    std::string out;
    if (word == "%") {
        return out;
    }
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] != '%') {
            out.push_back(word[i]);
            continue;
        }
        const auto byte =
            i + 2 < word.size() ? to_integer<unsigned>(word.substr(i + 1, 2), 16) : std::nullopt;
        if (!byte) {
            return std::nullopt;
        }
        out.push_back(static_cast<char>(*byte));
        i += 2;
    }
    return out;
}

std::optional<std::string_view> take_line(std::string_view& text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;  // cut short
    }
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

std::string_view take_word(std::string_view& line) {
    const auto end = line.find(' ');
    const auto word = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    return word;
}

template <typename Number>
bool take_number(std::string_view& line, Number& number) {
    const auto read = to_integer<Number>(take_word(line));
    number = read.value_or(0);
    return read.has_value();
}

void append_meta(std::string& out, const FileMeta& meta) {
    out += meta.kind == FileKind::folder ? "d" : "f";
    for (const auto& number :
         {std::to_string(meta.identity.device), std::to_string(meta.identity.inode),
          std::to_string(meta.identity.born_ns), std::to_string(meta.size),
          std::to_string(meta.mtime_ns)}) {
        out += " " + number;
    }
}

bool take_meta(std::string_view& line, FileMeta& meta) {
    const auto kind = take_word(line);
    meta.kind = kind == "d" ? FileKind::folder : FileKind::file;
    return (kind == "d" || kind == "f") && take_number(line, meta.identity.device) &&
           take_number(line, meta.identity.inode) && take_number(line, meta.identity.born_ns) &&
           take_number(line, meta.size) && take_number(line, meta.mtime_ns);
}

std::string change_line(const FileChange& change) {
    std::string out = std::to_string(static_cast<int>(change.kind)) + " ";
    append_meta(out, change.meta);
    return out + " " + to_word(change.path) + " " + to_word(change.old_path) + "\n";
}

std::optional<FileChange> parse_change(std::string_view line) {
    FileChange change;
    int kind = 0;
    if (!take_number(line, kind) || kind < 0 ||
        kind > static_cast<int>(FileChange::Kind::renamed) || !take_meta(line, change.meta)) {
        return std::nullopt;
    }
    const auto path = from_word(take_word(line));
    const auto old_path = from_word(take_word(line));
    if (!path || !old_path) {
        return std::nullopt;
    }
    change.kind = static_cast<FileChange::Kind>(kind);
    change.path = *path;
    change.old_path = *old_path;
    return change;
}

/// `batch KEY COUNT`, then for each event its id, its change and its JSON, then `end`.
std::string batch_record(const Batch& batch, const std::deque<FileChange>& changes) {
    std::string out = "batch " + batch.key + " " + std::to_string(batch.events.size()) + "\n";
    for (std::size_t i = 0; i < batch.events.size(); ++i) {
        out += batch.events[i].id + " " + change_line(changes[i]) + batch.events[i].json + "\n";
    }
    return out.append(kEnd) + "\n";
}

std::pair<FileSnapshot::iterator, FileSnapshot::iterator> below(FileSnapshot& snapshot,
                                                                const std::string& path) {
    // '0' follows '/' in ASCII.
    return {snapshot.lower_bound(path + "/"), snapshot.lower_bound(path + "0")};
}

void move_paths(FileSnapshot& snapshot, const std::string& from, const std::string& to) {
    const auto [begin, end] = below(snapshot, from);
    FileSnapshot moved;
    for (auto at = begin; at != end; ++at) {
        moved.emplace(to + at->first.substr(from.size()), at->second);
    }
    snapshot.erase(begin, end);
    snapshot.erase(from);
    snapshot.merge(moved);
}

SyncError file_error(const std::string& what, const std::string& path) {
    return {SyncErrc::file, "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

}  // namespace

void apply_change(FileSnapshot& snapshot, const FileChange& change) {
    switch (change.kind) {
        case FileChange::Kind::deleted: {
            const auto [begin, end] = below(snapshot, change.path);
            snapshot.erase(begin, end);
            snapshot.erase(change.path);
            return;
        }
        case FileChange::Kind::moved:
        case FileChange::Kind::renamed:
            move_paths(snapshot, change.old_path, change.path);
            break;
        case FileChange::Kind::created:
        case FileChange::Kind::updated:
            break;
    }
    snapshot[change.path] = change.meta;
}

WatchState::WatchState(std::string path, Scope scope, FileSystem& files)
    : path_(std::move(path)), scope_(std::move(scope)), files_(files) {}

WatchState::~WatchState() {
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
}

Result<std::unique_ptr<WatchState>, SyncError> WatchState::open(const std::string& path,
                                                                const Scope& scope,
                                                                FileSystem& files) {
    auto text = files.read(path, kStateBytesMax);
    if (!text) {
        return Failure{SyncError{SyncErrc::file, text.error().text}};
    }
    std::unique_ptr<WatchState> state(new WatchState(path, scope, files));
    if (!text->has_value()) {
        return state;
    }
    state->existed_ = true;
    if (!state->parse(**text)) {
        return Failure{SyncError{SyncErrc::usage, path + " is not the state of watching " +
                                                      scope.directory + " for site " + scope.site +
                                                      "; give another file, or remove it"}};
    }
    // Start from a whole file: a record that was cut short must not stay in the middle.
    std::string tail;
    if (state->last_batch_) {
        tail = batch_record(*state->last_batch_, state->last_changes_);
    }
    auto snapshot_now = state->snapshot_;
    for (const auto& change : state->last_changes_) {
        apply_change(snapshot_now, change);
    }
    if (auto written = state->rewrite(tail); !written) {
        return Failure{written.error()};
    }
    state->snapshot_ = std::move(snapshot_now);
    state->last_changes_.clear();
    return state;
}

bool WatchState::parse(std::string_view text) {
    auto line = take_line(text);
    if (line != kMagic) {
        return false;
    }
    line = take_line(text);
    if (!line) {
        return false;
    }
    std::uint64_t device = 0;
    if (from_word(take_word(*line)) != scope_.directory ||
        from_word(take_word(*line)) != scope_.site || !take_number(*line, device)) {
        return false;
    }
    const auto renumber = [this, device](FileMeta& meta) {
        if (meta.identity.device == device) {
            meta.identity.device = scope_.device;
        }
    };
    for (line = take_line(text); line && *line != kEnd; line = take_line(text)) {
        FileMeta meta;
        if (!take_meta(*line, meta)) {
            return false;
        }
        const auto path = from_word(take_word(*line));
        if (!path) {
            return false;
        }
        renumber(meta);
        snapshot_.emplace(*path, meta);
    }
    if (!line) {
        return false;
    }
    // last_changes_ holds the changes of last_batch_ while we parse; they are applied when the next
    // comes.
    for (line = take_line(text); line; line = take_line(text)) {
        if (line->substr(0, 4) == "ack ") {
            if (last_batch_ && line->substr(4) == last_batch_->key) {
                for (const auto& change : last_changes_) {
                    apply_change(snapshot_, change);
                }
                last_changes_.clear();
                last_batch_.reset();
            }
        } else if (!parse_batch(text, *line)) {
            break;
        }
    }
    for (auto& change : last_changes_) {
        renumber(change.meta);
    }
    for (auto& [path, meta] : snapshot_) {
        renumber(meta);
    }
    return true;
}

bool WatchState::parse_batch(std::string_view& text, std::string_view header) {
    Batch batch;
    std::deque<FileChange> changes;
    std::size_t count = 0;
    if (take_word(header) != "batch") {
        return false;
    }
    batch.key = take_word(header);
    if (batch.key.empty() || !take_number(header, count) || count > kBatchEventsMax) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        auto line = take_line(text);
        const auto json = line ? take_line(text) : std::nullopt;
        if (!json) {
            return false;
        }
        const std::string id(take_word(*line));
        auto change = parse_change(*line);
        if (!change) {
            return false;
        }
        changes.push_back(std::move(*change));
        batch.events.push_back({id, std::string(*json)});
    }
    if (take_line(text) != kEnd) {
        return false;
    }
    for (const auto& change : last_changes_) {
        apply_change(snapshot_, change);
    }
    last_changes_ = std::move(changes);
    last_batch_ = std::move(batch);
    return true;
}

std::string WatchState::header_and_snapshot() const {
    std::string out(kMagic);
    out += "\n" + to_word(scope_.directory) + " " + to_word(scope_.site) + " " +
           std::to_string(scope_.device) + "\n";
    for (const auto& [path, meta] : snapshot_) {
        append_meta(out, meta);
        out += " " + to_word(path) + "\n";
    }
    return out.append(kEnd) + "\n";
}

Result<void, SyncError> WatchState::rewrite(const std::string& tail) {
    auto content = header_and_snapshot();
    snapshot_bytes_ = content.size();
    appended_bytes_ = tail.size();
    if (auto written = files_.write_atomic(path_, content + tail, 0600); !written) {
        return Failure{SyncError{SyncErrc::file, written.error().text}};
    }
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (descriptor_ < 0) {
        return Failure{file_error("open", path_)};
    }
    return {};
}

Result<void, SyncError> WatchState::append(const std::string& record, Durable durable) {
    std::string_view left = record;
    while (!left.empty()) {
        const auto wrote = write(descriptor_, left.data(), left.size());
        if (wrote < 0 && errno != EINTR) {
            return Failure{file_error("write to", path_)};
        }
        left.remove_prefix(wrote < 0 ? 0 : static_cast<std::size_t>(wrote));
    }
    appended_bytes_ += record.size();
    if (durable == Durable::yes && fdatasync(descriptor_) != 0) {
        return Failure{file_error("fsync", path_)};
    }
    return {};
}

Result<void, SyncError> WatchState::begin(FileSnapshot snapshot) {
    snapshot_ = std::move(snapshot);
    last_batch_.reset();
    return rewrite("");
}

void WatchState::note(FileChange change) {
    const MutexLock lock(mutex_);
    noted_.push_back(std::move(change));
}

Result<void, SyncError> WatchState::before_send(const Batch& batch) {
    if (last_batch_ && last_batch_->key == batch.key) {
        return {};  // it is in the file since the earlier run
    }
    std::deque<FileChange> changes;
    {
        const MutexLock lock(mutex_);
        HUBTRAIL_CHECK(noted_.size() >= batch.events.size(), "each event has its change");
        const auto end = noted_.begin() + static_cast<std::ptrdiff_t>(batch.events.size());
        changes.assign(std::make_move_iterator(noted_.begin()), std::make_move_iterator(end));
        noted_.erase(noted_.begin(), end);
    }
    const auto record = batch_record(batch, changes);
    const bool compact =
        appended_bytes_ > kStateAppendedBytesMax && appended_bytes_ > snapshot_bytes_;
    auto kept = compact ? rewrite(record) : append(record, Durable::yes);
    for (const auto& change : changes) {
        apply_change(snapshot_, change);
    }
    last_batch_ = batch;
    return kept;
}

Result<void, SyncError> WatchState::acknowledged(const Batch& batch) {
    last_batch_.reset();
    // Without this line the batch would be sent again, which the server recognises: no need to
    // sync.
    return append("ack " + batch.key + "\n", Durable::no);
}

}  // namespace hubtrail::sync
