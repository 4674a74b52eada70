#pragma once

#include "proxy/net/deadline.hpp"
#include "proxy/net/event_source.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/types.hpp"
#include "proxy/net/write_guard.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <span>

namespace limpet::net {

static_assert(EWOULDBLOCK == EAGAIN);

/// What a read or a write came to. error is would_block where nothing could be done now; a read of 0 bytes
/// without an error is the peer's end.
struct io_result {
  std::size_t bytes = 0;
  error_code error;
};

inline bool is_would_block(const error_code& error) noexcept {
  return error.value() == EAGAIN && error.category() == boost::system::system_category();
}

using stream_endpoint = asio::generic::stream_protocol::endpoint;

/// A connected byte stream, TCP or unix: the one type that all relays use. Reads and writes never block and
/// never suspend; waiting is a step of its own, so that nothing holds a buffer while it waits. Two may use it
/// at once, one to read and one to write: each has a time limit of its own, and an interrupt ends the waits
/// of both. Lives on one worker; not movable, since waits and deadlines refer to it.
class stream {
public:
  /// Takes a socket that does not block and does not delay (set_no_delay).
  stream(unique_fd socket, event_loop& loop) noexcept;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  ~stream();

  /// A socket of that kind, not connected yet. Errors: as socket(2).
  static boost::system::result<unique_fd> open(const stream_endpoint& kind) noexcept;

  /// No system call where it is known that there is nothing to read.
  io_result read_some(std::span<std::byte> into) noexcept;
  /// The same where it is known that there is no room.
  io_result writev(std::span<const iovec> from) noexcept;

  /// From now on each write is asked of it first, and comes to fenced() where it does not allow it; null:
  /// none is. It has to last until it is replaced.
  void guard(write_guard* g) noexcept { guard_ = g; }

  /// Without taking it, and asking the system: whether there is something to read, the peer's end, or neither
  /// (would_block).
  io_result peek() noexcept;
  /// False where nothing has come, not even the peer's end, as far as the loop has heard.
  bool may_read() const noexcept { return source_.may_read(); }

  /// Errors: as connect(2), timed_out after `within` (zero: no limit), or why the wait was ended.
  task<error_code> connect(const stream_endpoint& to, milliseconds within = milliseconds(0));

  class wait;
  /// Until there may be something to read, or the limit of expires_after() has passed. co_await gives the
  /// error. Whoever begins something new waits with turn::fresh.
  wait readable(turn t = turn::at_once) noexcept;
  /// Until the others have had their turn, whether there is something to read or not. For loops that would
  /// otherwise go on for as long as the peers are fast.
  wait pause() noexcept;
  /// Until there may be room to write, or `within` has passed: timed_out. Zero means no limit.
  wait writable(milliseconds within = milliseconds(0)) noexcept;

  /// The same for state machines, which then just try; unless cannot_wait().
  void when_readable(waiter who) noexcept { source_.when_readable(who, turn::at_once); }
  void when_writable(waiter who) noexcept { source_.when_writable(who); }
  void forget_reader() noexcept { source_.forget_reader(); }
  /// The system has no memory to watch it. Waits of coroutines end with no_buffer_space.
  bool cannot_wait() const noexcept { return source_.is_unwatchable(); }

  /// From `after` on, waits for something to read end with timed_out. Arming again replaces; zero means no
  /// limit. clear_deadline also forgets that an earlier one has passed.
  void expires_after(milliseconds after) noexcept;
  void clear_deadline() noexcept;

  /// The waits under way, or the next ones, end with `reason`; so do all after them. The first reason stays.
  void interrupt(error_code reason) noexcept;
  /// Forgets an interrupt, if that was its reason: waits wait again.
  void resume(error_code reason) noexcept {
    if (interrupt_ == reason) interrupt_.clear();
  }
  const error_code& interrupted() const noexcept { return interrupt_; }

  /// As event_source::peer_has_ended().
  bool peer_has_ended() noexcept { return source_.peer_has_ended(); }

  /// As set_keep_alive(): for a connection that may be silent for long. What was accepted has it already.
  void keep_alive() noexcept;

  void shutdown_send() noexcept;
  /// Nobody who waits is called any more.
  void close() noexcept;
  /// With a reset instead of an orderly end.
  void abort() noexcept;

  bool is_open() const noexcept { return source_.fd() >= 0; }
  int native_handle() const noexcept { return source_.fd(); }
  event_loop& loop() const noexcept { return source_.loop(); }

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

  /// Why whoever has this limit is to wait no longer, if so.
  error_code ended(const time_limit& limit) const noexcept;
  void arm(time_limit& limit, milliseconds after, deadline::expire_function on_due) noexcept;
  static void on_read_due(void* self) noexcept;
  static void on_write_due(void* self) noexcept;

  event_source source_;
  time_limit reading_;
  time_limit writing_;
  error_code interrupt_;
  write_guard* guard_ = nullptr;
};

/// A wait of a coroutine, for co_await.
class [[nodiscard]] stream::wait {
public:
  wait(const wait&) = delete;
  /// A coroutine that is destroyed in its wait is not called any more.
  ~wait();
  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<> coroutine) noexcept;
  error_code await_resume() noexcept;

private:
  friend class stream;
  enum class what : std::uint8_t { read, write, pause };
  wait(stream& s, what w, turn t) noexcept : stream_(s), what_(w), turn_(t) {}
  stream& stream_;
  what what_;
  turn turn_;
  bool is_under_way_ = false;
};

/// Takes `bytes` that were written off the front of `from`, and empty pieces with them.
void consume(std::span<iovec>& from, std::size_t bytes) noexcept;

/// Writes all of it, waiting where the peer is slow, each time for `within` at most (zero: no limit). `from`
/// is used up as it goes; what it stands in has to last.
task<error_code> write_all(stream& to, std::span<iovec> from, milliseconds within = milliseconds(0));

} // namespace limpet::net
