#include "proxy/ops/admin_guard.hpp"

#include "routing/address.hpp"
#include "routing/ascii.hpp"
#include "routing/constant_time.hpp"
#include "routing/request_target.hpp"

#include <algorithm>
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
  return address && routing::is_loopback(*address);
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

bool admin_guard::allows_bearer(std::string_view path, std::string_view authorization) const {
  if (token_.empty() || path == "/healthz" || path == "/readyz") return true;
  constexpr std::string_view scheme = "Bearer "; // compared without case, RFC 9110 section 11.1
  if (!routing::ascii_iequal(authorization.substr(0, scheme.size()), scheme)) return false;
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return routing::equal_in_constant_time(authorization, token_);
}

} // namespace limpet::ops
