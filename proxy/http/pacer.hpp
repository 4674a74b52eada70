#pragma once

#include "proxy/net/types.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace limpet::http {

/// Gives out moments at a pace that all workers of the process keep together. One relaxed atomic; knows no
/// clock.
class pacer {
public:
  using time = net::clock::time_point;

  /// The next moment that nobody has yet, `earliest` or later; the one after it comes `interval` later or
  /// more. Whoever takes one may let it go by.
  time take(time earliest, std::chrono::nanoseconds interval) noexcept {
    const auto wanted = std::chrono::nanoseconds(earliest.time_since_epoch()).count();
    auto next = next_ns_.load(std::memory_order_relaxed);
    for (;;) {
      const auto slot = std::max(wanted, next);
      if (next_ns_.compare_exchange_weak(next, slot + interval.count(), std::memory_order_relaxed))
        return time(std::chrono::nanoseconds(slot));
    }
  }

private:
  std::atomic<std::int64_t> next_ns_{std::numeric_limits<std::int64_t>::min()};
};

} // namespace limpet::http
