#pragma once

#include "routing/ownership/boot_time.hpp"

namespace limpet::ownership {

/// What a pool's `barrier` says of time. All proxies of a pool must have the same.
struct barrier_limits {
  duration window = std::chrono::seconds(3);   ///< W: how long a read of one's own keys is good for
  duration work_max = std::chrono::seconds(3); ///< D: what a byte sets off at a member ends within this
  duration margin =
      std::chrono::milliseconds(250); ///< for a thread that waits between a check and what it allows
  unsigned drift_ppm = 1000;          ///< ρ: by how much a second of two clocks may differ, in 1/10^6
  duration lease_ttl = std::chrono::seconds(5); ///< of `alive/`

  /// W/3, so that two reads may be lost.
  duration read_every() const noexcept { return window / 3; }
  /// How long what was given up counts after the last byte written, by the clock of who wrote it.
  duration counts_after_write() const noexcept { return stretched(work_max) + margin; }
  /// W·(1+ρ)/(1−ρ) + margin + D·(1+ρ): how long after `alive/` was seen to be gone its incarnation may still
  /// write, or have something executing, by the clock of who saw it. W passes at that one's slowest rate,
  /// (1−ρ), while this clock runs at its fastest, (1+ρ).
  duration grace() const noexcept {
    return scaled(stretched(window), million, million - drift_ppm) + margin + stretched(work_max);
  }

private:
  static constexpr std::uint64_t million = 1'000'000;
  static duration scaled(duration of, std::uint64_t by, std::uint64_t over) noexcept {
    // Rounded up; 128 bits are not needed below 2^63 / 10^6 ns, some 2.5 hours.
    const auto ns = static_cast<std::uint64_t>(of.count());
    return duration(static_cast<duration::rep>((ns * by + over - 1) / over));
  }
  duration stretched(duration of) const noexcept { return scaled(of, million + drift_ppm, million); }
};

} // namespace limpet::ownership
