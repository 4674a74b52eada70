#include "proxy/net/series_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>

namespace limpet::net {
namespace {

using table = series_table<std::uint64_t, std::uint64_t>;

TEST(series_table, is_empty_at_first) {
  const table empty;
  EXPECT_EQ(empty.size(), 0U);
  EXPECT_EQ(empty.begin(), empty.end());
}

TEST(series_table, keeps_series_in_the_order_of_their_first_use) {
  table t;
  t[7] += 1;
  t[0] += 2; // a key like any other
  t[~std::uint64_t{0}] += 3;
  t[7] += 10;
  const std::vector<table::entry> seen(t.begin(), t.end());
  EXPECT_EQ(seen, (std::vector<table::entry>{{7, 11}, {0, 2}, {~std::uint64_t{0}, 3}}));
}

/// Keys as counters have them, far apart and close together, through several growths of the index.
TEST(series_table, counts_as_a_map_does) {
  std::mt19937_64 random(1);
  table t;
  std::map<std::uint64_t, std::uint64_t> expected;
  for (int i = 0; i < 100'000; ++i) {
    const auto key = (random() % 20) << 48 | (random() % 40) << 24 | random() % 5;
    t[key] += 1;
    expected[key] += 1;
  }
  EXPECT_EQ((std::map<std::uint64_t, std::uint64_t>(t.begin(), t.end())), expected);
  const auto copy = t;
  t[1'000] += 5;
  EXPECT_EQ(copy.size(), expected.size());
}

} // namespace
} // namespace limpet::net
