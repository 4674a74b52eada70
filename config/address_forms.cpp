#include "config/forms.hpp"
#include "config/text.hpp"
#include "routing/address.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t unix_path_bytes_max = 107; ///< sockaddr_un holds 108 with the end

enum class side : std::uint8_t { listen, connect };

constexpr std::string_view address_hint = "write host:port, [v6]:port or unix:/path";

problem wrong_address(std::string_view text, std::string hint = std::string(address_hint)) {
  return {"not an address: " + quoted(text), std::move(hint)};
}

std::optional<problem> check_port(std::string_view text, std::string_view port, side what) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  const unsigned least = what == side::listen ? 0 : 1;
  const bool good =
      error == std::errc{} && end == port.data() + port.size() && value >= least && value <= 65'535;
  if (good) return {};
  return wrong_address(text, "a port is a number from " + std::to_string(least) + " to 65535");
}

/// What a member's record in etcd takes.
bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::optional<problem> check_unix_path(std::string_view text, std::string_view path, side what) {
  if (!path.starts_with('/')) return wrong_address(text, "the path of a unix socket begins with /");
  if (path.size() > unix_path_bytes_max || has_control(path))
    return wrong_address(text, "the path of a unix socket has at most 107 bytes");
  if (what == side::connect && !is_printable(path))
    return wrong_address(text, "the path of a member's unix socket is printable ASCII");
  return {};
}

std::optional<problem> check_bracketed(std::string_view text, side what) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos || text.substr(close + 1, 1) != ":") return wrong_address(text);
  const auto address = routing::ip_address::parse(text.substr(1, close - 1));
  if (!address || text.substr(1, close - 1).find(':') == std::string_view::npos) return wrong_address(text);
  return check_port(text, text.substr(close + 2), what);
}

std::optional<problem> check_connect_host(std::string_view text, std::string_view host) {
  if (host.empty()) return wrong_address(text, "the host is missing: " + std::string(address_hint));
  return is_host(host) ? std::nullopt : std::optional(wrong_address(text));
}

/// A listener is bound before anything could resolve a name.
std::optional<problem> check_listen_host(std::string_view text, std::string_view host) {
  const bool good = host.empty() || host == "localhost" || routing::ip_address::parse(host);
  if (good) return {};
  return wrong_address(text, "write address:port, [v6]:port, :port for every IPv4 address, or unix:/path");
}

std::optional<problem> check_address(std::string_view text, side what) {
  if (text.starts_with("unix:")) return check_unix_path(text, text.substr(5), what);
  if (text.starts_with('[')) return check_bracketed(text, what);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return wrong_address(text, "the port is missing: " + std::string(address_hint));
  const std::string_view host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos)
    return wrong_address(text, "an IPv6 address stands in brackets: [::1]:8080");
  if (host.find('/') != std::string_view::npos) return wrong_address(text);
  if (auto wrong = what == side::listen ? check_listen_host(text, host) : check_connect_host(text, host))
    return wrong;
  return check_port(text, text.substr(colon + 1), what);
}

template <class T>
type_ptr<T> address_type(side what, std::string T::*text_member) {
  description shape{.type = "address"};
  return std::make_shared<scalar<T>>(
      std::move(shape),
      [=](std::string_view text, T& out) {
        auto wrong = check_address(text, what);
        if (!wrong) out.*text_member = text;
        return wrong;
      },
      [=](const T& value) { return value.*text_member; });
}

std::optional<problem> check_etcd_endpoint(std::string& url) {
  const std::string hint = "write http://host:port or https://host:port";
  std::string_view rest = url;
  // Not repeated in the message: what stands before an @ is a password.
  if (rest.find('@') != std::string_view::npos)
    return problem{"the address of an etcd with a user or password in it",
                   "write them as etcd.username and etcd.password"};
  if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else
    return problem{"not the address of an etcd: " + quoted(url), hint};
  if (rest.starts_with("unix:") || check_address(rest, side::connect))
    return problem{"not the address of an etcd: " + quoted(url), hint};
  return {};
}

} // namespace

type_ptr<std::string> member_address() {
  return text_type({.type = "address"}, [](std::string& text) { return check_address(text, side::connect); });
}

type_ptr<endpoint> agent_address() {
  return address_type(side::connect, &endpoint::text);
}
type_ptr<endpoint> listen_address() {
  return address_type(side::listen, &endpoint::text);
}

type_ptr<std::string> etcd_endpoint() {
  return text_type({.type = "URL", .pattern = "^https?://[^/@]+:[0-9]+$"}, check_etcd_endpoint);
}

type_ptr<routing::ip_network> ip_network() {
  const auto parse = [](std::string_view text, routing::ip_network& out) -> std::optional<problem> {
    const auto parsed = routing::ip_network::parse(text);
    if (!parsed)
      return problem{"not an address block: " + quoted(text), "write 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32"};
    out = *parsed;
    return {};
  };
  return std::make_shared<scalar<routing::ip_network>>(
      description{.type = "address block"}, parse,
      [](const routing::ip_network& n) { return n.to_string(); });
}

} // namespace limpet::config
