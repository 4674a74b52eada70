#include "tests/bench/tools/sockets.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace limpet::bench {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

} // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::uint64_t number_from(const char* text, std::uint64_t max) {
  char* end = nullptr;
  const auto number = std::strtoull(text, &end, 10);
  if (*text == '\0' || *end != '\0' || number == 0 || number > max) {
    errno = EINVAL;
    fail(text);
  }
  return number;
}

int listen_on_free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto address = loopback(0);
  if (listener < 0 || ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, SOMAXCONN) != 0)
    fail("listen");
  return listener;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  return ntohs(address.sin_port);
}

int accept_from(int listener) {
  const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) {
    if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) return -1;
    fail("accept");
  }
  set_no_delay(socket);
  return socket;
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  if (socket < 0 || ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  set_no_delay(socket);
  return socket;
}

void set_non_blocking(int socket) {
  int on = 1;
  if (::ioctl(socket, FIONBIO, &on) != 0) fail("ioctl");
}

void watch(int epoll, int operation, int socket, std::uint32_t events, void* data) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = data;
  if (::epoll_ctl(epoll, operation, socket, &event) != 0) fail("epoll_ctl");
}

void send_all(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto n = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0) fail("send");
    sent += static_cast<std::size_t>(n);
  }
}

std::string receive_until(int socket, const std::string& end, std::size_t bytes_more) {
  std::string received;
  std::array<char, 4096> piece;
  for (;;) {
    const auto found = received.find(end);
    if (found != std::string::npos && received.size() >= found + end.size() + bytes_more) return received;
    const auto n = ::recv(socket, piece.data(), piece.size(), 0);
    if (n < 0) fail("recv");
    if (n == 0) {
      errno = ECONNRESET;
      fail("the connection was closed, after \"" + received.substr(0, 200) + "\"");
    }
    received.append(piece.data(), static_cast<std::size_t>(n));
  }
}

} // namespace limpet::bench
