#include "proxy/net/stream.hpp"

#include "proxy/net/event_loop.hpp"

#include <boost/asio/error.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace limpet::net {

namespace {

error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

error_code would_block() noexcept {
  return {EAGAIN, boost::system::system_category()};
}

/// One piece has a system call that costs less.
ssize_t send_pieces(int fd, std::span<const iovec> from) noexcept {
  if (from.size() == 1) return ::send(fd, from[0].iov_base, from[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from.data());
  message.msg_iovlen = from.size();
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

} // namespace

stream::stream(unique_fd socket, event_loop& loop) noexcept : source_(loop, std::move(socket)) {}

stream::~stream() {
  close();
}

boost::system::result<unique_fd> stream::open(const stream_endpoint& kind) noexcept {
  unique_fd socket(::socket(kind.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return last_error();
  set_no_delay(socket.get());
  return socket;
}

io_result stream::read_some(std::span<std::byte> into) noexcept {
  if (!source_.may_read()) return {0, would_block()};
  for (;;) {
    const auto n = ::recv(native_handle(), into.data(), into.size(), 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      const auto error = last_error();
      if (is_would_block(error)) source_.drained();
      return {0, error};
    }
    // Less than there was room for is all that there was (epoll(7)): what comes later is an event.
    const auto bytes = static_cast<std::size_t>(n);
    if (bytes > 0 && bytes < into.size()) source_.drained();
    return {bytes, {}};
  }
}

io_result stream::writev(std::span<const iovec> from) noexcept {
  if (!source_.may_write()) return {0, would_block()};
  ownership::boot_time allowed_at{};
  if (guard_) {
    allowed_at = boot_now();
    if (!guard_->allows(allowed_at)) return {0, fenced()};
  }
  std::size_t all = 0;
  for (const auto& piece : from)
    all += piece.iov_len;
  for (;;) {
    const auto n = send_pieces(native_handle(), from);
    if (n < 0) {
      if (errno == EINTR) continue;
      const auto error = last_error();
      if (is_would_block(error)) source_.filled();
      return {0, error};
    }
    const auto bytes = static_cast<std::size_t>(n);
    if (bytes < all) source_.filled();
    if (guard_ && bytes > 0) guard_->wrote(allowed_at);
    return {bytes, {}};
  }
}

io_result stream::peek() noexcept {
  std::byte one;
  const auto n = ::recv(native_handle(), &one, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n >= 0) return {static_cast<std::size_t>(n), {}};
  const auto error = last_error();
  if (is_would_block(error)) source_.drained();
  return {0, error};
}

task<error_code> stream::connect(const stream_endpoint& to, milliseconds within) {
  if (::connect(native_handle(), to.data(), static_cast<socklen_t>(to.size())) == 0) co_return error_code{};
  if (errno != EINPROGRESS) co_return last_error();
  source_.filled();
  error_code error;
  arm(writing_, within, &on_write_due);
  while (!error && !source_.may_write())
    error = co_await wait(*this, wait::what::write, turn::at_once);
  if (error) co_return error;
  int why = 0;
  socklen_t size = sizeof why;
  ::getsockopt(native_handle(), SOL_SOCKET, SO_ERROR, &why, &size);
  co_return error_code(why, boost::system::system_category());
}

error_code stream::ended(const time_limit& limit) const noexcept {
  if (interrupt_) return interrupt_;
  if (limit.passed) return asio::error::timed_out;
  return source_.is_unwatchable() ? error_code(asio::error::no_buffer_space) : error_code();
}

stream::wait stream::readable(turn t) noexcept {
  return {*this, wait::what::read, t};
}

stream::wait stream::pause() noexcept {
  return {*this, wait::what::pause, turn::at_once};
}

stream::wait stream::writable(milliseconds within) noexcept {
  arm(writing_, within, &on_write_due);
  return {*this, wait::what::write, turn::at_once};
}

bool stream::wait::await_ready() const noexcept {
  switch (what_) {
  case what::read:
    // Who begins something new gives the others their turn first, whatever is there already.
    return stream_.ended(stream_.reading_) || (turn_ == turn::at_once && stream_.source_.may_read());
  case what::write:
    return stream_.ended(stream_.writing_) || stream_.source_.may_write();
  case what::pause:
    break;
  }
  return false;
}

void stream::wait::await_suspend(std::coroutine_handle<> coroutine) noexcept {
  is_under_way_ = true;
  const waiter resume{[](void* frame) { std::coroutine_handle<>::from_address(frame).resume(); },
                      coroutine.address()};
  if (what_ == what::write) return stream_.source_.when_writable(resume);
  stream_.source_.when_readable(resume, turn_);
  if (what_ == what::pause) stream_.source_.wake_reader();
}

stream::wait::~wait() {
  if (!is_under_way_) return;
  what_ == what::write ? stream_.source_.forget_writer() : stream_.source_.forget_reader();
}

error_code stream::wait::await_resume() noexcept {
  is_under_way_ = false;
  if (what_ != what::write) return stream_.ended(stream_.reading_);
  const auto error = stream_.ended(stream_.writing_);
  stream_.writing_.clear();
  return error;
}

void stream::arm(time_limit& limit, milliseconds after, deadline::expire_function on_due) noexcept {
  limit.passed = false;
  limit.due.arm(loop().wheel(), after, on_due, this);
}

void stream::on_read_due(void* self) noexcept {
  auto& s = *static_cast<stream*>(self);
  s.reading_.passed = true;
  s.source_.wake_reader();
}

void stream::on_write_due(void* self) noexcept {
  auto& s = *static_cast<stream*>(self);
  s.writing_.passed = true;
  s.source_.wake_writer();
}

void stream::expires_after(milliseconds after) noexcept {
  arm(reading_, after, &on_read_due);
}

void stream::clear_deadline() noexcept {
  reading_.clear();
}

void stream::interrupt(error_code reason) noexcept {
  if (!interrupt_) interrupt_ = reason;
  source_.wake_reader();
  source_.wake_writer();
}

void stream::keep_alive() noexcept {
  set_keep_alive(native_handle());
}

void stream::shutdown_send() noexcept {
  ::shutdown(native_handle(), SHUT_WR);
}

void stream::close() noexcept {
  reading_.due.unlink();
  writing_.due.unlink();
  source_.close();
}

void stream::abort() noexcept {
  const linger reset{1, 0};
  ::setsockopt(native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close();
}

void consume(std::span<iovec>& from, std::size_t bytes) noexcept {
  while (!from.empty()) {
    auto& first = from.front();
    const auto taken = std::min(bytes, first.iov_len);
    first.iov_base = static_cast<std::byte*>(first.iov_base) + taken;
    first.iov_len -= taken;
    bytes -= taken;
    if (first.iov_len > 0) return;
    from = from.subspan(1);
  }
}

namespace {

task<error_code> write_rest(stream& to, std::span<iovec> from, milliseconds within) {
  while (!from.empty()) {
    auto [bytes, error] = to.writev(from);
    if (is_would_block(error)) {
      error = co_await to.writable(within);
      if (!error) continue;
    }
    if (error) co_return error;
    consume(from, bytes);
  }
  co_return error_code{};
}

} // namespace

task<error_code> write_all(stream& to, std::span<iovec> from, milliseconds within) {
  consume(from, 0);
  if (from.empty()) return error_code{};
  const auto [bytes, error] = to.writev(from);
  if (error && !is_would_block(error)) return error;
  consume(from, bytes);
  if (from.empty()) return error_code{};
  return write_rest(to, from, within);
}

} // namespace limpet::net
