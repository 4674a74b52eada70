#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace limpet::agent {

/// The sockets of one local TCP port, as a table of the kernel has them.
struct port_use {
  bool is_listened_on = false;
  std::size_t connections = 0; ///< established, or half closed by the peer: somebody is still served

  port_use& operator+=(const port_use& other) noexcept;
};

/// What `table` says of `port`. The table is in the form of /proc/net/tcp and tcp6 (proc(5)); a line that is
/// none of its own is passed over.
port_use use_of_port(std::string_view table, std::uint16_t port);

/// How many connections to `address` are open in this network namespace. Nothing where that cannot be told:
/// the address is a Unix socket's, no process here listens on its port, or there is no /proc.
std::optional<std::size_t> count_connections(std::string_view address);

} // namespace limpet::agent
