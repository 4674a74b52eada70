#pragma once

#include "proxy/net/listen_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

namespace limpet::ops {

/// Log lines on their way from many workers to one writer, in memory claimed once. The mutex is held for a
/// copy or a swap, never for I/O.
class line_queue {
public:
  /// Throws boost::system::system_error where there is no descriptor left.
  explicit line_queue(std::size_t bytes_max);

  enum class answer : std::uint8_t {
    taken,
    full, ///< or closed
    busy, ///< somebody else has the lock at this moment
  };
  enum class patience : std::uint8_t { none, wait_for_the_lock };

  answer submit(std::string_view lines, patience how_long);
  /// From now on every answer is `full`.
  void close();
  /// Makes wake_fd() readable.
  void wake() noexcept;

  // -- the writer's side

  /// What has come since the last time; empty where nothing has. It counts as queued, and stays, until
  /// release().
  std::string_view take();
  void release();
  /// Readable when something has come to an empty queue, or after wake(), until clear_wake().
  int wake_fd() const noexcept { return wake_.get(); }
  void clear_wake() noexcept;

private:
  /// Memory that was never written to costs nothing.
  struct buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  const std::size_t bytes_max_;
  const net::unique_fd wake_;
  std::mutex mutex_;
  buffer pending_;
  buffer taken_; ///< its bytes are the writer's until release()
  bool closed_ = false;
};

} // namespace limpet::ops
