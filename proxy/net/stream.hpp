#pragma once

#include "proxy/net/deadline.hpp"
#include "proxy/net/types.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace limpet::net {

/// What a read or a write came to. error is would_block where nothing could be done now; a read of 0 bytes
/// without an error is the peer's end.
struct io_result {
  std::size_t bytes = 0;
  error_code error;
};

bool is_would_block(const error_code& error) noexcept;

/// A connected byte stream, TCP or unix: the one type that all relays use. Reads and writes never block and
/// never suspend; waiting is a step of its own, so that nothing holds a buffer while it waits. Two may use it
/// at once, one to read and one to write: each has a time limit of its own, and an interrupt ends the waits
/// of both. Lives on one worker; not movable, since waits and deadlines refer to it.
class stream {
public:
  using socket = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

  stream(socket s, deadline_wheel& wheel) noexcept;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  ~stream();

  io_result read_some(std::span<std::byte> into) noexcept;
  io_result writev(std::span<const iovec> from) noexcept;

  /// Without taking it: whether there is something to read, the peer's end, or neither (would_block).
  io_result peek() noexcept;

  /// Errors: as connect(2), timed_out after `within` (zero: no limit), or why the wait was ended.
  awaitable<error_code> connect(const asio::generic::stream_protocol::endpoint& to,
                                milliseconds within = milliseconds(0));

  /// Until there is something to read, or the limit of expires_after() has passed.
  awaitable<error_code> readable();
  /// Until there is room to write, or `within` has passed: timed_out. Zero means no limit.
  awaitable<error_code> writable(milliseconds within = milliseconds(0));

  /// The same for state machines: handler(error_code).
  template <class Handler>
  void when_readable(Handler&& handler) {
    socket_.async_wait(socket::wait_read, std::forward<Handler>(handler));
  }
  template <class Handler>
  void when_writable(Handler&& handler) {
    socket_.async_wait(socket::wait_write, std::forward<Handler>(handler));
  }

  /// From `after` on, waits for something to read end with timed_out. Arming again replaces; zero means no
  /// limit. clear_deadline also forgets that an earlier one has passed.
  void expires_after(milliseconds after) noexcept;
  void clear_deadline() noexcept;

  /// The waits under way, or the next ones, end with `reason`; so do all after them.
  void interrupt(error_code reason) noexcept;
  /// Forgets an interrupt: waits wait again.
  void resume() noexcept { interrupt_.clear(); }
  const error_code& interrupted() const noexcept { return interrupt_; }

  void shutdown_send() noexcept;
  void close() noexcept;
  /// With a reset instead of an orderly end.
  void abort() noexcept;

  bool is_open() const noexcept { return socket_.is_open(); }
  int native_handle() noexcept { return socket_.native_handle(); }
  deadline_wheel& wheel() noexcept { return wheel_; }

private:
  /// How long one of the two users may wait.
  struct time_limit {
    deadline due;
    bool passed = false;
    void clear() noexcept {
      due.disarm();
      passed = false;
    }
  };

  awaitable<error_code> wait(socket::wait_type what, const time_limit& limit);
  /// Why whoever has this limit is to wait no longer, if so.
  error_code ended(const time_limit& limit) const noexcept;
  void arm(time_limit& limit, milliseconds after, deadline::expire_function on_due) noexcept;
  static void on_read_due(void* self) noexcept;
  static void on_write_due(void* self) noexcept;
  /// Wakes the waits under way; each finds out whether it was meant.
  void wake() noexcept;

  socket socket_;
  deadline_wheel& wheel_;
  time_limit reading_;
  time_limit writing_;
  error_code interrupt_;
};

/// Takes `bytes` that were written off the front of `from`, and empty pieces with them.
void consume(std::span<iovec>& from, std::size_t bytes) noexcept;

/// Writes all of it, waiting where the peer is slow, each time for `within` at most (zero: no limit). `from`
/// is used up as it goes.
awaitable<error_code> write_all(stream& to, std::span<iovec> from, milliseconds within = milliseconds(0));

} // namespace limpet::net
