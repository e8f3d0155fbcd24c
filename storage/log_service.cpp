#include "storage/log_service.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>

#include <pthread.h>

#include "base/mutex.h"
#include "storage/append_queue.h"
#include "storage/commit_batches.h"

namespace hubtrail::storage {
namespace {

// An idle writer looks at the clock this often, to forget old keys in time.
constexpr std::chrono::milliseconds kIdleWait{60'000};

/// The bounded queue of the reader threads.
/// Thread: any. Guarded by mutex_.
class ReadQueue {
public:
    using Job = std::function<void(LogReader&)>;

    /// False when full or stopped: the job is dropped.
    bool push(Job job) {
        bool wake = false;
        {
            const MutexLock lock(mutex_);
            if (stopped_ || jobs_.size() >= kReadQueueMax) {
                return false;
            }
            jobs_.push_back(std::move(job));
            wake = sleeping_ > 0;
        }
        if (wake) {
            wake_.notify_one();
        }
        return true;
    }

    void stop() {
        {
            const MutexLock lock(mutex_);
            stopped_ = true;
        }
        wake_.notify_all();
    }

    /// Nothing: stopped and nothing left.
    Job take() {
        const MutexLock lock(mutex_);
        while (jobs_.empty()) {
            if (stopped_) {
                return {};
            }
            ++sleeping_;
            wake_.wait(mutex_);
            --sleeping_;
        }
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        return job;
    }

private:
    Mutex mutex_;
    std::condition_variable_any wake_;
    std::deque<Job> jobs_ HUBTRAIL_GUARDED_BY(mutex_);
    int sleeping_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    bool stopped_ HUBTRAIL_GUARDED_BY(mutex_) = false;
};

/// Thread: any. The queues guard themselves, the two flags are atomic, the rest belongs to one
/// thread.
class ThreadedLogService final : public LogService {
public:
    ThreadedLogService(const Clock& clock, Log& log, std::unique_ptr<LogWriter> writer,
                       std::vector<std::unique_ptr<LogReader>> readers, CommitListener on_commit,
                       HeadListener on_head)
        : clock_(clock),
          log_(log),
          on_commit_(std::move(on_commit)),
          on_head_(std::move(on_head)),
          writer_(std::move(writer)),
          readers_(std::move(readers)),
          writer_thread_([this] { run_writer(); }) {
        pthread_setname_np(writer_thread_.native_handle(), "log-writer");
        reader_threads_.reserve(readers_.size());
        for (const auto& reader : readers_) {
            reader_threads_.emplace_back([this, &reader = *reader] { run_reader(reader); });
            pthread_setname_np(reader_threads_.back().native_handle(), "log-reader");
        }
    }

    ~ThreadedLogService() override {
        appends_.stop();
        writer_thread_.join();
        reads_.stop();
        for (auto& thread : reader_threads_) {
            thread.join();
        }
    }

    ThreadedLogService(const ThreadedLogService&) = delete;
    ThreadedLogService& operator=(const ThreadedLogService&) = delete;

    bool append(AppendRequest request, AppendDone done) override {
        return appends_.push(AppendJob{std::move(request), std::move(done)});
    }

    void read(ReadRequest request, ReadDone done) override {
        push_read<Page>(done, [request = std::move(request)](LogReader& reader) {
            return reader.read(request);
        });
    }

    void head(std::string tenant, HeadDone done) override {
        push_read<LogHead>(
            done, [tenant = std::move(tenant)](LogReader& reader) { return reader.head(tenant); });
    }

    void at(std::string tenant, std::int64_t pos, EventDone done) override {
        push_read<std::optional<protocol::LogEvent>>(
            done, [tenant = std::move(tenant), pos](LogReader& reader) {
                return reader.at(tenant, pos);
            });
    }

    void find(std::string tenant, std::string id, EventFilter visible, EventDone done) override {
        push_read<std::optional<protocol::LogEvent>>(
            done, [tenant = std::move(tenant), id = std::move(id), visible = std::move(visible)](
                      LogReader& reader) { return reader.find(tenant, id, visible); });
    }

    void last_before(std::string tenant, std::int64_t wall_us, PositionDone done) override {
        push_read<std::int64_t>(done, [tenant = std::move(tenant), wall_us](LogReader& reader) {
            return reader.last_before(tenant, wall_us);
        });
    }

    void set_floor(std::string tenant, std::int64_t first_pos,
                   std::function<void(Result<void, StoreError>)> done) override {
        push_head_job({HeadJob::Kind::set_floor, std::move(tenant), first_pos, std::move(done)});
    }

    void reset(std::string tenant, std::function<void(Result<void, StoreError>)> done) override {
        push_head_job({HeadJob::Kind::reset, std::move(tenant), 0, std::move(done)});
    }

    bool healthy() const override { return commits_work_ && !corrupt_; }

private:
    static StoreError queue_full(const char* which) {
        return {StoreErrc::unavailable, std::string("the ") + which + " queue is full or closing"};
    }

    template <typename T, typename Done, typename Work>
    void push_read(Done& done, Work work) {
        ReadQueue::Job job = [this, done, work = std::move(work)](LogReader& reader) {
            Result<T, StoreError> result = work(reader);
            result ? note_read() : note_read_error(result.error());
            done(std::move(result));
        };
        if (!reads_.push(std::move(job))) {
            done(Failure{queue_full("read")});
        }
    }

    void push_head_job(HeadJob job) {
        auto done = job.done;
        if (!appends_.push(std::move(job))) {
            done(Failure{queue_full("append")});
        }
    }

    void run_reader(LogReader& reader) {
        while (ReadQueue::Job job = reads_.take()) {
            job(reader);
        }
    }

    void run_writer() {
        std::int64_t next_forget_ns = clock_.steady_ns();
        for (;;) {
            if (clock_.steady_ns() >= next_forget_ns && !corrupt_) {
                forget_keys();
                next_forget_ns = clock_.steady_ns() + kForgetKeysEveryNs;
            }
            WriteBatch batch;
            if (!appends_.take(batch, kIdleWait)) {
                return;
            }
            if (batch.head_job) {
                change_head(*batch.head_job);
            } else if (!batch.requests.empty()) {
                commit(batch);
            }
        }
    }

    void commit(WriteBatch& batch) {
        auto results = corrupt_ ? Result<std::vector<AppendResult>, StoreError>(known_corrupt())
                                : writer_->append(batch.requests, clock_.wall_us());
        note_write(results);
        if (!results) {
            for (const auto& done : batch.dones) {
                done(Failure{results.error()});
            }
            return;
        }
        if (on_commit_) {
            for (auto& committed : make_committed_batches(batch.requests, *results)) {
                on_commit_(std::move(committed));
            }
        }
        for (std::size_t i = 0; i < batch.dones.size(); ++i) {
            batch.dones[i](std::move((*results)[i]));
        }
    }

    void change_head(HeadJob& job) {
        auto head = corrupt_ ? Result<LogHead, StoreError>(known_corrupt())
                    : job.kind == HeadJob::Kind::reset
                        ? writer_->reset(job.tenant)
                        : writer_->set_floor(job.tenant, job.first_pos);
        note_write(head);
        if (!head) {
            job.done(Failure{head.error()});
            return;
        }
        if (on_head_) {
            on_head_(std::move(job.tenant), *head);
        }
        job.done({});
    }

    void forget_keys() {
        const auto forgotten = writer_->forget_keys(clock_.wall_us() - kIdempotencyKeyLifeUs);
        if (!forgotten) {
            // Old keys stay an hour longer, which does no harm; whether commits work, a commit
            // says.
            log_.warn("log_forget_keys_failed", {{"detail", forgotten.error().detail}});
            note_if_corrupt(forgotten.error());
        }
    }

    static Failure<StoreError> known_corrupt() {
        return Failure{StoreError{StoreErrc::corrupt, "the log was found corrupt before"}};
    }

    template <typename T>
    void note_write(const Result<T, StoreError>& result) {
        if (result) {
            if (!commits_work_.exchange(true)) {
                log_.info("log_writes_again");
            }
            return;
        }
        note_if_corrupt(result.error());
        if (commits_work_.exchange(false)) {
            log_.error("log_write_failed", {{"detail", result.error().detail}});
        }
    }

    void note_read() {
        // Only looked at by reads that work: written once per outage.
        if (!reads_work_.load(std::memory_order_relaxed) && !reads_work_.exchange(true)) {
            log_.info("log_reads_again");
        }
    }

    // An outage is one line, however many readers try how often. What does not pass ends a reader,
    // so it cannot come again and again.
    void note_read_error(const StoreError& error) {
        note_if_corrupt(error);
        const bool told = passes(error.code) && !reads_work_.exchange(false);
        if (error.code != StoreErrc::corrupt && !told) {
            log_.warn("log_read_failed", {{"detail", error.detail}});
        }
    }

    void note_if_corrupt(const StoreError& error) {
        if (error.code == StoreErrc::corrupt && !corrupt_.exchange(true)) {
            log_.error("log_corrupt", {{"detail", error.detail}});
        }
    }

    const Clock& clock_;
    Log& log_;
    const CommitListener on_commit_;
    const HeadListener on_head_;
    std::atomic<bool> commits_work_{true};
    std::atomic<bool> reads_work_{true};
    std::atomic<bool> corrupt_{false};  // stays; only a new start looks again
    AppendQueue appends_;
    ReadQueue reads_;
    std::unique_ptr<LogWriter> writer_;                // the writer thread's
    std::vector<std::unique_ptr<LogReader>> readers_;  // one per reader thread
    std::thread writer_thread_;
    std::vector<std::thread> reader_threads_;
};

}  // namespace

Result<std::unique_ptr<LogService>, StoreError> start_log_service(
    LogStore& store, const Clock& clock, Log& log, const LogServiceOptions& options,
    LogService::CommitListener on_commit, LogService::HeadListener on_head) {
    auto writer = store.open_writer();
    if (!writer) {
        return Failure{writer.error()};
    }
    std::vector<std::unique_ptr<LogReader>> readers;
    for (int i = 0; i < std::max(options.reader_threads, 1); ++i) {
        auto reader = store.open_reader();
        if (!reader) {
            return Failure{reader.error()};
        }
        readers.push_back(std::move(*reader));
    }
    return std::unique_ptr<LogService>(
        std::make_unique<ThreadedLogService>(clock, log, std::move(*writer), std::move(readers),
                                             std::move(on_commit), std::move(on_head)));
}

}  // namespace hubtrail::storage
