#include "hub/log/log_channel.h"

#include "follow/follower.h"
#include "storage/position.h"
#include "transport/connection.h"

namespace hubtrail::hub {

void LogChannel::on_event(const follow::LiveEvent& event) {
    auto& encoder = output_.encoder;
    encoder.turn_to(event.event, tenant_hash_, event.epoch, event.serial);
    if (shape_.kind == LogShape::Kind::message) {
        append_framed(stream_, shape_.framing, encoder.message(shape_));
        return;
    }
    encoder.append_item(items_, *shape_.protocol);
    ++items_count_;
    // A frame must not outgrow what a client takes in one piece.
    if (items_.size() > follow::kCatchUpBytesMax) {
        send_batch(storage::event_cursor(event.epoch, event.event));
    }
}

void LogChannel::on_head(const protocol::Cursor& head) {
    if (shape_.kind == LogShape::Kind::batch && told_pos_ < head.pos) {
        send_batch(head);
    }
}

void LogChannel::on_beat(const protocol::Cursor& head) {
    if (shape_.kind == LogShape::Kind::batch) {
        output_.records.clear();
        output_.encoder.append_heartbeat(output_.records, shape_, tenant_hash_, head);
        append_framed(stream_, shape_.framing, output_.records);
        output_.records.clear();
    }
}

void LogChannel::send_batch(const protocol::Cursor& to) {
    output_.records.clear();
    output_.encoder.append_batch(output_.records, shape_, tenant_hash_, told_pos_ + 1, to, items_,
                                 items_count_);
    append_framed(stream_, shape_.framing, output_.records);
    output_.records.clear();
    items_.clear();
    items_count_ = 0;
    told_pos_ = to.pos;
}

}  // namespace hubtrail::hub
