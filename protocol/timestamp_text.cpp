#include "protocol/timestamp_text.h"

#include "protocol/calendar.h"

namespace hubtrail::protocol {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kFirstSecond = days_from_date(1, 1, 1) * kSecondsPerDay;
constexpr std::int64_t kEndSecond = days_from_date(10'000, 1, 1) * kSecondsPerDay;
constexpr std::size_t kFractionDigits = 9;

}  // namespace

bool is_sendable(Timestamp time) {
    return time.seconds >= kFirstSecond && time.seconds < kEndSecond &&
           time.nanoseconds < kNanosPerSecond;
}

bool append_timestamp(std::string& out, Timestamp time) {
    if (!is_sendable(time)) {
        return false;
    }
    const auto since_start = time.seconds - kFirstSecond;
    const auto date = date_from_days(since_start / kSecondsPerDay + kFirstSecond / kSecondsPerDay);
    const auto second_of_day = static_cast<std::uint32_t>(since_start % kSecondsPerDay);
    const auto start = out.size();
    out += "0000-00-00T00:00:00";
    char* const text = out.data() + start;
    put_digits(text, date.year, 4);
    put_digits(text + 5, date.month, 2);
    put_digits(text + 8, date.day, 2);
    put_digits(text + 11, second_of_day / 3600U, 2);
    put_digits(text + 14, second_of_day / 60U % 60U, 2);
    put_digits(text + 17, second_of_day % 60U, 2);
    if (time.nanoseconds != 0) {
        out.push_back('.');
        out.append(kFractionDigits, '0');
        put_digits(out.data() + out.size() - kFractionDigits, time.nanoseconds, kFractionDigits);
        out.erase(out.find_last_not_of('0') + 1);
    }
    out.push_back('Z');
    return true;
}

bool parse_timestamp(std::string_view text, Timestamp& time) {
    TimeScanner in{text};
    const auto year = in.digits(4);
    in.expect('-');
    const auto month = in.digits(2);
    in.expect('-');
    const auto day = in.digits(2);
    std::int64_t second_of_day = 0;
    std::int64_t nanoseconds = 0;
    std::int64_t offset_s = 0;
    if (in.good && !in.text.empty()) {
        in.expect('T');
        const auto hour = in.digits(2);
        in.expect(':');
        const auto minute = in.digits(2);
        std::int64_t second = 0;
        if (in.take(':')) {
            second = in.digits(2);
            nanoseconds = in.take('.') ? in.fraction(kNanosPerSecond) : 0;
        }
        in.good = in.good && hour <= 23 && minute <= 59 && second <= 59;
        second_of_day = hour * 3600 + minute * 60 + second;
        offset_s = in.text.empty() || in.take('Z') ? 0 : in.offset_s();
    }
    if (!in.good || !in.text.empty() || year < 1 || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month)) {
        return false;
    }
    const Timestamp read{
        days_from_date(year, month, day) * kSecondsPerDay + second_of_day - offset_s,
        static_cast<std::uint32_t>(nanoseconds)};
    if (!is_sendable(read)) {
        return false;
    }
    time = read;
    return true;
}

}  // namespace hubtrail::protocol
