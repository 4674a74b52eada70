#include "proxy/net/counters.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace limpet::net {
namespace {

TEST(counter_key, gives_back_what_it_was_made_of) {
  for (const std::uint16_t metric : {0, 1, 0xffff}) {
    for (const std::uint32_t a : {0U, 7U, 0xff'ffffU}) {
      for (const std::uint32_t b : {0U, 9'999U, 0xff'ffffU}) {
        const auto key = counter_shard::key(metric, a, b);
        EXPECT_EQ(counter_shard::metric_of(key), metric);
        EXPECT_EQ(counter_shard::first_of(key), a);
        EXPECT_EQ(counter_shard::second_of(key), b);
      }
    }
  }
}

TEST(counter_shard, counts_each_series_by_itself) {
  counter_shard shard;
  shard.add(1);
  shard.add(1, 2);
  shard.add(1, 0, 2);
  shard.add(1, 2, 0, 10);
  EXPECT_EQ(shard.values.size(), 3U);
  EXPECT_EQ(shard.values[counter_shard::key(1)], 1U);
  EXPECT_EQ(shard.values[counter_shard::key(1, 2)], 11U);
  EXPECT_EQ(shard.values[counter_shard::key(1, 0, 2)], 1U);
}

TEST(counter_shard, merges_what_both_or_only_one_of_them_has) {
  counter_shard a, b;
  a.add(1, 1, 0, 5);
  b.add(1, 1, 0, 7);
  b.add(2);
  a.request_seconds[1].observe(0.003, counter_shard::request_bounds);
  b.request_seconds[1].observe(0.003, counter_shard::request_bounds);
  b.request_seconds[2].observe(20, counter_shard::request_bounds);
  b.tunnel_seconds[3].observe(1e6, counter_shard::tunnel_bounds);
  a.merge(b);
  EXPECT_EQ(a.values[counter_shard::key(1, 1)], 12U);
  EXPECT_EQ(a.values[counter_shard::key(2)], 1U);
  EXPECT_EQ(a.request_seconds[1].buckets[3], 2U);
  EXPECT_DOUBLE_EQ(a.request_seconds[1].sum, 0.006);
  EXPECT_EQ(a.request_seconds[2].buckets.back(), 1U);
  EXPECT_EQ(a.tunnel_seconds[3].buckets.back(), 1U);
  EXPECT_EQ(b.values[counter_shard::key(1, 1)], 7U);
}

TEST(histogram, counts_a_value_under_the_first_bound_that_is_not_less) { // "le" is less or equal
  constexpr std::array<double, 3> bounds{1, 2, 5};
  histogram<3> h;
  for (const double value : {0.0, 1.0, 1.5, 2.0, 5.0, 5.1, 1e9})
    h.observe(value, bounds);
  EXPECT_EQ(h.buckets, (std::array<std::uint64_t, 4>{2, 2, 1, 2}));
  EXPECT_DOUBLE_EQ(h.sum, 14.6 + 1e9);
}

TEST(histogram, has_bounds_that_grow) {
  const auto grows = [](const auto& bounds) {
    return std::is_sorted(bounds.begin(), bounds.end()) && bounds.front() > 0;
  };
  EXPECT_TRUE(grows(counter_shard::request_bounds));
  EXPECT_TRUE(grows(counter_shard::tunnel_bounds));
}

} // namespace
} // namespace limpet::net
