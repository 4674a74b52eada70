#include "config/text.hpp"

#include "routing/address.hpp"

#include <algorithm>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t host_bytes_max = 253;
constexpr std::size_t host_label_bytes_max = 63;

bool is_host_label(std::string_view text) noexcept {
  return !text.empty() && text.size() <= host_label_bytes_max && is_made_of(text, "-_") &&
         text.front() != '-' && text.back() != '-';
}

bool is_number(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The length of the UTF-8 sequence that `text` begins with (RFC 3629 section 4), or 0.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool shortest = first != 0xe0 || second >= 0xa0;
    const bool surrogate = first == 0xed && second >= 0xa0;
    return shortest && !surrogate && follows(1) && follows(2) ? 3 : 0;
  }
  const bool in_range =
      (first == 0xf0 && second >= 0x90) || (first > 0xf0 && first < 0xf4) || (first == 0xf4 && second < 0x90);
  return in_range && follows(1) && follows(2) && follows(3) ? 4 : 0;
}

/// Of a whole sequence. U+FDD0 to U+FDEF, and the last two of each plane.
bool is_noncharacter(std::string_view sequence) noexcept {
  if (sequence.size() < 3) return false;
  const unsigned head_bits = sequence.size() == 3 ? 0x0f : 0x07;
  unsigned code = static_cast<unsigned char>(sequence.front()) & head_bits;
  for (const char c : sequence.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe;
}

} // namespace

bool is_made_of(std::string_view text, std::string_view others) noexcept {
  return std::ranges::all_of(text, [=](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0 || is_noncharacter(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_control(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_host(std::string_view text) noexcept {
  if (text.empty() || text.size() > host_bytes_max) return false;
  const std::string_view last = text.substr(text.rfind('.') + 1);
  if (is_number(last)) return routing::ip_address::parse(text).has_value();
  while (true) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    if (!is_host_label(text.substr(0, dot))) return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

type_ptr<std::string> text_type(description shape,
                                std::function<std::optional<problem>(std::string& text)> check) {
  const auto parse = [check = std::move(check)](std::string_view text, std::string& out) {
    std::string value(text);
    auto wrong = check(value);
    if (!wrong) out = std::move(value);
    return wrong;
  };
  return std::make_shared<scalar<std::string>>(std::move(shape), parse,
                                               [](const std::string& value) { return value; });
}

} // namespace limpet::config
