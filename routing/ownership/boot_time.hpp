#pragma once

#include <chrono>

namespace limpet::ownership {

/// The clock of deadlines: time since boot, suspension included (CLOCK_BOOTTIME), since etcd's time goes on
/// while this machine sleeps. Nothing here reads it: callers bring the time along.
struct boot_clock {
  using rep = std::chrono::nanoseconds::rep;
  using period = std::chrono::nanoseconds::period;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<boot_clock>;
  static constexpr bool is_steady = true;
};
using boot_time = boot_clock::time_point;
using duration = boot_clock::duration;

/// Before all times, and after.
inline constexpr boot_time long_ago = boot_time::min();
inline constexpr boot_time never = boot_time::max();

} // namespace limpet::ownership
