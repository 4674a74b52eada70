#include "routing/ownership/limits.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace limpet::ownership {
namespace {

using namespace std::chrono_literals;

TEST(BarrierLimits, are_those_of_the_design) {
  const barrier_limits limits;
  EXPECT_EQ(limits.read_every(), 1s);
  EXPECT_EQ(limits.counts_after_write(), 3003ms + 250ms);
  // 3 s * 1.001 / 0.999, rounded up, and 250 ms, and 3 s * 1.001
  EXPECT_EQ(limits.grace(), 3'006'006'007ns + 250ms + 3003ms);
}

/// A deadline that was taken just before `alive/` went, by the slowest clock, and the work of a byte that was
/// written at it end before a grace that is taken by the fastest clock. Real times are in units of 1/10^6.
TEST(BarrierLimits, a_grace_outlasts_every_deadline_and_what_it_allowed) {
  for (const unsigned drift : {0u, 10u, 1000u, 50'000u}) {
    barrier_limits limits;
    limits.drift_ppm = drift;
    limits.margin = 0ms;
    const auto rate_min = 1 - drift / 1e6;
    const auto rate_max = 1 + drift / 1e6;
    const auto deadline_s = std::chrono::duration<double>(limits.window).count() / rate_min;
    const auto work_s = std::chrono::duration<double>(limits.work_max).count();
    const auto grace_s = std::chrono::duration<double>(limits.grace()).count() / rate_max;
    EXPECT_GE(grace_s, deadline_s + work_s - 1e-9) << drift;
    const auto counted_s = std::chrono::duration<double>(limits.counts_after_write()).count() / rate_max;
    EXPECT_GE(counted_s, work_s - 1e-9) << drift;
  }
}

} // namespace
} // namespace limpet::ownership
