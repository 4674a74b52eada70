#include "routing/percent.hpp"

#include "routing/ascii.hpp"

namespace limpet::routing {
namespace {

constexpr int hex_value(char c) noexcept {
  if (is_ascii_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Hands each decoded byte to `take` until that returns false. False at a malformed encoding, and where
/// `take` stopped.
template <class Take>
bool decode_each(std::string_view text, Take take) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const std::optional<char> decoded = decode_percent_at(text, i);
      if (!decoded) return false;
      c = *decoded;
      i += 2;
    }
    if (!take(c)) return false;
  }
  return true;
}

} // namespace

std::optional<char> decode_percent_at(std::string_view text, std::size_t at) noexcept {
  if (text.size() < at + 3 || text[at] != '%') return {};
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  if (high < 0 || low < 0) return {};
  return static_cast<char>(high << 4 | low);
}

bool percent_decode(std::string_view text, std::string& out) {
  out.clear();
  return decode_each(text, [&out](char c) {
    out.push_back(c);
    return true;
  });
}

bool percent_decodes_to(std::string_view text, std::string_view plain) noexcept {
  std::size_t matched = 0;
  const bool all = decode_each(text, [&](char c) {
    if (matched == plain.size() || plain[matched] != c) return false;
    ++matched;
    return true;
  });
  return all && matched == plain.size();
}

std::string percent_encode(std::string_view text, std::string_view plain) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved = "-._~";
  const auto is_left = [&](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || unreserved.find(c) != std::string_view::npos ||
           plain.find(c) != std::string_view::npos;
  };
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_left(c))
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

} // namespace limpet::routing
