#pragma once

#include <cstddef>
#include <string_view>

namespace limpet::routing {

/// Looks at every byte, whether or not an earlier one differs: how long it takes says nothing of where a
/// guess at a secret goes wrong. The lengths are no secret.
inline bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

} // namespace limpet::routing
