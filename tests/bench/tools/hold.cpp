// bench_hold PORT COUNT keepalive|tunnel: opens COUNT connections, uses each once, and holds them, for their
// memory to be looked at.
//
// One after the other, so that the proxy never has more under way than one. Prints "held COUNT"; at the next
// line on stdin prints how many are still open, and ends.

#include "tests/bench/tools/sockets.hpp"
#include "tests/bench/tools/websocket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::bench {

namespace {

constexpr std::size_t small_body_bytes = 100; // of bench_origin's answer
constexpr std::size_t message_bytes = 64;

int open_keep_alive(std::uint16_t port, const std::string& user) {
  const int socket = connect_to(port);
  send_all(socket, "GET / HTTP/1.1\r\nHost: bench.example\r\nX-User-Id: " + user + "\r\n\r\n");
  const auto answer = receive_until(socket, "\r\n\r\n", small_body_bytes);
  if (!answer.starts_with("HTTP/1.1 200 ")) {
    errno = EPROTO;
    fail(answer.substr(0, answer.find("\r\n")));
  }
  return socket;
}

int open_tunnel(std::uint16_t port, const std::string& user) {
  const int socket = connect_to(port);
  send_all(socket, upgrade_request(user));
  const auto head = receive_until(socket, "\r\n\r\n", 0);
  if (!head.starts_with("HTTP/1.1 101 ")) {
    errno = EPROTO;
    fail(head.substr(0, head.find("\r\n")));
  }
  std::string message, echo;
  append_frame(message, opcode_binary, std::string(message_bytes, 'm'), true);
  append_frame(echo, opcode_binary, std::string(message_bytes, 'm'), false);
  send_all(socket, message);
  receive_until(socket, echo, 0);
  return socket;
}

bool is_open(int socket) {
  char byte;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

} // namespace

} // namespace limpet::bench

int main(int argc, char** argv) {
  using namespace limpet::bench;
  const std::string_view kind = argc == 4 ? argv[3] : "";
  if (kind != "keepalive" && kind != "tunnel") {
    std::fprintf(stderr, "usage: bench_hold PORT COUNT keepalive|tunnel\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(number_from(argv[1], 65'535));
  const auto count = number_from(argv[2], 1'000'000);
  std::vector<int> sockets;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto user = "user-" + std::to_string(i);
    sockets.push_back(kind == "tunnel" ? open_tunnel(port, user) : open_keep_alive(port, user));
  }
  std::printf("held %zu\n", sockets.size());
  std::fflush(stdout);
  std::getchar();
  std::printf("open %td\n", std::count_if(sockets.begin(), sockets.end(), is_open));
}
