#include "proxy/ops/json_text.hpp"

#include <algorithm>
#include <cstdint>

namespace limpet::ops {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD
constexpr std::string_view ellipsis = "\xe2\x80\xa6";    // U+2026

/// What may follow a lead byte: RFC 3629 shuts out overlong forms, surrogates and what lies past U+10FFFF by
/// the second byte.
struct sequence_form {
  std::size_t size;
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xbf;
};

sequence_form form_of(std::uint8_t lead) noexcept {
  if (lead < 0x80) return {1};
  if (lead < 0xc2) return {0};
  if (lead < 0xe0) return {2};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead < 0xf0) return {3};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead < 0xf4) return {4};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0};
}

bool is_plain(char c) noexcept {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    const auto byte = static_cast<std::uint8_t>(c);
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

std::size_t plain_size(std::string_view text, std::size_t at) noexcept {
  const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at);
  return static_cast<std::size_t>(std::find_if_not(begin, text.end(), is_plain) - begin);
}

/// The longest beginning of at most `bytes_max` bytes that splits no character. `text` is longer.
std::string_view cut(std::string_view text, std::size_t bytes_max) noexcept {
  for (std::size_t back = 1; back <= 3 && back <= bytes_max; ++back)
    if (utf8_sequence_size(text, bytes_max - back) > back) return text.substr(0, bytes_max - back);
  return text.substr(0, bytes_max);
}

} // namespace

std::size_t utf8_sequence_size(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const auto form = form_of(byte(0));
  if (form.size <= 1) return form.size;
  if (text.size() - at < form.size || byte(1) < form.second_min || byte(1) > form.second_max) return 0;
  for (std::size_t i = 2; i < form.size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  return form.size;
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto size = utf8_sequence_size(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = utf8_sequence_size(text, at);
    out += size == 0 ? replacement : text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text, std::size_t bytes_max) {
  const bool too_long = text.size() > bytes_max;
  if (too_long) text = cut(text, bytes_max);
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    if (const auto plain = plain_size(text, at); plain > 0) {
      out += text.substr(at, plain);
      at += plain;
      continue;
    }
    const auto size = utf8_sequence_size(text, at);
    if (size == 1)
      append_escape(out, text[at]);
    else
      out += size == 0 ? replacement : text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
  if (too_long) out += ellipsis;
  out += '"';
}

} // namespace limpet::ops
