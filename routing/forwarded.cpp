#include "routing/forwarded.hpp"

#include "routing/ascii.hpp"

#include <algorithm>
#include <optional>

namespace limpet::routing {
namespace {

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_ascii_digit);
}

/// "1.2.3.4", "1.2.3.4:5678", "::1", "[::1]" or "[::1]:5678".
std::optional<ip_address> parse_hop(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return {};
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !(rest.front() == ':' && is_port(rest.substr(1)))) return {};
    const std::string_view inner = text.substr(1, close - 1);
    return inner.find(':') == std::string_view::npos ? std::nullopt : ip_address::parse(inner);
  }
  const std::size_t colon = text.find(':');
  const bool has_port =
      colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
  if (!has_port) return ip_address::parse(text);
  return is_port(text.substr(colon + 1)) ? ip_address::parse(text.substr(0, colon)) : std::nullopt;
}

/// Walks one field's list from the right. False where the walk ends, with the client in `hop`.
bool walk_back(std::string_view list, std::span<const ip_network> trusted, ip_address& hop) noexcept {
  while (true) {
    const std::size_t comma = list.rfind(',');
    const std::string_view entry =
        trim_white_space(list.substr(comma == std::string_view::npos ? 0 : comma + 1));
    if (!entry.empty()) {
      const std::optional<ip_address> next = parse_hop(entry);
      if (!next) return false;
      hop = *next;
      if (!any_contains(trusted, hop)) return false;
    }
    if (comma == std::string_view::npos) return true;
    list.remove_suffix(list.size() - comma);
  }
}

} // namespace

ip_address derive_client(const ip_address& peer, std::span<const header_field> fields,
                         std::span<const ip_network> trusted) noexcept {
  ip_address hop = peer;
  if (!any_contains(trusted, hop)) return hop;
  for (auto field = fields.rbegin(); field != fields.rend(); ++field)
    if (ascii_iequal(field->name, "X-Forwarded-For") && !walk_back(field->value, trusted, hop)) break;
  return hop;
}

} // namespace limpet::routing
