#pragma once

#include "routing/ownership/boot_time.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace limpet::net {

/// CLOCK_BOOTTIME: goes on while the machine is suspended.
inline ownership::boot_time boot_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return ownership::boot_time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

/// Until when the members of a pool may be written to (`handoff: barrier`). Set by the control thread, read
/// by workers before each write to a member: one relaxed load and one look at the clock.
class write_fence {
public:
  void set(ownership::boot_time until) noexcept {
    until_ns_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  }
  ownership::boot_time until() const noexcept {
    return ownership::boot_time(ownership::duration(until_ns_.load(std::memory_order_relaxed)));
  }
  /// Without a look at the clock: nobody has opened it, or it was shut, before its time or after.
  bool is_shut() const noexcept { return until() == ownership::long_ago; }
  bool is_open(ownership::boot_time now) const noexcept { return now < until(); }

private:
  std::atomic<std::int64_t> until_ns_{ownership::long_ago.time_since_epoch().count()};
};

} // namespace limpet::net
