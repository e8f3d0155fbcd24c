#include "hub/redis/redis_backplane.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <deque>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mutex.h"
#include "hub/redis/redis_connection.h"
#include "hub/redis/redis_subscriptions.h"

namespace hubtrail::hub {
namespace {

constexpr std::string_view kNotConnected = "not connected to Redis";
constexpr std::string_view kLost = "the connection to Redis was lost";
constexpr std::string_view kQueueFull = "too much waits to be published to Redis";
constexpr std::size_t kChannelsPerCommand = 512;
// What lies formatted in a connection's buffer; the rest waits in our queue.
constexpr std::size_t kFormattedBytes = 1024 * 1024;
// What a queued publish takes beside its texts.
constexpr std::size_t kPublishOverheadBytes = 128;

/// Thread: any. mutex_ guards what callers and the thread share; what is marked so belongs to the
/// thread.
class RedisBackplane final : public Backplane {
public:
    RedisBackplane(RedisOptions options, const Clock& clock, Log& log)
        : options_(std::move(options)),
          clock_(clock),
          log_(log),
          wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        HUBTRAIL_CHECK(wake_ >= 0, "eventfd");
    }
    ~RedisBackplane() override {
        stop();
        ::close(wake_);
    }

    void start(OnMessage on_message, OnLost on_lost) override;
    void stop() override;
    void publish(std::string channel, std::string payload, Published done) override;
    void subscribe(std::string channel, Subscribed done) override;
    void unsubscribe(std::string channel) override;
    bool connected() const override { return connected_.load(std::memory_order_acquire); }

private:
    struct Publish {
        std::string channel;
        std::string payload;
        Published done;
        std::size_t bytes() const {
            return kPublishOverheadBytes + channel.size() + payload.size();
        }
    };
    struct Sent {
        std::size_t bytes;
        Published done;  ///< empty: a ping
    };
    enum class Phase : std::uint8_t { login, subscribing, connected };

    void wake() const;
    bool stopping() const { return stopping_.load(std::memory_order_acquire); }

    // On the thread.
    void run();
    bool connect();
    void serve();
    bool step();
    int wait_ms() const;
    bool keep_alive();
    bool on_time();
    void send_login(RedisConnection& connection);
    void on_publisher_reply(const RedisReply& reply);
    void on_subscriber_reply(const RedisReply& reply);
    void on_confirmed(std::string_view channel);
    bool take_login_reply(const RedisReply& reply, int& left);
    void begin_subscribing();
    void end_subscribing();
    void send_subscriptions(std::string_view verb, const std::vector<std::string>& channels);
    void send_changes();
    void send_publishes();
    void give_up(const std::string& reason);
    void rest();

    const RedisOptions options_;
    const Clock& clock_;
    Log& log_;
    const int wake_;
    OnMessage on_message_;
    OnLost on_lost_;
    std::thread thread_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> connected_{false};  ///< written under mutex_

    Mutex mutex_;
    RedisSubscriptions subscriptions_ HUBTRAIL_GUARDED_BY(mutex_);
    std::deque<Publish> queue_ HUBTRAIL_GUARDED_BY(mutex_);
    std::size_t queue_bytes_ HUBTRAIL_GUARDED_BY(mutex_) =
        0;  ///< with what is sent and not answered

    // The thread's own.
    RedisConnection publisher_;
    RedisConnection subscriber_;
    std::deque<Sent> sent_;
    Phase phase_ = Phase::login;
    int publisher_login_ = 0;  ///< answers to come
    int subscriber_login_ = 0;
    std::string failure_;
    std::int64_t began_ns_ = 0;
    std::int64_t pinged_ns_ = 0;
    std::int64_t publisher_heard_ns_ = 0;
    std::int64_t subscriber_heard_ns_ = 0;
    std::int64_t backoff_ns_ = kRedisBackoffFirstNs;
    bool failing_ = false;  ///< said in the log
};

void RedisBackplane::start(OnMessage on_message, OnLost on_lost) {
    HUBTRAIL_CHECK(!thread_.joinable(), "start() once");
    on_message_ = std::move(on_message);
    on_lost_ = std::move(on_lost);
    thread_ = std::thread([this] { run(); });
}

void RedisBackplane::stop() {
    stopping_.store(true, std::memory_order_release);
    wake();
    if (thread_.joinable()) {
        thread_.join();
    }
    const MutexLock lock(mutex_);
    connected_.store(false, std::memory_order_release);
}

void RedisBackplane::wake() const {
    const std::uint64_t one = 1;
    // It fails only when it is about to wake anyway.
    static_cast<void>(!::write(wake_, &one, sizeof one));
}

void RedisBackplane::publish(std::string channel, std::string payload, Published done) {
    std::string_view refused;
    bool first = false;
    Publish entry{options_.channel_prefix + channel, std::move(payload), {}};
    const auto bytes = entry.bytes();
    {
        const MutexLock lock(mutex_);
        if (!connected_) {
            refused = kNotConnected;
        } else if (queue_bytes_ + bytes > kRedisQueueBytesMax) {
            refused = kQueueFull;
        } else {
            queue_bytes_ += bytes;
            first = queue_.empty();
            queue_.push_back(std::move(entry));
            queue_.back().done.swap(done);
        }
    }
    if (!refused.empty()) {
        done(0, refused);
    } else if (first) {
        wake();
    }
}

void RedisBackplane::subscribe(std::string channel, Subscribed done) {
    bool in_force = false;
    bool waits = false;
    {
        const MutexLock lock(mutex_);
        in_force = subscriptions_.add(options_.channel_prefix + channel, done);
        waits = subscriptions_.live();
    }
    if (done && (in_force || !waits)) {
        done(in_force ? std::string_view() : kNotConnected);
    }
    wake();
}

void RedisBackplane::unsubscribe(std::string channel) {
    {
        const MutexLock lock(mutex_);
        subscriptions_.remove(options_.channel_prefix + channel);
    }
    wake();
}

void RedisBackplane::run() {
    // hiredis writes without MSG_NOSIGNAL; a broken connection is found by its error.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (!stopping()) {
        if (connect()) {
            serve();
        }
        if (!stopping()) {
            give_up(failure_);
            rest();
        }
    }
    publisher_.close();
    subscriber_.close();
}

bool RedisBackplane::connect() {
    failure_.clear();
    phase_ = Phase::login;
    began_ns_ = pinged_ns_ = publisher_heard_ns_ = subscriber_heard_ns_ = clock_.steady_ns();
    for (auto* connection : {&publisher_, &subscriber_}) {
        if (!connection->open(options_.address)) {
            failure_ = connection->error();
            return false;
        }
    }
    publisher_login_ = subscriber_login_ = 0;
    send_login(publisher_);
    send_login(subscriber_);
    return true;
}

void RedisBackplane::send_login(RedisConnection& connection) {
    auto& answers = &connection == &publisher_ ? publisher_login_ : subscriber_login_;
    const auto& address = options_.address;
    if (!address.password.empty()) {
        if (address.user.empty()) {
            connection.command({"AUTH", address.password});
        } else {
            connection.command({"AUTH", address.user, address.password});
        }
        ++answers;
    }
    if (address.database != 0) {
        connection.command({"SELECT", std::to_string(address.database)});
        ++answers;
    }
    connection.command({"PING"});
    ++answers;
}

void RedisBackplane::serve() {
    while (!stopping() && failure_.empty() && step()) {
    }
    if (failure_.empty()) {
        failure_ = !publisher_.error().empty() ? publisher_.error() : subscriber_.error();
    }
}

// One round of the thread. False: a connection broke.
bool RedisBackplane::step() {
    const auto events = [](const RedisConnection& connection) {
        return static_cast<short>(POLLIN | (connection.wants_write() ? POLLOUT : 0));
    };
    std::array<pollfd, 3> waiting = {pollfd{wake_, POLLIN, 0},
                                     pollfd{publisher_.descriptor(), events(publisher_), 0},
                                     pollfd{subscriber_.descriptor(), events(subscriber_), 0}};
    ::poll(waiting.data(), waiting.size(), wait_ms());
    if (waiting[0].revents != 0) {
        std::uint64_t wakes = 0;
        static_cast<void>(!::read(wake_, &wakes, sizeof wakes));
    }
    const auto now_ns = clock_.steady_ns();
    if ((waiting[1].revents & POLLIN) != 0) {
        publisher_heard_ns_ = now_ns;
    }
    if ((waiting[2].revents & POLLIN) != 0) {
        subscriber_heard_ns_ = now_ns;
    }
    const auto on_publisher = [this](const RedisReply& reply) { on_publisher_reply(reply); };
    const auto on_subscriber = [this](const RedisReply& reply) { on_subscriber_reply(reply); };
    if (!publisher_.work(waiting[1].revents, on_publisher) ||
        !subscriber_.work(waiting[2].revents, on_subscriber)) {
        return false;
    }
    if (phase_ != Phase::login) {
        send_changes();
    }
    if (phase_ == Phase::connected) {
        send_publishes();
    }
    return on_time() && keep_alive() && publisher_.work(0, on_publisher) &&
           subscriber_.work(0, on_subscriber);
}

int RedisBackplane::wait_ms() const {
    const auto due_ns = phase_ == Phase::connected ? pinged_ns_ + kRedisPingIntervalNs
                                                   : began_ns_ + kRedisConnectTimeoutNs;
    const auto left_ms = (due_ns - clock_.steady_ns()) / 1'000'000 + 1;
    return static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, 1000));
}

bool RedisBackplane::on_time() {
    const auto now_ns = clock_.steady_ns();
    if (phase_ != Phase::connected) {
        if (now_ns - began_ns_ > kRedisConnectTimeoutNs) {
            failure_ = "Redis did not answer in time";
        }
    } else if (now_ns - std::min(publisher_heard_ns_, subscriber_heard_ns_) > kRedisSilenceNs) {
        failure_ = "Redis has been silent";
    }
    return failure_.empty();
}

bool RedisBackplane::keep_alive() {
    const auto now_ns = clock_.steady_ns();
    if (phase_ == Phase::connected && now_ns - pinged_ns_ >= kRedisPingIntervalNs) {
        pinged_ns_ = now_ns;
        publisher_.command({"PING"});
        sent_.push_back({0, {}});
        subscriber_.command({"PING"});
    }
    return true;
}

bool RedisBackplane::take_login_reply(const RedisReply& reply, int& left) {
    if (left == 0) {
        return false;
    }
    --left;
    if (reply.kind == RedisReply::Kind::error) {
        failure_.assign(reply.text);
    } else if (publisher_login_ == 0 && subscriber_login_ == 0) {
        begin_subscribing();
    }
    return true;
}

void RedisBackplane::on_publisher_reply(const RedisReply& reply) {
    if (take_login_reply(reply, publisher_login_) || sent_.empty()) {
        return;
    }
    const auto sent = std::move(sent_.front());
    sent_.pop_front();
    {
        const MutexLock lock(mutex_);
        queue_bytes_ -= sent.bytes;
    }
    if (sent.done) {
        const bool failed = reply.kind != RedisReply::Kind::integer;
        sent.done(reply.integer,
                  failed ? (reply.text.empty() ? kLost : reply.text) : std::string_view());
    }
}

void RedisBackplane::on_subscriber_reply(const RedisReply& reply) {
    if (take_login_reply(reply, subscriber_login_)) {
        return;
    }
    if (reply.kind == RedisReply::Kind::error) {
        failure_.assign(reply.text);
        return;
    }
    if (reply.kind != RedisReply::Kind::list || reply.count < 3) {
        return;  // a ping's answer
    }
    auto channel = reply.list[1];
    if (reply.list[0] == "message") {
        channel.remove_prefix(std::min(options_.channel_prefix.size(), channel.size()));
        on_message_(channel, reply.list[2]);
    } else {
        on_confirmed(channel);
    }
}

void RedisBackplane::on_confirmed(std::string_view channel) {
    RedisSubscriptions::Waiters waiters;
    {
        const MutexLock lock(mutex_);
        waiters = subscriptions_.confirm(channel);
    }
    for (const auto& waiter : waiters) {
        waiter({});
    }
    if (phase_ == Phase::subscribing) {
        end_subscribing();
    }
}

// Connected once everything that was wanted at the beginning is in force.
void RedisBackplane::end_subscribing() {
    std::size_t channels = 0;
    {
        const MutexLock lock(mutex_);
        if (subscriptions_.unconfirmed() > 0) {
            return;
        }
        channels = subscriptions_.size();
        connected_.store(true, std::memory_order_release);
    }
    phase_ = Phase::connected;
    backoff_ns_ = kRedisBackoffFirstNs;
    failing_ = false;
    log_.info(
        "redis_connected",
        {{"host", options_.address.host}, {"port", options_.address.port}, {"channels", channels}});
}

void RedisBackplane::begin_subscribing() {
    phase_ = Phase::subscribing;
    std::vector<std::string> channels;
    {
        const MutexLock lock(mutex_);
        channels = subscriptions_.begin();
    }
    send_subscriptions("SUBSCRIBE", channels);
    end_subscribing();
}

void RedisBackplane::send_subscriptions(std::string_view verb,
                                        const std::vector<std::string>& channels) {
    for (std::size_t begin = 0; begin < channels.size(); begin += kChannelsPerCommand) {
        const auto end = std::min(begin + kChannelsPerCommand, channels.size());
        std::vector<std::string_view> words = {verb};
        words.insert(words.end(), channels.begin() + static_cast<std::ptrdiff_t>(begin),
                     channels.begin() + static_cast<std::ptrdiff_t>(end));
        subscriber_.command(words);
    }
}

void RedisBackplane::send_changes() {
    RedisSubscriptions::Commands commands;
    {
        const MutexLock lock(mutex_);
        if (!subscriptions_.changed()) {
            return;
        }
        commands = subscriptions_.take_changes();
    }
    send_subscriptions("SUBSCRIBE", commands.subscribe);
    send_subscriptions("UNSUBSCRIBE", commands.unsubscribe);
    for (const auto& waiter : commands.settled) {
        waiter({});
    }
}

void RedisBackplane::send_publishes() {
    while (publisher_.unsent() < kFormattedBytes) {
        Publish next;
        {
            const MutexLock lock(mutex_);
            if (queue_.empty()) {
                return;
            }
            next = std::move(queue_.front());
            queue_.pop_front();
        }
        const auto bytes = next.bytes();
        publisher_.command({"PUBLISH", next.channel, next.payload});
        sent_.push_back({bytes, std::move(next.done)});
    }
}

// Everybody who waits for Redis is told, and callers are refused until it is back.
void RedisBackplane::give_up(const std::string& reason) {
    publisher_.close();
    subscriber_.close();
    std::deque<Publish> queue;
    RedisSubscriptions::Waiters waiters;
    bool was_connected = false;
    {
        const MutexLock lock(mutex_);
        was_connected = connected_.exchange(false);
        queue.swap(queue_);
        queue_bytes_ = 0;
        waiters = subscriptions_.end();
    }
    if (!std::exchange(failing_, true)) {
        log_.warn(
            was_connected ? "redis_lost" : "redis_unreachable",
            {{"host", options_.address.host}, {"port", options_.address.port}, {"reason", reason}});
    }
    for (const auto& sent : std::exchange(sent_, {})) {
        if (sent.done) {
            sent.done(0, kLost);
        }
    }
    for (const auto& entry : queue) {
        entry.done(0, kLost);
    }
    for (const auto& waiter : waiters) {
        waiter(kLost);
    }
    if (was_connected) {
        on_lost_();
    }
}

void RedisBackplane::rest() {
    const auto until_ns = clock_.steady_ns() + backoff_ns_;
    backoff_ns_ = std::min(backoff_ns_ * 2, kRedisBackoffLastNs);
    for (auto now_ns = clock_.steady_ns(); now_ns < until_ns && !stopping();
         now_ns = clock_.steady_ns()) {
        pollfd waiting{wake_, POLLIN, 0};
        ::poll(&waiting, 1, static_cast<int>((until_ns - now_ns) / 1'000'000 + 1));
        std::uint64_t wakes = 0;
        static_cast<void>(!::read(wake_, &wakes, sizeof wakes));
    }
}

}  // namespace

std::unique_ptr<Backplane> make_redis_backplane(RedisOptions options, const Clock& clock,
                                                Log& log) {
    return std::make_unique<RedisBackplane>(std::move(options), clock, log);
}

}  // namespace hubtrail::hub
