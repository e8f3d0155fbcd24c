#include "hub/connection/record_input.h"

#include <iterator>
#include <utility>

namespace hubtrail::hub {
namespace {

std::size_t held_cost(std::string_view record) {
    return record.size() + sizeof(std::string);
}

}  // namespace

RecordInput::~RecordInput() {
    if (self_) {
        *self_ = nullptr;
    }
}

void RecordInput::start(ReadAhead read_ahead) {
    read_ahead_ = read_ahead;
    running_ = true;
}

void RecordInput::stop() {
    running_ = false;
    held_.reset();
}

void RecordInput::feed(std::string_view bytes) {
    if (!running_ || (held_ && !held_->broken.empty())) {
        return;
    }
    auto& splitters = output_.scratch().splitters;
    if (!splitter_) {
        splitter_ = splitters.take(output_.protocol(), options_.receive_bytes_max);
    }
    in_records_ = true;
    bool heard = false;
    std::string broken;
    splitter_->feed(bytes);
    while (running_) {
        const auto record = splitter_->next();
        if (!record) {
            broken = to_text(record.error());
            break;
        }
        if (!record->has_value()) {
            break;
        }
        const bool behind = waiting();
        const bool taken = behind ? sink_.on_record_behind(**record) : offer(**record);
        heard = heard || (taken && !behind);
        if (!taken) {
            keep(**record);
        }
    }
    in_records_ = false;
    if (heard) {
        sink_.on_listened();
    }
    if (!broken.empty() && waiting()) {
        held_->broken = std::move(broken);
    } else if (!broken.empty()) {
        sink_.on_broken(broken);
    } else if (!splitter_->has_partial_record()) {
        splitters.give_back(std::move(splitter_), output_.protocol(), options_.receive_bytes_max);
    }
    update_reading();
}

void RecordInput::keep(std::string_view record) {
    if (!running_) {
        return;
    }
    if (!held_) {
        held_ = std::make_unique<Held>();
    }
    held_->records.emplace_back(record);
    held_->bytes += held_cost(record);
}

void RecordInput::restart() {
    splitter_.reset();
    held_.reset();
}

void RecordInput::unhold() {
    on_hold_ = false;
    pump_later();
}

void RecordInput::pump() {
    if (in_records_ || !running_) {
        return;
    }
    in_records_ = true;
    while (waiting()) {
        auto record = std::move(held_->records[held_->first]);
        const bool taken = offer(record);
        if (!running_) {
            break;  // and nothing is held any more
        }
        if (!taken) {
            held_->records[held_->first] = std::move(record);
            break;
        }
        ++held_->first;
        held_->bytes -= held_cost(record);
    }
    in_records_ = false;
    give_back_room();
    sink_.on_listened();
    finish_broken();
    update_reading();
}

// The room of what was processed, in steps that grow with it.
void RecordInput::give_back_room() {
    if (!held_) {
        return;
    }
    auto& records = held_->records;
    if (held_->first * 2 >= records.size()) {
        std::vector<std::string>(
            std::make_move_iterator(records.begin() + static_cast<std::ptrdiff_t>(held_->first)),
            std::make_move_iterator(records.end()))
            .swap(records);
        held_->first = 0;
    }
}

void RecordInput::finish_broken() {
    if (!held_ || waiting()) {
        return;
    }
    const auto broken = std::move(held_->broken);
    held_.reset();
    if (!broken.empty()) {
        sink_.on_broken(broken);
    }
}

void RecordInput::pump_later() {
    if (in_records_ || pump_due_ || !running_ || !waiting()) {
        return;
    }
    pump_due_ = true;
    if (!self_) {
        self_ = std::make_shared<RecordInput*>(this);
    }
    output_.loop().post([self = self_] {
        if (*self != nullptr) {
            (*self)->pump_due_ = false;
            (*self)->pump();
        }
    });
}

void RecordInput::update_reading() {
    auto* const connection = output_.connection();
    if (connection == nullptr) {
        return;  // a method cut it off
    }
    const auto held_bytes = held_ ? held_->bytes : 0;
    const bool pause =
        running_ && (read_ahead_ == ReadAhead::yes ? held_bytes > kHeldBytesMax
                                                   : waiting() || connection->outbox().congested());
    if (pause == paused_) {
        return;
    }
    paused_ = pause;
    if (pause) {
        connection->pause_reading();
    } else {
        sink_.on_listened();
        connection->resume_reading();
    }
}

}  // namespace hubtrail::hub
