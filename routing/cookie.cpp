#include "routing/cookie.hpp"

#include "routing/ascii.hpp"
#include "routing/cookie_date.hpp"

#include <algorithm>

namespace limpet::routing {
namespace {

std::string_view without_quotes(std::string_view value) noexcept {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::optional<std::string_view> find_in_list(std::string_view list, std::string_view name) noexcept {
  cookie_pair pair;
  while (take_cookie_pair(list, pair))
    if (pair.is_pair && pair.name == name) return pair.value;
  return {};
}

/// An attribute's value as it stands: quotes are a part of it.
std::string_view attribute_text(const cookie_pair& attribute) noexcept {
  return trim_white_space(attribute.whole.substr(attribute.whole.find('=') + 1));
}

/// Digits, maybe behind a '-' (RFC 6265 section 5.2.2).
bool is_number(std::string_view text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, is_ascii_digit);
}

/// Of a number.
bool is_zero_or_less(std::string_view text) noexcept {
  return text.front() == '-' || text.find_first_not_of('0') == std::string_view::npos;
}

std::string_view to_string(same_site site) noexcept {
  switch (site) {
  case same_site::lax:
    return "Lax";
  case same_site::strict:
    return "Strict";
  case same_site::none:
    return "None";
  }
  return "Lax";
}

} // namespace

std::optional<std::string_view> find_cookie(std::span<const header_field> fields,
                                            std::string_view name) noexcept {
  for (const header_field& field : fields) {
    if (!ascii_iequal(field.name, "Cookie")) continue;
    if (const auto value = find_in_list(field.value, name)) return value;
  }
  return {};
}

bool take_cookie_pair(std::string_view& list, cookie_pair& out) noexcept {
  if (list.empty()) return false;
  const std::size_t end = list.find(';');
  out = {};
  out.whole = list.substr(0, end);
  list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  const std::size_t equals = out.whole.find('=');
  if (equals == std::string_view::npos) return true;
  out.is_pair = true;
  out.name = trim_white_space(out.whole.substr(0, equals));
  out.value = without_quotes(trim_white_space(out.whole.substr(equals + 1)));
  return true;
}

std::optional<set_cookie_parts> parse_set_cookie(std::string_view field) noexcept {
  std::string_view rest = field;
  cookie_pair pair;
  if (!take_cookie_pair(rest, pair) || !pair.is_pair) return {};
  return set_cookie_parts{pair.name, pair.value, field.substr(pair.whole.size())};
}

bool deletes_cookie(std::string_view attributes, std::int64_t now_unix_s) noexcept {
  std::optional<bool> by_age, by_date;
  cookie_pair attribute;
  while (take_cookie_pair(attributes, attribute)) {
    if (ascii_iequal(attribute.name, "Max-Age")) {
      if (const auto age = attribute_text(attribute); is_number(age)) by_age = is_zero_or_less(age);
    } else if (ascii_iequal(attribute.name, "Expires")) {
      if (const auto at = parse_cookie_date(attribute_text(attribute))) by_date = *at <= now_unix_s;
    }
  }
  return by_age.value_or(by_date.value_or(false));
}

std::string format_set_cookie(const cookie_attributes& attributes, std::string_view value, bool secure) {
  std::string text = attributes.name;
  text.append("=").append(value);
  if (!attributes.path.empty()) text.append("; Path=").append(attributes.path);
  if (!attributes.domain.empty()) text.append("; Domain=").append(attributes.domain);
  if (attributes.max_age.count() > 0)
    text.append("; Max-Age=").append(std::to_string(attributes.max_age.count()));
  text.append("; HttpOnly");
  if (secure) text.append("; Secure");
  if (secure || attributes.site != same_site::none)
    text.append("; SameSite=").append(to_string(attributes.site));
  return text;
}

} // namespace limpet::routing
