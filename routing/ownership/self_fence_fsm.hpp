#pragma once

#include "routing/ownership/boot_time.hpp"
#include "routing/ownership/limits.hpp"

#include <cstdint>

namespace limpet::ownership {

/// One incarnation of this proxy in one pool's barrier set, from its registration to its end, and how long it
/// may write to members (rules 1 and 2).
class self_fence_fsm {
public:
  explicit self_fence_fsm(const barrier_limits& limits) noexcept : limits_(limits) {}

  enum class state : std::uint8_t {
    outside,     ///< nothing was written
    registering, ///< the transaction is under way
    registered,  ///< both keys were created
    ended,       ///< for good: the next registration is another incarnation's
  };
  enum class action : std::uint8_t { wait, register_once, read_self };
  action next(boot_time now) const noexcept;
  boot_time wake_at() const noexcept;

  /// The action was begun at `sent`, the time before its request left.
  void on_sent(action what, boot_time sent) noexcept;
  /// Both keys were created, by the transaction under way.
  void on_registered() noexcept;
  /// It was not made, or nobody knows: whatever there is of it is left to rule 3, and this incarnation ends.
  void on_register_failed() noexcept { state_ = state::ended; }
  /// The reply to the read under way. One that is late sets a deadline that is past.
  void on_self_read(bool has_routers, bool has_alive) noexcept;
  void on_self_read_failed() noexcept { reads_ = false; }
  /// Its keys are gone for another reason: it has left (rule 4), or a write found `routers/` absent.
  void end() noexcept;

  state now() const noexcept { return state_; }
  /// Each byte to a member is written before this; long_ago where none may be.
  boot_time deadline() const noexcept { return deadline_; }

private:
  const barrier_limits limits_;
  state state_ = state::outside;
  bool reads_ = false;
  boot_time sent_ = long_ago; ///< of the last registration or read
  boot_time deadline_ = long_ago;
};

} // namespace limpet::ownership
