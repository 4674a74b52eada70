#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace limpet::routing {

/// An IPv4 or IPv6 address as bytes in network order. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is IPv4.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{}; ///< the first 4 count for IPv4, the others are zero
  bool v6 = false;

  /// Textual form without brackets, port or zone; nothing where malformed.
  static std::optional<ip_address> parse(std::string_view text) noexcept;
  std::string to_string() const;

  /// 32 or 128.
  unsigned bits() const noexcept { return v6 ? 128 : 32; }
  /// The address with all but its first `prefix` bits zero. A prefix past bits() is bits().
  ip_address network(unsigned prefix) const noexcept;
  /// The 4 or 16 bytes; they live as long as the address.
  std::string_view network_bytes() const noexcept;

  friend bool operator==(const ip_address&, const ip_address&) = default;
};

/// An address block such as 10.0.0.0/8 or ::1 (a bare address is a block of one).
struct ip_network {
  ip_address address; ///< the bits past `prefix` are zero
  unsigned prefix = 0;

  /// Bits set past the prefix are cleared: 10.1.2.3/8 is 10.0.0.0/8. A block of IPv4-mapped addresses
  /// (::ffff:0:0/96 and inside) is one of IPv4. Nothing where malformed.
  static std::optional<ip_network> parse(std::string_view text) noexcept;
  /// Always with the prefix.
  std::string to_string() const;
  bool contains(const ip_address& a) const noexcept;

  friend bool operator==(const ip_network&, const ip_network&) = default;
};

/// Of 127.0.0.0/8, or ::1.
bool is_loopback(const ip_address& a) noexcept;
/// Whether one of the blocks contains `a`.
bool any_contains(std::span<const ip_network> networks, const ip_address& a) noexcept;

} // namespace limpet::routing
