#pragma once

#include "proxy/net/types.hpp"

#include <array>
#include <cstdint>

namespace limpet::net {

class deadline_wheel;

/// A time limit that costs no timer: a link in the worker's wheel. Fires once, up to one tick late, never
/// early, counted from the wheel's now(). Arming it again while armed is the common case and usually only
/// stores a number. Lives on one worker.
class deadline {
public:
  using expire_function = void (*)(void* context);

  deadline() = default;
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;
  ~deadline() { unlink(); }

  /// Calls expire(context) after `after`, unless disarmed or armed again. Zero or less means no limit:
  /// disarms.
  void arm(deadline_wheel& wheel, milliseconds after, expire_function expire, void* context) noexcept;
  void disarm() noexcept { due_tick_ = 0; }
  bool armed() const noexcept { return due_tick_ != 0; }

  /// Takes the deadline out of the wheel; needed before its memory goes (the destructor does it).
  void unlink() noexcept;

private:
  friend class deadline_wheel;
  deadline* next_ = nullptr;
  deadline* previous_ = nullptr;
  expire_function expire_ = nullptr;
  void* context_ = nullptr;
  std::uint64_t due_tick_ = 0;    ///< 0: disarmed
  std::uint64_t linked_tick_ = 0; ///< the slot it hangs in; never later than due_tick_
};

/// One a worker: a hashed timing wheel (Varghese and Lauck 1987) with lazy re-arming: a deadline moved
/// further out stays in its slot, and is hung anew only when that slot comes round. Knows no clock.
class deadline_wheel {
public:
  static constexpr milliseconds tick{20};

  explicit deadline_wheel(clock::time_point now) noexcept;
  deadline_wheel(const deadline_wheel&) = delete;

  /// Time is now `now`: fires what is due.
  void advance(clock::time_point now);
  /// The time of the last advance(): when the loop's turn began, which is what a worker takes for the time
  /// wherever a turn's length does not matter.
  clock::time_point now() const noexcept { return now_; }
  /// How long nothing can be due, longest_sleep at most.
  milliseconds until_next() noexcept;
  static constexpr milliseconds longest_sleep{1'000};

private:
  friend class deadline;
  static constexpr std::uint32_t slot_count = 1024;

  void link(deadline& d, std::uint64_t at_tick) noexcept;
  std::uint64_t tick_of(clock::time_point t) const noexcept;

  // The first link of each slot is a sentinel, so that unlinking needs no wheel.
  std::array<deadline, slot_count> slots_;
  clock::time_point origin_;
  clock::time_point now_;
  std::uint64_t current_tick_ = 1;
  std::uint64_t empty_until_ =
      1; ///< the slots after the current one and before this one are known to be empty
};

} // namespace limpet::net
