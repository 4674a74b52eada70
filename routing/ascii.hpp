#pragma once

#include <string_view>

namespace limpet::routing {

/// Letters, digits and white space as protocols mean them: ASCII, whatever the locale.
constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_ascii_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_ascii_alpha(char c) noexcept {
  return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/// Compares without regard to case.
bool ascii_iequal(std::string_view a, std::string_view b) noexcept;

/// Without spaces and tabs at both ends (RFC 9110 section 5.6.3).
std::string_view trim_white_space(std::string_view text) noexcept;

} // namespace limpet::routing
