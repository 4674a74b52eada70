#include "proxy/ops/admin_guard.hpp"

#include "routing/address.hpp"
#include "routing/ascii.hpp"
#include "routing/request_target.hpp"

#include <optional>

namespace limpet::ops {

namespace {

/// Lower case, without port; nothing where malformed.
std::optional<std::string> host_of(std::string_view authority) {
  std::string host;
  if (!routing::parse_authority(authority, host)) return {};
  return host;
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto address = routing::ip_address::parse(host);
  if (!address) return false;
  static const auto v4 = routing::ip_network::parse("127.0.0.0/8");
  static const auto v6 = routing::ip_network::parse("::1/128");
  return v4->contains(*address) || v6->contains(*address);
}

} // namespace

admin_guard::admin_guard(std::string_view bound) {
  if (bound.starts_with("unix:")) return; // out of a browser's reach
  const auto host = host_of(bound);
  if (host && is_loopback(*host)) host_ = *host;
}

bool admin_guard::allows_host(std::string_view host) const {
  if (host_.empty() || host.empty()) return true;
  const auto named = host_of(host);
  return named && (*named == "localhost" || *named == "127.0.0.1" || *named == "[::1]" || *named == host_);
}

bool admin_guard::allows_origin(std::string_view origin, std::string_view host) {
  if (origin.empty()) return true;
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false; // "null" among others
  return routing::ascii_iequal(origin.substr(scheme_end + 3), host);
}

} // namespace limpet::ops
