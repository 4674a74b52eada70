#include "proxy/net/stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace limpet::net {

namespace {

io_result last_error() noexcept {
  return {0, error_code(errno, boost::system::system_category())};
}

/// Heads and small frames must not wait for an acknowledgement (RFC 896). Fails harmlessly on unix sockets.
void set_no_delay(int fd) noexcept {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

} // namespace

bool is_would_block(const error_code& error) noexcept {
  return error == boost::system::errc::operation_would_block ||
         error == boost::system::errc::resource_unavailable_try_again;
}

stream::stream(socket s, deadline_wheel& wheel) noexcept : socket_(std::move(s)), wheel_(wheel) {
  error_code ignored;
  if (!socket_.is_open()) return;
  socket_.native_non_blocking(true, ignored);
  set_no_delay(socket_.native_handle());
}

stream::~stream() {
  close();
}

io_result stream::read_some(std::span<std::byte> into) noexcept {
  for (;;) {
    const auto n = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (n >= 0) return {static_cast<std::size_t>(n), {}};
    if (errno != EINTR) return last_error();
  }
}

io_result stream::writev(std::span<const iovec> from) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from.data());
  message.msg_iovlen = from.size();
  for (;;) {
    const auto n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (n >= 0) return {static_cast<std::size_t>(n), {}};
    if (errno != EINTR) return last_error();
  }
}

io_result stream::peek() noexcept {
  std::byte one;
  const auto n = ::recv(socket_.native_handle(), &one, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0) return last_error();
  return {static_cast<std::size_t>(n), {}};
}

awaitable<error_code> stream::connect(const asio::generic::stream_protocol::endpoint& to,
                                      milliseconds within) {
  error_code ec;
  arm(writing_, within, &on_write_due);
  co_await socket_.async_connect(to, asio::redirect_error(asio::use_awaitable_t<executor>{}, ec));
  const auto why = ended(writing_);
  writing_.clear();
  co_return why ? why : ec;
}

error_code stream::ended(const time_limit& limit) const noexcept {
  if (interrupt_) return interrupt_;
  return limit.passed ? error_code(asio::error::timed_out) : error_code();
}

awaitable<error_code> stream::wait(socket::wait_type what, const time_limit& limit) {
  for (;;) {
    if (const auto why = ended(limit)) co_return why;
    error_code ec;
    co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable_t<executor>{}, ec));
    // Aborted for the other's sake it waits on, unless the stream was closed, which the next wait says.
    if (ec != asio::error::operation_aborted && !ended(limit)) co_return ec;
  }
}

awaitable<error_code> stream::readable() {
  return wait(socket::wait_read, reading_);
}

awaitable<error_code> stream::writable(milliseconds within) {
  arm(writing_, within, &on_write_due);
  const auto error = co_await wait(socket::wait_write, writing_);
  writing_.clear();
  co_return error;
}

void stream::arm(time_limit& limit, milliseconds after, deadline::expire_function on_due) noexcept {
  limit.passed = false;
  limit.due.arm(wheel_, after, on_due, this);
}

void stream::on_read_due(void* self) noexcept {
  auto& s = *static_cast<stream*>(self);
  s.reading_.passed = true;
  s.wake();
}

void stream::on_write_due(void* self) noexcept {
  auto& s = *static_cast<stream*>(self);
  s.writing_.passed = true;
  s.wake();
}

void stream::expires_after(milliseconds after) noexcept {
  arm(reading_, after, &on_read_due);
}

void stream::clear_deadline() noexcept {
  reading_.clear();
}

void stream::interrupt(error_code reason) noexcept {
  interrupt_ = reason;
  wake();
}

void stream::wake() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

void stream::shutdown_send() noexcept {
  error_code ignored;
  socket_.shutdown(socket::shutdown_send, ignored);
}

void stream::close() noexcept {
  reading_.due.unlink();
  writing_.due.unlink();
  error_code ignored;
  socket_.close(ignored);
}

void stream::abort() noexcept {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
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

awaitable<error_code> write_all(stream& to, std::span<iovec> from, milliseconds within) {
  consume(from, 0);
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

} // namespace limpet::net
