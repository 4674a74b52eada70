#include "tests/bench/tools/flood_connection.hpp"

#include "tests/bench/tools/sockets.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace limpet::bench {

namespace {

constexpr std::string_view status_mark = "HTTP/1.1 ";
constexpr std::string_view retry_mark = "\r\nRetry-After: ";
constexpr std::size_t status_digits = 3;
/// All of a mark but its last byte, with the status behind it.
constexpr std::size_t tail_bytes = std::max(status_mark.size() + status_digits, retry_mark.size()) - 1;

constexpr std::size_t at_once_bytes = 64 * 1024;

constexpr int narrow_window_bytes = 4096;
constexpr int narrow_segment_bytes = 1400;

std::string text_of(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  if (!file) fail(std::string(path));
  return {std::istreambuf_iterator<char>(file), {}};
}

void set_option(int socket, int level, int name, int value) {
  if (::setsockopt(socket, level, name, &value, sizeof value) != 0) fail("setsockopt");
}

sockaddr_in address_of(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

} // namespace

void flood_options::set(std::string_view argument) {
  const auto equals = std::min(argument.find('='), argument.size());
  const auto key = argument.substr(0, equals);
  const std::string value(argument.substr(std::min(equals + 1, argument.size())));
  const auto number = [&](std::uint64_t max) { return number_from(value.c_str(), max); };
  if (key == "port")
    port = static_cast<std::uint16_t>(number(65'535));
  else if (key == "open")
    open = number(1'000'000);
  else if (key == "total")
    total = number(100'000'000);
  else if (key == "sources")
    sources = static_cast<std::uint32_t>(number(250));
  else if (key == "send")
    send = text_of(value);
  else if (key == "drip")
    drip = text_of(value);
  else if (key == "every_ms")
    every = std::chrono::milliseconds(number(3'600'000));
  else if (key == "read") {
    reads_at_once = value == "all";
    read_bytes = value == "all" || value == "none" ? 0 : number(1U << 20);
  } else if (key == "narrow")
    narrow = number(1) == 1;
  else if (key == "vanish")
    vanish = number(1) == 1;
  else {
    errno = EINVAL;
    fail(std::string(argument));
  }
}

std::string flood_tally::json() const {
  std::string statuses;
  for (const auto& [status, count] : answers)
    statuses += (statuses.empty() ? "\"" : ", \"") + std::to_string(status) + "\": " + std::to_string(count);
  return "\"connected\": " + std::to_string(connected) + ", \"failed\": " + std::to_string(failed) +
         ", \"closed\": " + std::to_string(closed) + ", \"reset\": " + std::to_string(reset) +
         ", \"retry_after\": " + std::to_string(retry_after) + ", \"bytes\": " + std::to_string(bytes) +
         ", \"answers\": {" + statuses + "}";
}

void flood_connection::open(const flood_options& options, std::size_t number) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail("socket");
  set_option(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  // A port needs to be free only towards where it goes to.
  set_option(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (options.narrow) {
    set_option(fd_, SOL_SOCKET, SO_RCVBUF, narrow_window_bytes);
    set_option(fd_, IPPROTO_TCP, TCP_MAXSEG, narrow_segment_bytes);
  }
  const auto from = address_of(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(number) % options.sources, 0);
  const auto to = address_of(INADDR_LOOPBACK, options.port);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) fail("bind");
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
    fail("connect");
  state_ = state::connecting;
  interest_ = EPOLLOUT;
  sent_ = 0;
  tail_.clear();
}

void flood_connection::on_event(std::uint32_t events, const flood_options& options, flood_tally& tally) {
  if (state_ == state::connecting) {
    if (events & (EPOLLERR | EPOLLHUP)) {
      ++tally.failed;
      state_ = state::over;
      return;
    }
    ++tally.connected;
    state_ = state::open;
  }
  // What came is read first: the other side may have said why it ended.
  if ((events & EPOLLIN) && options.reads_at_once) receive(at_once_bytes, tally);
  if (is_open() && (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) && !options.reads_at_once) {
    receive(at_once_bytes, tally);
    if (is_open() && (events & (EPOLLERR | EPOLLHUP))) end((events & EPOLLERR) == 0, tally);
  }
  if (is_open()) send_more(options.send, tally);
}

void flood_connection::on_drip(const flood_options& options, flood_tally& tally) {
  if (options.read_bytes > 0) receive(options.read_bytes, tally);
  if (!is_open() || sent_ < options.send.size() || options.drip.empty()) return;
  const auto n = ::send(fd_, options.drip.data(), options.drip.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && options.reads_at_once) receive(at_once_bytes, tally);
}

bool flood_connection::interest_changed(const flood_options& options) noexcept {
  const auto wanted = static_cast<std::uint32_t>(EPOLLRDHUP) | (options.reads_at_once ? EPOLLIN : 0U) |
                      (sent_ < options.send.size() ? EPOLLOUT : 0U);
  return std::exchange(interest_, wanted) != wanted;
}

void flood_connection::send_more(std::string_view all, flood_tally& tally) {
  while (sent_ < all.size()) {
    const auto n = ::send(fd_, all.data() + sent_, all.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    // It wants no more of this; what it has said is still to be read.
    if (n < 0)
      sent_ = all.size();
    else
      sent_ += static_cast<std::size_t>(n);
    if (n < 0) receive(at_once_bytes, tally);
  }
}

/// What is left in the kernel is another event's, or the next time's.
void flood_connection::receive(std::size_t most, flood_tally& tally) {
  std::array<char, at_once_bytes> piece;
  const auto n = ::recv(fd_, piece.data(), std::min(piece.size(), most), 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return end(n == 0, tally);
  count({piece.data(), static_cast<std::size_t>(n)}, tally);
}

/// Marks that end in what is new; those before were counted with the piece before.
void flood_connection::count(std::string_view bytes, flood_tally& tally) {
  tally.bytes += bytes.size();
  const auto known = tail_.size();
  tail_ += bytes;
  const std::string_view all = tail_;
  const auto each = [&](std::string_view mark, std::size_t more, auto on_mark) {
    for (auto at = all.find(mark); at != all.npos; at = all.find(mark, at + 1)) {
      const auto end = at + mark.size() + more;
      if (end > known && end <= all.size()) on_mark(all.substr(at + mark.size(), more));
    }
  };
  each(status_mark, status_digits,
       [&](std::string_view digits) { ++tally.answers[std::atoi(std::string(digits).c_str())]; });
  each(retry_mark, 0, [&](std::string_view) { ++tally.retry_after; });
  if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
}

void flood_connection::end(bool in_order, flood_tally& tally) noexcept {
  ++(in_order ? tally.closed : tally.reset);
  state_ = state::over;
}

void flood_connection::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = state::none;
}

void flood_connection::vanish() noexcept {
  if (fd_ < 0) return;
  set_option(fd_, IPPROTO_TCP, TCP_REPAIR, 1);
  close();
}

} // namespace limpet::bench
