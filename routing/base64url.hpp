#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace limpet::routing {

/// Characters of the base64url text of `size` bytes, without padding.
constexpr std::size_t base64url_size(std::size_t size) noexcept {
  return (size * 4 + 2) / 3;
}

/// RFC 4648 section 5, without padding.
std::string base64url_encode(std::span<const std::uint8_t> bytes);

/// Fills `out` exactly. False where `text` has another length, another alphabet, padding, or unused bits that
/// are set (RFC 4648 section 3.5); `out` is unspecified then.
bool base64url_decode(std::string_view text, std::span<std::uint8_t> out) noexcept;

} // namespace limpet::routing
