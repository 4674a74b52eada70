// bench_origin COUNTER_FILE: three members, a, b and c, each on a port of its own, in one thread.
//
// Prints the ports in one line, and counts all that it answered, requests and WebSocket messages together, in
// the first eight bytes of the file: whoever measures maps the file and sees the count at any moment without
// asking, which would disturb what is measured.

#include "tests/bench/tools/answers.hpp"
#include "tests/bench/tools/sockets.hpp"
#include "tests/bench/tools/websocket.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace limpet::bench {

namespace {

/// A listener (`is_listener`) or a connection; what epoll's data points to.
struct socket_state {
  int fd = -1;
  bool is_listener = false;
  bool is_tunnel = false;
  const answers* member = nullptr;
  std::string input;                 ///< of a request or a frame that is not all there
  std::uint64_t body_bytes_left = 0; ///< of an upload, whose answer waits for it
  std::string_view unsent;
  std::string owned; ///< what `unsent` points into where that is not a prepared answer
};

class origin {
public:
  explicit origin(std::atomic<std::uint64_t>& count) : count_(count) {}
  void run();

private:
  void listen();
  void accept_all(const socket_state& listener);
  void on_ready(socket_state& c, std::uint32_t events);
  bool receive(socket_state& c);
  bool take(socket_state& c, std::string_view bytes);
  std::size_t take_request(socket_state& c, std::string_view bytes);
  std::size_t take_frame(socket_state& c, std::string_view bytes);
  void send(socket_state& c, std::string_view bytes, bool is_prepared);
  bool send_rest(socket_state& c);

  std::atomic<std::uint64_t>& count_;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::array<answers, 3> members_{answers("a"), answers("b"), answers("c")};
  std::array<socket_state, 3> listeners_;
  std::array<char, 256 * 1024> scratch_; ///< all connections read into it: what is warm in the cache is fast
  frame frame_;
  std::string reply_;
};

void origin::listen() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    listeners_[i].fd = listen_on_free_port();
    listeners_[i].is_listener = true;
    listeners_[i].member = &members_[i];
    watch(epoll_, EPOLL_CTL_ADD, listeners_[i].fd, EPOLLIN, &listeners_[i]);
    std::printf("%u%c", port_of(listeners_[i].fd), i + 1 < members_.size() ? ' ' : '\n');
  }
  std::fflush(stdout);
}

void origin::run() {
  listen();
  std::array<epoll_event, 256> events;
  for (;;) {
    const int n = ::epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < n; ++i) {
      auto& state = *static_cast<socket_state*>(events[i].data.ptr);
      if (state.is_listener) {
        accept_all(state);
      } else {
        on_ready(state, events[i].events);
      }
    }
  }
}

void origin::accept_all(const socket_state& listener) {
  for (int fd; (fd = accept_from(listener.fd)) >= 0;) {
    auto* c = new socket_state; // lives until its connection ends: see on_ready
    c->fd = fd;
    c->member = listener.member;
    watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN, c);
  }
}

void origin::on_ready(socket_state& c, std::uint32_t events) {
  const bool goes_on = (events & EPOLLOUT) != 0 ? send_rest(c) : receive(c);
  if (goes_on) return;
  ::close(c.fd);
  delete &c;
}

/// False where the connection is over.
bool origin::receive(socket_state& c) {
  const auto n = ::recv(c.fd, scratch_.data(), scratch_.size(), 0);
  if (n < 0) return errno == EAGAIN;
  if (n == 0) return false;
  const std::string_view bytes(scratch_.data(), static_cast<std::size_t>(n));
  if (c.input.empty()) return take(c, bytes);
  const auto all = std::move(c.input) + std::string(bytes);
  c.input.clear();
  return take(c, all);
}

/// Answers what is complete in `bytes` and keeps the rest. While an answer does not go out, nothing is taken.
bool origin::take(socket_state& c, std::string_view bytes) {
  while (!bytes.empty() && c.unsent.empty()) {
    if (c.body_bytes_left > 0) {
      const auto n = std::min<std::uint64_t>(c.body_bytes_left, bytes.size());
      bytes.remove_prefix(n);
      c.body_bytes_left -= n;
      if (c.body_bytes_left == 0) send(c, c.member->to("POST / ").fixed, true);
      continue;
    }
    const bool is_frame = c.is_tunnel;
    const auto taken = is_frame ? take_frame(c, bytes) : take_request(c, bytes);
    if (taken == 0) break;
    if (is_frame && frame_.opcode == opcode_close) return false;
    bytes.remove_prefix(taken);
  }
  c.input = bytes;
  return true;
}

std::size_t origin::take_request(socket_state& c, std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const auto a = c.member->to(bytes.substr(0, end + 4));
  c.is_tunnel = a.opens_tunnel;
  c.body_bytes_left = a.body_bytes;
  if (a.body_bytes == 0) send(c, a.fixed.empty() ? a.made : a.fixed, !a.fixed.empty());
  return end + 4;
}

std::size_t origin::take_frame(socket_state& c, std::string_view bytes) {
  read_frame(bytes, frame_);
  if (frame_.size == 0) return 0;
  reply_.clear();
  append_frame(reply_, frame_.opcode, frame_.payload, false);
  send(c, reply_, false);
  return frame_.size;
}

void origin::send(socket_state& c, std::string_view bytes, bool is_prepared) {
  count_.fetch_add(1, std::memory_order_relaxed);
  const auto n = ::send(c.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) return; // the next read tells that it is over
  c.unsent = bytes.substr(n < 0 ? 0 : static_cast<std::size_t>(n));
  if (c.unsent.empty()) return;
  if (!is_prepared) {
    c.owned = c.unsent;
    c.unsent = c.owned;
  }
  watch(epoll_, EPOLL_CTL_MOD, c.fd, EPOLLOUT, &c);
}

bool origin::send_rest(socket_state& c) {
  const auto n = ::send(c.fd, c.unsent.data(), c.unsent.size(), MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN;
  c.unsent.remove_prefix(static_cast<std::size_t>(n));
  if (!c.unsent.empty()) return true;
  watch(epoll_, EPOLL_CTL_MOD, c.fd, EPOLLIN, &c);
  const auto waiting = std::move(c.input);
  c.input.clear();
  return take(c, waiting);
}

std::atomic<std::uint64_t>& map_counter(const char* path) {
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, sizeof(std::uint64_t)) != 0) fail(path);
  void* mapped = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) fail(path);
  return *new (mapped) std::atomic<std::uint64_t>(0);
}

} // namespace

} // namespace limpet::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_origin COUNTER_FILE\n");
    return 2;
  }
  const auto o = std::make_unique<limpet::bench::origin>(limpet::bench::map_counter(argv[1]));
  o->run();
}
