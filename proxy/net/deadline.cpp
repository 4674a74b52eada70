#include "proxy/net/deadline.hpp"

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
  due_tick_ = wheel.tick_of(clock::now() + after) + 1;
  if (next_ && linked_tick_ <= due_tick_) return;
  if (next_) {
    const auto due = due_tick_;
    unlink();
    due_tick_ = due;
  }
  wheel.link(*this, due_tick_);
}

deadline_wheel::deadline_wheel(io_context& io) : origin_(clock::now()), timer_(io) {
  for (auto& sentinel : slots_)
    sentinel.next_ = sentinel.previous_ = &sentinel;
  wait();
}

void deadline_wheel::stop() {
  stopped_ = true;
  timer_.cancel();
}

std::uint64_t deadline_wheel::tick_of(clock::time_point t) const noexcept {
  return static_cast<std::uint64_t>((t - origin_) / tick) + 1;
}

void deadline_wheel::link(deadline& d, std::uint64_t at_tick) noexcept {
  d.linked_tick_ = at_tick;
  auto& sentinel = slots_[at_tick % slot_count];
  d.previous_ = sentinel.previous_;
  d.next_ = &sentinel;
  sentinel.previous_->next_ = &d;
  sentinel.previous_ = &d;
}

void deadline_wheel::advance(clock::time_point now) {
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

void deadline_wheel::wait() {
  timer_.expires_after(tick);
  timer_.async_wait([this](error_code ec) {
    if (ec || stopped_) return;
    advance(clock::now());
    if (!stopped_) wait(); // a deadline that fired may have stopped us
  });
}

} // namespace limpet::net
