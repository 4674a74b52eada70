#include "routing/ownership/self_fence_fsm.hpp"

#include <algorithm>

namespace limpet::ownership {

self_fence_fsm::action self_fence_fsm::next(boot_time now) const noexcept {
  if (state_ == state::outside) return action::register_once;
  if (state_ == state::registered && !reads_ && now >= sent_ + limits_.read_every()) return action::read_self;
  return action::wait;
}

boot_time self_fence_fsm::wake_at() const noexcept {
  return state_ == state::registered && !reads_ ? sent_ + limits_.read_every() : never;
}

void self_fence_fsm::on_sent(action what, boot_time sent) noexcept {
  sent_ = sent;
  if (what == action::register_once)
    state_ = state::registering;
  else
    reads_ = true;
}

void self_fence_fsm::on_registered() noexcept {
  if (state_ != state::registering) return;
  state_ = state::registered;
  deadline_ = sent_ + limits_.window;
}

void self_fence_fsm::on_self_read(bool has_routers, bool has_alive) noexcept {
  if (!reads_) return;
  reads_ = false;
  if (state_ != state::registered) return;
  // Both were created in one transaction, and no other creates them: what is absent stays so.
  if (!has_routers || !has_alive) return end();
  deadline_ = std::max(deadline_, sent_ + limits_.window);
}

void self_fence_fsm::end() noexcept {
  state_ = state::ended;
  deadline_ = long_ago;
}

} // namespace limpet::ownership
