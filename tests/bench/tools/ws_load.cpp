// bench_ws PORT TUNNELS BYTES MILLISECONDS: WebSocket round trips, one at a time a tunnel, as fast as they
// come back.
//
// Opens TUNNELS, each for a session of its own, sends messages of BYTES to the echo behind PORT, and prints
// how it went as a line of JSON. Every answer's head and size are checked, and all of the first one's
// payload.

#include "tests/bench/tools/sockets.hpp"
#include "tests/bench/tools/websocket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace limpet::bench {

namespace {

using clock = std::chrono::steady_clock;

struct tunnel {
  int fd = -1;
  std::size_t received = 0; ///< of the answer under way
  std::size_t unsent = 0;   ///< bytes of the message that wait for room
  clock::time_point sent_at;
};

class load {
public:
  load(std::uint16_t port, std::size_t tunnels, std::size_t bytes);
  void run(std::chrono::milliseconds time);
  void print() const;

private:
  void open(tunnel& t, std::uint16_t port, const std::string& user);
  void begin(tunnel& t);
  void send(tunnel& t);
  void receive(tunnel& t);
  double percentile_us(double share) const;

  std::vector<tunnel> tunnels_;
  std::string message_, answer_; ///< as frames
  std::size_t head_size_;        ///< of the answer's frame
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::array<char, 256 * 1024> scratch_;
  std::vector<float> latencies_us_;
  double seconds_ = 0;
};

load::load(std::uint16_t port, std::size_t tunnels, std::size_t bytes) : tunnels_(tunnels) {
  std::string payload;
  for (std::size_t i = 0; i < bytes; ++i)
    payload += static_cast<char>('a' + i % 23);
  append_frame(message_, opcode_binary, payload, true);
  append_frame(answer_, opcode_binary, payload, false);
  head_size_ = answer_.size() - bytes;
  for (std::size_t i = 0; i < tunnels; ++i)
    open(tunnels_[i], port, "user-" + std::to_string(i));
}

void load::open(tunnel& t, std::uint16_t port, const std::string& user) {
  t.fd = connect_to(port);
  send_all(t.fd, upgrade_request(user));
  const auto head = receive_until(t.fd, "\r\n\r\n", 0);
  if (!head.starts_with("HTTP/1.1 101 ")) {
    errno = EPROTO;
    fail(head.substr(0, head.find("\r\n")));
  }
  send_all(t.fd, message_);
  const auto first = receive_until(t.fd, answer_.substr(0, head_size_), answer_.size() - head_size_);
  if (first != answer_) {
    errno = EPROTO;
    fail("the first echo is another message");
  }
  set_non_blocking(t.fd);
  watch(epoll_, EPOLL_CTL_ADD, t.fd, EPOLLIN, &t);
}

void load::begin(tunnel& t) {
  t.received = 0;
  t.unsent = message_.size();
  t.sent_at = clock::now();
  send(t);
}

void load::send(tunnel& t) {
  const auto n = ::send(t.fd, message_.data() + message_.size() - t.unsent, t.unsent, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) fail("send");
  const bool waited = t.unsent < message_.size();
  t.unsent -= n < 0 ? 0 : static_cast<std::size_t>(n);
  if (t.unsent > 0) {
    watch(epoll_, EPOLL_CTL_MOD, t.fd, EPOLLIN | EPOLLOUT, &t);
  } else if (waited) {
    watch(epoll_, EPOLL_CTL_MOD, t.fd, EPOLLIN, &t);
  }
}

void load::receive(tunnel& t) {
  const auto n = ::recv(t.fd, scratch_.data(), scratch_.size(), 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n < 0) fail("recv");
  const auto size = static_cast<std::size_t>(n);
  const auto head_part = t.received < head_size_ ? std::min(size, head_size_ - t.received) : 0;
  if (size == 0 || t.received + size > answer_.size() ||
      answer_.compare(t.received, head_part, scratch_.data(), head_part) != 0) {
    errno = size == 0 ? ECONNRESET : EPROTO;
    fail("an echo");
  }
  t.received += size;
  if (t.received < answer_.size()) return;
  latencies_us_.push_back(std::chrono::duration<float, std::micro>(clock::now() - t.sent_at).count());
  begin(t);
}

void load::run(std::chrono::milliseconds time) {
  const auto start = clock::now();
  for (auto& t : tunnels_)
    begin(t);
  std::array<epoll_event, 256> events;
  while (clock::now() - start < time) {
    const int n = ::epoll_wait(epoll_, events.data(), events.size(), 1000);
    for (int i = 0; i < n; ++i) {
      auto& t = *static_cast<tunnel*>(events[i].data.ptr);
      if ((events[i].events & EPOLLOUT) != 0) send(t);
      if ((events[i].events & ~EPOLLOUT) != 0) receive(t);
    }
  }
  seconds_ = std::chrono::duration<double>(clock::now() - start).count();
  std::sort(latencies_us_.begin(), latencies_us_.end());
}

double load::percentile_us(double share) const {
  if (latencies_us_.empty()) return 0;
  return latencies_us_[static_cast<std::size_t>(share * static_cast<double>(latencies_us_.size() - 1))];
}

void load::print() const {
  std::printf("{\"round_trips\": %zu, \"seconds\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
              latencies_us_.size(), seconds_, percentile_us(0.50), percentile_us(0.99));
}

} // namespace

} // namespace limpet::bench

int main(int argc, char** argv) {
  using namespace limpet::bench;
  if (argc != 5) {
    std::fprintf(stderr, "usage: bench_ws PORT TUNNELS BYTES MILLISECONDS\n");
    return 2;
  }
  load l(static_cast<std::uint16_t>(number_from(argv[1], 65'535)), number_from(argv[2], 100'000),
         number_from(argv[3], 1U << 30));
  l.run(std::chrono::milliseconds(number_from(argv[4], 3'600'000)));
  l.print();
}
