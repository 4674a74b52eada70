#include "proxy/net/socket_address.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace limpet::net {

std::optional<host_port> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return {};
  } else if (host.find(':') != std::string_view::npos) {
    return {};
  }
  host_port result{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (error != std::errc{} || end != port.data() + port.size()) return {};
  return result;
}

socket_address socket_address::from(const routing::ip_address& ip, std::uint16_t port) noexcept {
  socket_address a;
  if (ip.v6) {
    a.storage_.v6.sin6_family = AF_INET6;
    a.storage_.v6.sin6_port = htons(port);
    std::memcpy(&a.storage_.v6.sin6_addr, ip.bytes.data(), 16);
    a.size_ = sizeof(sockaddr_in6);
  } else {
    a.storage_.v4.sin_family = AF_INET;
    a.storage_.v4.sin_port = htons(port);
    std::memcpy(&a.storage_.v4.sin_addr, ip.bytes.data(), 4);
    a.size_ = sizeof(sockaddr_in);
  }
  return a;
}

std::optional<socket_address> socket_address::parse(std::string_view text, use purpose) {
  if (text.starts_with("unix:")) {
    const auto path = text.substr(5);
    socket_address a;
    if (path.empty() || path.front() != '/' || path.size() >= sizeof a.storage_.path.sun_path ||
        path.find('\0') != std::string_view::npos)
      return {};
    a.storage_.path.sun_family = AF_UNIX;
    std::memcpy(a.storage_.path.sun_path, path.data(), path.size());
    a.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return a;
  }
  auto parts = split_host_port(text);
  if (!parts) return {};
  if (parts->host.empty() && purpose == use::listen) parts->host = "0.0.0.0";
  if (parts->host == "localhost") parts->host = "127.0.0.1";
  const auto ip = routing::ip_address::parse(parts->host);
  if (!ip) return {};
  return from(*ip, parts->port);
}

socket_address socket_address::of_socket(int fd) noexcept {
  socket_address a;
  ::getsockname(fd, a.data(), a.size_ptr());
  return a;
}

std::uint16_t socket_address::port() const noexcept {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

routing::ip_address socket_address::ip() const noexcept {
  routing::ip_address result;
  if (family() == AF_INET) {
    std::memcpy(result.bytes.data(), &storage_.v4.sin_addr, 4);
  } else if (family() == AF_INET6) {
    const auto& in = storage_.v6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&in)) {
      std::memcpy(result.bytes.data(), in.s6_addr + 12, 4);
    } else {
      result.v6 = true;
      std::memcpy(result.bytes.data(), in.s6_addr, 16);
    }
  }
  return result;
}

std::string socket_address::to_string() const {
  if (family() == AF_UNIX) return std::string("unix:") + storage_.path.sun_path;
  const auto host = ip().to_string();
  const auto suffix = ':' + std::to_string(port());
  return family() == AF_INET6 ? '[' + host + ']' + suffix : host + suffix;
}

} // namespace limpet::net
