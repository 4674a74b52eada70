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
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) throw std::runtime_error("socketpair");
  const auto protocol = asio::generic::stream_protocol(AF_UNIX, 0);
  near = std::make_unique<stream>(stream::socket(on.io, protocol, fds[0]), on.wheel);
  far = std::make_unique<stream>(stream::socket(on.io, protocol, fds[1]), on.wheel);
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

} // namespace limpet::net
