#pragma once

#include <cstdint>

namespace limpet::routing {

/// The three steps of mix64, apart because the scan over a view's members shares work between them: folding
/// is linear over exclusive or, so fold(key ^ id) == fold(key) ^ fold(id) and is paid once a key and once an
/// id; finishing leaves the bits of mix_settled as they are, so most members are seen to lose before it.
constexpr std::uint64_t mix_fold(std::uint64_t x) noexcept {
  return x ^ (x >> 30);
}

constexpr std::uint64_t mix_multiply(std::uint64_t x) noexcept {
  x *= 0xbf58'476d'1ce4'e5b9;
  x ^= x >> 27;
  return x * 0x94d0'49bb'1331'11eb;
}

constexpr std::uint64_t mix_finish(std::uint64_t x) noexcept {
  return x ^ (x >> 31);
}

/// The 31 bits that finishing does not touch: what is shifted onto them is zero.
inline constexpr std::uint64_t mix_settled = ~std::uint64_t{0} << 33;

/// A bijection of 64 bits in which each input bit turns each output bit in about half of all cases: the
/// finaliser of SplitMix64 (Steele, Lea and Flood 2014; constants of Stafford's variant 13).
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
  return mix_finish(mix_multiply(mix_fold(x)));
}

} // namespace limpet::routing
