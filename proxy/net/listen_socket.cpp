#include "proxy/net/listen_socket.hpp"

#include "proxy/net/socket_address.hpp"

#include <boost/system/error_code.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace limpet::net {

namespace {

using boost::system::error_code;

constexpr int backlog = 4096;

error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

/// A host that says nothing for so long is asked, so often, so many times: after two minutes it is gone.
constexpr int keep_alive_idle_s = 60;
constexpr int keep_alive_interval_s = 15;
constexpr int keep_alive_probes = 4;

void set_option(int fd, int level, int name, int value = 1) noexcept {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

} // namespace

void set_no_delay(int fd) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
}

void set_keep_alive(int fd) noexcept {
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_idle_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, keep_alive_probes);
}

namespace {

unique_fd open_socket(int family) noexcept {
  return unique_fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/// An abstract unix socket's name is a lock that dies with its process, within one network namespace, as
/// ports are.
boost::system::result<unique_fd> lock_address(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const auto text = "limpet/listen/" + address;
  const auto length = std::min(text.size(), sizeof name.sun_path - 1);
  std::memcpy(name.sun_path + 1, text.data(), length);
  auto fd = open_socket(AF_UNIX);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0) return last_error();
  return fd;
}

/// Binds without SO_REUSEPORT: refused where anybody listens there.
error_code probe(const socket_address& address) {
  const auto fd = open_socket(address.family());
  if (!fd) return last_error();
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (address.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(fd.get(), address.data(), address.size()) != 0) return last_error();
  return {};
}

boost::system::result<unique_fd> listen_on(const socket_address& address) {
  auto fd = open_socket(address.family());
  if (!fd) return last_error();
  if (address.family() != AF_UNIX) {
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);
    set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  }
  if (address.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  set_no_delay(fd.get());
  set_keep_alive(fd.get());
  if (::bind(fd.get(), address.data(), address.size()) != 0) return last_error();
  if (::listen(fd.get(), backlog) != 0) return last_error();
  return fd;
}

/// A socket file that nobody answers on is what a killed process left behind.
error_code remove_stale(const socket_address& address, const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) return error_code(EADDRINUSE, boost::system::system_category());
  const auto fd = open_socket(AF_UNIX);
  if (::connect(fd.get(), address.data(), address.size()) == 0 || errno != ECONNREFUSED)
    return error_code(EADDRINUSE, boost::system::system_category());
  return ::unlink(path.c_str()) == 0 ? error_code{} : last_error();
}

boost::system::result<listen_sockets> open_unix(const socket_address& address, const std::string& path,
                                                std::size_t count) {
  if (const auto error = remove_stale(address, path)) return error;
  auto first = listen_on(address);
  if (!first) return first.error();
  listen_sockets opened;
  opened.address = "unix:" + path;
  opened.unlink_path = path;
  opened.fds.push_back(std::move(*first));
  while (opened.fds.size() < count) {
    unique_fd copy(::fcntl(opened.fds.front().get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return last_error();
    opened.fds.push_back(std::move(copy));
  }
  return opened;
}

} // namespace

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

unique_fd::~unique_fd() {
  if (fd_ >= 0) ::close(fd_);
}

int unique_fd::release() noexcept {
  const auto fd = fd_;
  fd_ = -1;
  return fd;
}

boost::system::result<listen_sockets> open_listen_sockets(const std::string& text, std::size_t count) {
  auto parsed = socket_address::parse(text, socket_address::use::listen);
  if (!parsed) return error_code(EINVAL, boost::system::system_category());
  auto address = *parsed;
  if (address.family() == AF_UNIX) return open_unix(address, text.substr(std::strlen("unix:")), count);

  listen_sockets opened;
  if (address.port() != 0) {
    auto lock = lock_address(address.to_string());
    if (!lock) return lock.error();
    opened.lock = std::move(*lock);
    if (const auto error = probe(address)) return error;
  }
  for (std::size_t i = 0; i < count; ++i) {
    auto fd = listen_on(address);
    if (!fd) return fd.error();
    if (i == 0) address = socket_address::of_socket(fd->get());
    opened.fds.push_back(std::move(*fd));
  }
  opened.address = address.to_string();
  return opened;
}

} // namespace limpet::net
