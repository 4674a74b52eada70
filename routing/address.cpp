#include "routing/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace limpet::routing {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_prefix_bits = 96;

void unmap(ip_address& a) noexcept {
  if (!std::ranges::equal(mapped_prefix, std::span(a.bytes).first<12>())) return;
  std::rotate(a.bytes.begin(), a.bytes.begin() + mapped_prefix.size(), a.bytes.end());
  std::ranges::fill(std::span(a.bytes).subspan<4>(), std::uint8_t{0});
  a.v6 = false;
}

/// Decimal digits only, without leading zeros.
std::optional<unsigned> parse_prefix(std::string_view text, unsigned prefix_max) noexcept {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return {};
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > prefix_max) return {};
  return value;
}

} // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) noexcept {
  // inet_pton wants a terminated string; the longest address that it takes fits.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return {};
  std::ranges::copy(text, terminated.begin());
  ip_address result;
  result.v6 = text.find(':') != std::string_view::npos;
  if (::inet_pton(result.v6 ? AF_INET6 : AF_INET, terminated.data(), result.bytes.data()) != 1) return {};
  if (result.v6) unmap(result);
  return result;
}

std::string ip_address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (v6) return ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  // Every request's X-Forwarded-For has one; inet_ntop would go by way of snprintf.
  char* at = text.data();
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    at = std::to_chars(at, text.data() + text.size(), unsigned{bytes[i]}).ptr;
  }
  return {text.data(), at};
}

ip_address ip_address::network(unsigned prefix) const noexcept {
  ip_address result = *this;
  if (prefix >= bits()) return result;
  const unsigned kept_bytes = prefix / 8;
  const unsigned kept_bits = prefix % 8;
  result.bytes[kept_bytes] = static_cast<std::uint8_t>(result.bytes[kept_bytes] & (0xff00 >> kept_bits));
  std::fill(result.bytes.begin() + kept_bytes + 1, result.bytes.end(), std::uint8_t{0});
  return result;
}

std::string_view ip_address::network_bytes() const noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bits() / 8};
}

std::optional<ip_network> ip_network::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const std::optional<ip_address> address = ip_address::parse(address_text);
  if (!address) return {};
  if (slash == std::string_view::npos) return ip_network{*address, address->bits()};
  const bool written_as_v6 = address_text.find(':') != std::string_view::npos;
  std::optional<unsigned> prefix = parse_prefix(text.substr(slash + 1), written_as_v6 ? 128 : 32);
  if (!prefix) return {};
  if (written_as_v6 && !address->v6) {
    if (*prefix < mapped_prefix_bits) return {};
    *prefix -= mapped_prefix_bits;
  }
  return ip_network{address->network(*prefix), *prefix};
}

std::string ip_network::to_string() const {
  return address.to_string() + '/' + std::to_string(prefix);
}

bool ip_network::contains(const ip_address& a) const noexcept {
  return a.network(prefix) == address;
}

bool is_loopback(const ip_address& a) noexcept {
  if (!a.v6) return a.bytes[0] == 127;
  ip_address one{.v6 = true};
  one.bytes.back() = 1;
  return a == one;
}

bool any_contains(std::span<const ip_network> networks, const ip_address& a) noexcept {
  return std::ranges::any_of(networks, [&a](const ip_network& n) { return n.contains(a); });
}

} // namespace limpet::routing
