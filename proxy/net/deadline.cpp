#include "proxy/net/deadline.hpp"

#include <algorithm>

namespace limpet::net {

void deadline::unlink() noexcept {
  due_tick_ = 0;
  if (!next_) return;
  next_->previous_ = previous_;
  previous_->next_ = next_;
  next_ = previous_ = nullptr;
}

void deadline::arm(deadline_wheel& wheel, milliseconds after, expire_function expire,
                   void* context) noexcept {
  if (after <= milliseconds::zero()) return disarm();
  expire_ = expire;
  context_ = context;
  // One tick more, since the current one has begun already: never early.
  due_tick_ = wheel.tick_of(wheel.now_ + after) + 1;
  if (next_ && linked_tick_ <= due_tick_) return;
  if (next_) {
    const auto due = due_tick_;
    unlink();
    due_tick_ = due;
  }
  wheel.link(*this, due_tick_);
}

deadline_wheel::deadline_wheel(clock::time_point now) noexcept : origin_(now), now_(now) {
  for (auto& sentinel : slots_)
    sentinel.next_ = sentinel.previous_ = &sentinel;
}

std::uint64_t deadline_wheel::tick_of(clock::time_point t) const noexcept {
  return static_cast<std::uint64_t>((t - origin_) / tick) + 1;
}

void deadline_wheel::link(deadline& d, std::uint64_t at_tick) noexcept {
  d.linked_tick_ = at_tick;
  empty_until_ = std::min(empty_until_, at_tick);
  auto& sentinel = slots_[at_tick % slot_count];
  d.previous_ = sentinel.previous_;
  d.next_ = &sentinel;
  sentinel.previous_->next_ = &d;
  sentinel.previous_ = &d;
}

void deadline_wheel::advance(clock::time_point now) {
  now_ = now;
  const auto target = tick_of(now);
  while (current_tick_ < target) {
    ++current_tick_;
    // The slot's list is taken off whole: what fires may arm others, also into this very slot.
    auto& slot = slots_[current_tick_ % slot_count];
    deadline batch;
    if (slot.next_ == &slot) continue;
    batch.next_ = slot.next_;
    batch.previous_ = slot.previous_;
    batch.next_->previous_ = &batch;
    batch.previous_->next_ = &batch;
    slot.next_ = slot.previous_ = &slot;
    while (batch.next_ != &batch) {
      auto& d = *batch.next_;
      const auto due = d.due_tick_;
      d.unlink();
      if (due == 0) continue;
      if (due > current_tick_) {
        d.due_tick_ = due;
        link(d, due);
        continue;
      }
      d.expire_(d.context_);
    }
    batch.next_ = batch.previous_ = nullptr;
  }
}

milliseconds deadline_wheel::until_next() noexcept {
  constexpr auto ticks_max = static_cast<std::uint64_t>(longest_sleep / tick);
  empty_until_ = std::max(empty_until_, current_tick_ + 1);
  while (empty_until_ < current_tick_ + ticks_max) {
    const auto& slot = slots_[empty_until_ % slot_count];
    if (slot.next_ != &slot) break;
    ++empty_until_;
  }
  // Up, or the loop would turn for nothing in the millisecond before.
  const auto begins = origin_ + tick * static_cast<std::int64_t>(empty_until_ - 1);
  return std::max(std::chrono::ceil<milliseconds>(begins - now_), milliseconds::zero());
}

} // namespace limpet::net
