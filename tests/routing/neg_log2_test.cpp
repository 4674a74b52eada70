#include "routing/neg_log2.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace limpet::routing {
namespace {

constexpr std::uint64_t one = std::uint64_t{1} << neg_log2_fraction_bits;
constexpr std::uint64_t score_max = std::numeric_limits<std::uint64_t>::max();

/// The same from the C library, whose 64-bit mantissa is finer than the fixed point near the top.
long double exact(std::uint64_t score) {
  const long double below_one = std::ldexp(static_cast<long double>(~score), -64); // 1 - (score + 1) / 2^64
  if (below_one < 0.5L) return -std::log1p(-below_one) / std::log(2.0L);
  return 64 - std::log2(static_cast<long double>(score) + 1);
}

long double in_units(std::uint64_t value) {
  return std::ldexp(static_cast<long double>(value), -57);
}

TEST(neg_log2, is_exact_at_powers_of_two) {
  EXPECT_EQ(neg_log2(score_max), 0u);
  for (unsigned bit = 0; bit < 64; ++bit)
    EXPECT_EQ(neg_log2((std::uint64_t{1} << bit) - 1), (64 - bit) * one) << bit;
}

TEST(neg_log2, agrees_with_the_c_library) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t score = random() >> (random() % 64);
    // Three units in the last place, one of them the library's own.
    EXPECT_NEAR(static_cast<double>(in_units(neg_log2(score)) - exact(score)), 0, std::ldexp(3.0, -57))
        << score;
  }
}

TEST(neg_log2, keeps_its_precision_near_one) {
  // The best of some 10,000 scores is about 2^64 - 2^51.
  std::mt19937_64 random(2);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t score = ~(random() >> 13 | std::uint64_t{1} << 45);
    const long double relative_error = in_units(neg_log2(score)) / exact(score) - 1;
    EXPECT_LT(std::abs(relative_error), std::ldexp(1.0L, -36)) << score;
  }
}

TEST(neg_log2, falls_across_the_segments_of_its_table) {
  for (unsigned exponent = 7; exponent < 64; ++exponent)
    for (std::uint64_t i = 0; i < 128; ++i) {
      const std::uint64_t start = (128 + i)
                                  << (exponent - 7); // the first value of a segment; its score is one less
      for (std::uint64_t score = start - 4; score != start + 3; ++score)
        ASSERT_GE(neg_log2(score - 1), neg_log2(score)) << score;
    }
}

TEST(neg_log2, falls_between_neighbours) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t score = (random() >> (random() % 64)) | 1;
    ASSERT_GE(neg_log2(score - 1), neg_log2(score)) << score;
  }
}

} // namespace
} // namespace limpet::routing
