#include "routing/cookie.hpp"

#include "routing/ascii.hpp"

namespace limpet::routing {
namespace {

std::string_view without_quotes(std::string_view value) noexcept {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::optional<std::string_view> find_in_list(std::string_view list, std::string_view name) noexcept {
  while (!list.empty()) {
    const std::size_t end = list.find(';');
    const std::string_view pair = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && trim_white_space(pair.substr(0, equals)) == name)
      return without_quotes(trim_white_space(pair.substr(equals + 1)));
  }
  return {};
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
