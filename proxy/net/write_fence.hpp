#pragma once

#include "routing/ownership/boot_time.hpp"

#include <atomic>
#include <cstdint>

namespace limpet::net {

/// CLOCK_BOOTTIME: goes on while the machine is suspended.
ownership::boot_time boot_now() noexcept;

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
  bool is_open(ownership::boot_time now) const noexcept { return now < until(); }

private:
  std::atomic<std::int64_t> until_ns_{ownership::long_ago.time_since_epoch().count()};
};

} // namespace limpet::net
