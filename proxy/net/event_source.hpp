#pragma once

#include "proxy/net/listen_socket.hpp"
#include "proxy/net/types.hpp"

#include <cstdint>

namespace limpet::net {

class event_loop;

/// Who is called when a wait is over.
struct waiter {
  void (*call)(void* context) = nullptr;
  void* context = nullptr;
  explicit operator bool() const noexcept { return call != nullptr; }
};

/// When those who waited have their turn. What was begun is ended before more is begun: fewer requests are
/// under way at a time, and what they need is still in the caches.
enum class turn : std::uint8_t {
  at_once, ///< a request or a tunnel is under way
  fresh    ///< a request may begin, or a connection
};

/// A link in one of the loop's lists of those whose turn it is; in none while it points nowhere.
struct source_link {
  source_link() = default;
  source_link(const source_link&) = delete;
  void unlink() noexcept {
    if (!next) return;
    next->previous = previous;
    previous->next = next;
    next = previous = nullptr;
  }
  source_link* next = nullptr;
  source_link* previous = nullptr;
};

/// What an event loop knows of one descriptor: whether reading or writing may be worth a try, and who waits
/// for that. The descriptor is watched from the first wait on, once and for all, edge-triggered: waits cost
/// no system calls.
class event_source : private source_link {
public:
  event_source(event_loop& loop, unique_fd fd) noexcept : loop_(loop), fd_(std::move(fd)) {}
  ~event_source() { unlink(); }

  int fd() const noexcept { return fd_.get(); }
  event_loop& loop() const noexcept { return loop_; }

  /// False where it is known to be in vain until the loop says otherwise.
  bool may_read() const noexcept { return may_read_; }
  bool may_write() const noexcept { return may_write_; }
  /// A read brought less than it had room for, or nothing. The peer's end is not forgotten by that.
  void drained() noexcept { may_read_ = ended_; }
  /// A write took less than it was given.
  void filled() noexcept { may_write_ = false; }

  /// `who` is called once, from the loop, when reading (writing) may be worth a try, or it was woken. One of
  /// each kind at a time. Where the system cannot watch the descriptor, which takes memory, `who` is called
  /// all the same, and is_unwatchable().
  void when_readable(waiter who, turn t) noexcept;
  void when_writable(waiter who) noexcept;
  bool has_reader() const noexcept { return static_cast<bool>(reader_); }
  bool has_writer() const noexcept { return static_cast<bool>(writer_); }
  void forget_reader() noexcept { reader_ = {}; }
  void forget_writer() noexcept { writer_ = {}; }
  bool is_unwatchable() const noexcept { return is_unwatchable_; }
  /// Whether the peer is known to send no more, whatever is still to be read of what it has sent.
  bool peer_has_ended() noexcept {
    watch();
    return ended_;
  }

  /// Ends the wait that is under way, if one is.
  void wake_reader() noexcept;
  void wake_writer() noexcept;

  /// Nobody is called any more.
  void close() noexcept;

private:
  friend class event_loop;
  friend class source_list;

  void watch() noexcept;
  void note(std::uint32_t events) noexcept;
  bool reader_is_due() const noexcept { return reader_ && (may_read_ || reader_woken_); }
  bool writer_is_due() const noexcept { return writer_ && (may_write_ || writer_woken_); }
  /// Hangs it into a list where somebody's turn has come.
  void take_turn() noexcept;

  event_loop& loop_;
  waiter reader_;
  waiter writer_;
  unique_fd fd_;
  turn reader_turn_ = turn::at_once;
  turn place_ = turn::at_once; ///< while it hangs in a list: where
  bool is_watched_ = false;
  bool is_unwatchable_ = false;
  bool may_read_ = true;
  bool may_write_ = true;
  bool ended_ = false; ///< the peer sends no more
  bool reader_woken_ = false;
  bool writer_woken_ = false;
};

/// Sources whose turn it is, first come first served.
class source_list {
public:
  source_list() noexcept { ends_.next = ends_.previous = &ends_; }
  bool empty() const noexcept { return ends_.next == &ends_; }
  void push_back(event_source& source) noexcept;
  event_source& pop_front() noexcept;
  /// Takes all that the other has.
  void take_all(source_list& other) noexcept;

private:
  source_link ends_;
};

} // namespace limpet::net
