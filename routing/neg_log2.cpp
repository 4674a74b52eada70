#include "routing/neg_log2.hpp"

#include <array>
#include <bit>
#include <cstddef>

// score + 1 = 2^exponent * m with 1 <= m < 2. The interval [1, 2) is cut into 128 segments. Where a is the
// beginning of m's segment,
//
//     log2(m) = log2(a) + log2(1 + x)   with x = (m - a) / a < 2^-7.
//
// The first part comes from a table, the second from eight terms of the series
//
//     log2(1 + x) = log2(e) * (x - x^2/2 + x^3/3 - ...),
//
// whose remainder is below 2^-65. Horner's scheme computes, with ck = log2(e) / k,
//
//     g8 = c8,   gk = ck - floor(x * g(k+1) / 2^64),   result = floor(x * g1 / 2^64).
//
// Why this is monotonic: x grows with m. When x grows by 1, each gk falls by 0 or 1. That is so for g8, and
// passes from g(k+1) to gk: g(k+1) is larger than x, so the product grows even where g(k+1) falls by 1, and
// it grows by less than 2^64, so that its floor grows by 0 or 1. For the same reason the result grows. At the
// end of a segment it is at most what the next one begins with; this is checked for all of them below.

namespace limpet::routing {
namespace {

__extension__ typedef unsigned __int128 uint128;

constexpr unsigned segment_bits = 7;
constexpr std::size_t segment_count = 1u << segment_bits;
constexpr unsigned offset_bits = 63 - segment_bits;
constexpr std::uint64_t log2_e = 0xb8aa'3b29'5c17'f0bc; ///< in units of 2^-63
constexpr unsigned term_count = 8;

constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(static_cast<uint128>(a) * b >> 64);
}

/// log2 of `m`, both in units of 2^-63, for 1 <= m < 2: squaring m doubles its logarithm, and each time that
/// it passes 2 the next binary digit is a one. Exact to about three units; for the table only.
constexpr std::uint64_t log2_by_squaring(std::uint64_t m) {
  std::uint64_t digits = 0;
  for (int i = 0; i < 63; ++i) {
    const uint128 square = static_cast<uint128>(m) * m;
    const bool carry = (square >> 127) != 0;
    digits = digits << 1 | static_cast<std::uint64_t>(carry);
    m = static_cast<std::uint64_t>(square >> (carry ? 64 : 63));
  }
  return digits;
}

struct segment {
  std::uint64_t start_log2; ///< log2(1 + i/128) in units of 2^-63
  std::uint64_t reciprocal; ///< 1 / (1 + i/128) in units of 2^-63
};

constexpr auto segments = [] {
  std::array<segment, segment_count + 1> table{};
  for (std::size_t i = 0; i < segment_count; ++i) {
    table[i].start_log2 = log2_by_squaring((segment_count + i) << offset_bits);
    table[i].reciprocal =
        static_cast<std::uint64_t>((static_cast<uint128>(1) << (63 + segment_bits)) / (segment_count + i));
  }
  table[segment_count] = {std::uint64_t{1} << 63, std::uint64_t{1} << 62};
  return table;
}();

/// log2(1 + x) in units of 2^-63, for x below 2^57 in units of 2^-64.
constexpr std::uint64_t log2_of_one_plus(std::uint64_t x) {
  std::uint64_t sum = log2_e / term_count;
  for (unsigned n = term_count - 1; n > 0; --n)
    sum = log2_e / n - multiply_high(x, sum);
  return multiply_high(x, sum);
}

/// log2(m), both in units of 2^-63.
constexpr std::uint64_t log2_of_mantissa(std::uint64_t m) {
  const segment& at = segments[(m >> offset_bits) - segment_count];
  const std::uint64_t offset = m & ((std::uint64_t{1} << offset_bits) - 1);
  const auto x = static_cast<std::uint64_t>(static_cast<uint128>(offset) * at.reciprocal >> 62);
  return at.start_log2 + log2_of_one_plus(x);
}

constexpr bool each_segment_ends_below_the_next() {
  for (std::size_t i = 0; i < segment_count; ++i) {
    const std::uint64_t last = ((segment_count + i + 1) << offset_bits) - 1;
    if (log2_of_mantissa(last) > segments[i + 1].start_log2) return false;
  }
  return true;
}
static_assert(each_segment_ends_below_the_next());

} // namespace

std::uint64_t neg_log2(std::uint64_t score) noexcept {
  const std::uint64_t value = score + 1;
  if (value == 0) return 0;
  const auto leading_zeros = static_cast<unsigned>(std::countl_zero(value));
  const std::uint64_t fraction = log2_of_mantissa(value << leading_zeros) >> (63 - neg_log2_fraction_bits);
  return ((std::uint64_t{leading_zeros} + 1) << neg_log2_fraction_bits) - fraction;
}

} // namespace limpet::routing
