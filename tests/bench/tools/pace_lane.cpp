#include "tests/bench/tools/pace_lane.hpp"

#include "tests/bench/tools/sockets.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <strings.h>

namespace limpet::bench {

namespace {

std::string_view field(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() + 1 || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) == 0) return line.substr(name.size() + 2);
  }
  return {};
}

double seconds(pace_clock::time_point t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

} // namespace

void pace_tally::add(pace_clock::duration took) {
  constexpr std::uint64_t fine_tenths = 100;
  ++answers;
  const auto tenths =
      static_cast<std::uint64_t>(std::max<std::int64_t>(took / std::chrono::microseconds(100), 0));
  ++tenths_ms[tenths < fine_tenths ? tenths : tenths / 10 * 10];
}

pace_lane::pace_lane(std::uint16_t port, const pace_session& session, pace_clock::time_point first,
                     pace_clock::duration every)
    : port_(port), session_(session),
      request_("GET /counter HTTP/1.1\r\nHost: soak.example\r\nX-User-Id: " + session.name + "\r\n\r\n"),
      due_(first), every_(every) {}

void pace_lane::turn(pace_clock::time_point now, int epoll) {
  if (is_waiting_ || due_ > now) return;
  begun_ = now;
  if (fd_ < 0) {
    fd_ = connect_to(port_);
    set_non_blocking(fd_);
    watch(epoll, EPOLL_CTL_ADD, fd_, EPOLLIN, this);
    requests_ = 0;
  }
  is_waiting_ = true;
  ++requests_;
  const auto n = ::send(fd_, request_.data(), request_.size(), MSG_NOSIGNAL);
  if (n != static_cast<ssize_t>(request_.size())) failed(std::string("send: ") + std::strerror(errno));
}

void pace_lane::on_readable(pace_tally& tally) {
  std::array<char, 16 * 1024> piece;
  const auto n = ::recv(fd_, piece.data(), piece.size(), 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    // Between two requests the other side may end the connection as it likes.
    if (!is_waiting_) return close();
    return failed(n == 0 ? "closed after " + input_.substr(0, 100) : std::string(std::strerror(errno)));
  }
  input_.append(piece.data(), static_cast<std::size_t>(n));
  const auto end = input_.find("\r\n\r\n");
  if (end == input_.npos) return;
  const auto head = input_.substr(0, end + 2);
  const auto length = field(head, "Content-Length");
  std::size_t bytes = 0;
  if (std::from_chars(length.data(), length.data() + length.size(), bytes).ec != std::errc())
    return failed("no Content-Length");
  if (input_.size() < end + 4 + bytes) return;
  if (input_.size() > end + 4 + bytes) return failed("more than the answer came");
  answered(head, tally);
}

void pace_lane::answered(std::string_view head, pace_tally& tally) {
  const bool ends = requests_ >= requests_max || field(head, "Connection") == "close";
  if (!head.starts_with("HTTP/1.1 200 ")) {
    failed(std::string(head.substr(0, head.find("\r\n"))));
    return;
  }
  const auto member = field(head, "X-Member");
  if (member != session_.member)
    std::printf("stray %s %.6f %s\n", session_.name.c_str(), seconds(begun_), std::string(member).c_str());
  tally.add(pace_clock::now() - (every_.count() > 0 ? due_ : begun_));
  is_waiting_ = false;
  due_ += every_;
  input_.clear();
  if (ends) close();
}

/// Told at once, with when the request was begun: whether there is an excuse is for others to say.
void pace_lane::failed(const std::string& what) {
  auto line = what;
  for (auto& c : line)
    if (c == '\r' || c == '\n') c = ' ';
  std::printf("failed %s %.6f %s\n", session_.name.c_str(), seconds(begun_), line.c_str());
  std::fflush(stdout);
  is_waiting_ = false;
  due_ += every_;
  close();
}

void pace_lane::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  input_.clear();
}

} // namespace limpet::bench
