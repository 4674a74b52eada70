#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::routing {

/// An IPv4 or IPv6 address as bytes in network order. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is IPv4.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{}; ///< the first 4 count for IPv4
  bool v6 = false;

  /// Textual form without brackets, port or zone; nothing where malformed.
  static std::optional<ip_address> parse(std::string_view text) noexcept;
  std::string to_string() const;
  /// The network bytes: the first `prefix` bits, the rest zero; 4 or 16 bytes.
  std::string network_bytes(unsigned prefix) const;

  friend bool operator==(const ip_address&, const ip_address&) = default;
};

/// An address block such as 10.0.0.0/8 or ::1 (a bare address is a block of one).
struct ip_network {
  ip_address address;
  unsigned prefix = 0;

  static std::optional<ip_network> parse(std::string_view text) noexcept;
  std::string to_string() const;
  bool contains(const ip_address& a) const noexcept;

  friend bool operator==(const ip_network&, const ip_network&) = default;
};

} // namespace limpet::routing
