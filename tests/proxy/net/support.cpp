#include "tests/proxy/net/support.hpp"

#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace limpet::net {

temporary_folder::temporary_folder() {
  std::string name = "/tmp/limpet-net-XXXXXX";
  if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

stream_pair::stream_pair(loop& on) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
    throw std::runtime_error("socketpair");
  near = std::make_unique<stream>(unique_fd(fds[0]), on.events);
  far = std::make_unique<stream>(unique_fd(fds[1]), on.events);
}

std::string read_now(stream& from) {
  std::string text;
  std::array<std::byte, 4096> bytes;
  for (;;) {
    const auto [count, error] = from.read_some(bytes);
    if (error || count == 0) return text;
    text.append(reinterpret_cast<const char*>(bytes.data()), count);
  }
}

std::size_t write_now(stream& to, std::string_view text) {
  const std::array<iovec, 1> piece{iovec{const_cast<char*>(text.data()), text.size()}};
  return to.writev(piece).bytes;
}

std::string read_now(int socket) {
  std::string text;
  std::array<char, 4096> bytes;
  for (;;) {
    const auto count = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

std::size_t write_now(int socket, std::string_view text) {
  const auto count = ::send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

} // namespace limpet::net
