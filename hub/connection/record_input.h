#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/connection/hub_options.h"
#include "hub/connection/record_output.h"
#include "protocol/hub_protocol.h"

namespace hubtrail::hub {

inline constexpr std::size_t kHeldBytesMax =
    256 * 1024;  ///< stateful: read on behind a held record (docs/limits.md)

/// Whom a RecordInput gives its records. Thread: strand.
class RecordSink {
public:
    virtual ~RecordSink() = default;
    /// False: it has to wait, and everything behind it.
    virtual bool on_record(std::string_view record) = 0;
    /// A record behind ones that wait. True: it was taken all the same.
    virtual bool on_record_behind(std::string_view record) = 0;
    /// What follows the last record is none. Nothing more comes.
    virtual void on_broken(std::string_view detail) = 0;
    /// The client's silence counts from now on: it was heard, or could not make itself heard.
    virtual void on_listened() = 0;
};

/// What a client sends after the handshake: bytes to records, each to the sink, in order. A record
/// that has to wait is kept, with those that came behind it, and reading pauses, so that nobody
/// fills our memory. With stateful reconnect we read on up to kHeldBytesMax, since the client's
/// acknowledgements make room for what the record may be waiting for. Thread: strand.
class RecordInput {
public:
    /// All must outlive it.
    RecordInput(RecordSink& sink, const HubOptions& options, RecordOutput& output)
        : sink_(sink), options_(options), output_(output) {}
    ~RecordInput();

    enum class ReadAhead : bool { no, yes };
    /// The handshake is done.
    void start(ReadAhead read_ahead);
    /// The connection is closed: nothing more comes, what waits is forgotten.
    void stop();
    void feed(std::string_view bytes);
    /// The client came back on a new socket and sends again what was not processed, and the cut
    /// record with it.
    void restart();

    /// Nothing is given to the sink until unhold().
    void hold() { on_hold_ = true; }
    void unhold();

    /// Whoever made a record wait makes room again: goes on with it.
    void pump();
    /// The same in a task of its own, for whoever may be in the midst of a message: messages share
    /// their memory.
    void pump_later();
    /// Pauses reading or goes on with it, by what waits here and in the outbox.
    void update_reading();

    bool waiting() const { return held_ != nullptr && held_->first < held_->records.size(); }
    /// A record has begun and not ended.
    bool amid_record() const { return splitter_ && splitter_->has_partial_record(); }

private:
    /// Records that wait for a slot, an upload, or the peer to take what it is sent.
    struct Held {
        std::vector<std::string> records;
        std::size_t first = 0;  ///< those before it are processed
        std::size_t bytes = 0;
        std::string broken;  ///< what is wrong with the input behind them
    };

    bool offer(std::string_view record) { return !on_hold_ && sink_.on_record(record); }
    void keep(std::string_view record);
    void give_back_room();
    void finish_broken();

    RecordSink& sink_;
    const HubOptions& options_;
    RecordOutput& output_;
    SplitterPool::Splitter splitter_;  ///< ours while we are amid a record
    std::unique_ptr<Held> held_;       ///< null: nothing waits
    /// Once something was posted; null in it when we are gone. Owned with the tasks.
    std::shared_ptr<RecordInput*> self_;
    ReadAhead read_ahead_ = ReadAhead::no;
    bool running_ = false;
    bool on_hold_ = false;
    bool in_records_ = false;
    bool pump_due_ = false;
    bool paused_ = false;
};

}  // namespace hubtrail::hub
