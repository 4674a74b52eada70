#include "routing/base64url.hpp"

#include <array>

namespace limpet::routing {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xff;

constexpr auto digits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::uint8_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = i;
  return table;
}();

} // namespace

std::string base64url_encode(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(base64url_size(bytes.size()));
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = (pending << 8 | byte) & 0xffff;
    for (pending_bits += 8; pending_bits >= 6; pending_bits -= 6)
      text.push_back(alphabet[pending >> (pending_bits - 6) & 63]);
  }
  if (pending_bits > 0) text.push_back(alphabet[pending << (6 - pending_bits) & 63]);
  return text;
}

bool base64url_decode(std::string_view text, std::span<std::uint8_t> out) noexcept {
  if (text.size() != base64url_size(out.size())) return false;
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  std::size_t written = 0;
  for (const char c : text) {
    const std::uint8_t digit = digits[static_cast<std::uint8_t>(c)];
    if (digit == no_digit) return false;
    pending = (pending << 6 | digit) & 0xffff;
    pending_bits += 6;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      out[written++] = static_cast<std::uint8_t>(pending >> pending_bits);
    }
  }
  return (pending & ((1u << pending_bits) - 1)) == 0;
}

} // namespace limpet::routing
