#include "routing/ownership/removal_fsm.hpp"

namespace limpet::ownership {

removal_fsm::action removal_fsm::next(boot_time now) const noexcept {
  switch (state_) {
  case state::unseen:
  case state::removing:
    return action::wait;
  case state::grace:
  case state::again:
    return now < until_ ? action::wait : action::remove;
  case state::done:
    return action::done;
  }
  return action::wait;
}

void removal_fsm::on_read(bool has_routers, bool has_alive, boot_time received) noexcept {
  if (!has_routers || has_alive) {
    state_ = state::done; // a grace that has begun is worth nothing once `alive/` was there
    return;
  }
  if (state_ != state::unseen) return;
  state_ = state::grace;
  until_ = received + grace_;
}

void removal_fsm::on_failed(boot_time again) noexcept {
  if (state_ != state::removing) return;
  state_ = state::again;
  until_ = again;
}

} // namespace limpet::ownership
