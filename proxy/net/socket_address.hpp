#pragma once

#include "routing/address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::net {

/// A TCP or unix address as the system calls want it.
class socket_address {
public:
  enum class use { listen, connect };

  /// "1.2.3.4:80", "[::1]:80", "localhost:80" (127.0.0.1), "unix:/path", and for listening ":80" (0.0.0.0).
  /// Nothing where it is none of these: a host name, which somebody has to resolve, among others.
  static std::optional<socket_address> parse(std::string_view text, use purpose);
  static socket_address from(const routing::ip_address& ip, std::uint16_t port) noexcept;
  /// The address that a bound socket has.
  static socket_address of_socket(int fd) noexcept;

  int family() const noexcept { return storage_.any.sa_family; }
  std::uint16_t port() const noexcept; ///< 0 for unix
  /// The IP address; 0.0.0.0 for unix.
  routing::ip_address ip() const noexcept;
  std::string to_string() const;

  const sockaddr* data() const noexcept { return &storage_.any; }
  sockaddr* data() noexcept { return &storage_.any; }
  socklen_t size() const noexcept { return size_; }
  socklen_t* size_ptr() noexcept { return &size_; }

private:
  union storage {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un path;
  } storage_{};
  socklen_t size_ = sizeof(storage);
};

/// Splits "host:port" or "[v6]:port". Nothing where malformed; the host may be empty.
struct host_port {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<host_port> split_host_port(std::string_view text);

} // namespace limpet::net
