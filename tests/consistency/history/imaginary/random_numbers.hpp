#pragma once

#include "routing/mix64.hpp"

#include <cstdint>

namespace limpet::consistency::imaginary {

/// SplitMix64: the same numbers from the same seed, with every compiler.
class random_numbers {
public:
  explicit random_numbers(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept { return routing::mix64(state_ += 0x9e37'79b9'7f4a'7c15); }
  /// From 0 to `end`, which is left out and above 0.
  std::uint64_t below(std::uint64_t end) noexcept { return next() % end; }
  bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }

private:
  std::uint64_t state_;
};

} // namespace limpet::consistency::imaginary
