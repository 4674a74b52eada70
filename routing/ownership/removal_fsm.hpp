#pragma once

#include "routing/ownership/boot_time.hpp"

#include <cstdint>

namespace limpet::ownership {

/// Takes one dead incarnation of a proxy out of the barrier set (rule 3): from the read that showed
/// `routers/` without `alive/` until nobody can be writing for it, and then one transaction, guarded by
/// `alive/` still being absent. Every proxy runs these.
class removal_fsm {
public:
  /// `grace` is barrier_limits::grace().
  explicit removal_fsm(duration grace) noexcept : grace_(grace) {}

  enum class action : std::uint8_t {
    wait,   ///< until wake_at(), or the next read
    remove, ///< delete its keys, guarded; then removed() or failed()
    done,   ///< it is not in the barrier set, or has not died: this machine is not needed any more
  };
  action next(boot_time now) const noexcept;
  boot_time wake_at() const noexcept {
    return state_ == state::grace || state_ == state::again ? until_ : never;
  }

  /// A linearizable read of both keys; `received` is when its reply was here, not when it was sent: what was
  /// true at the store's moment was so before the reply came, and a grace may begin late.
  void on_read(bool has_routers, bool has_alive, boot_time received) noexcept;
  /// remove was begun.
  void on_removing() noexcept { state_ = state::removing; }
  /// The transaction was made, or its guard did not hold: `alive/` is there, or `routers/` is not.
  void on_removed() noexcept { state_ = state::done; }
  /// It may or may not have happened: it is tried again at `again`, for it does no harm twice.
  void on_failed(boot_time again) noexcept;

private:
  enum class state : std::uint8_t { unseen, grace, removing, again, done };
  const duration grace_;
  state state_ = state::unseen;
  boot_time until_ = never;
};

} // namespace limpet::ownership
