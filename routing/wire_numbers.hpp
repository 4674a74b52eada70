#pragma once

#include <cstdint>

namespace limpet::routing {

/// Big-endian, as tokens and tags have their numbers.
inline void put_number(std::uint8_t*& at, std::uint64_t value) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8)
    *at++ = static_cast<std::uint8_t>(value >> shift);
}

inline std::uint64_t take_number(const std::uint8_t*& at) noexcept {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i)
    value = value << 8 | *at++;
  return value;
}

} // namespace limpet::routing
