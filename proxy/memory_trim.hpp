#pragma once

#include "proxy/net/connection_limiter.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>

namespace limpet {

/// Whether a crowd of connections has gone, and with it the need for most of the memory. Looked at once a
/// second, and a crowd may stay for less.
class crowd {
public:
  /// Fewer cost next to nothing.
  static constexpr std::uint32_t least = 256;
  /// Looks between two times that it has left, so that a crowd that comes and goes costs little.
  static constexpr unsigned looks_between = 10;

  /// `most` is how many there were at once since the look before, and at it; `now` how many there are. True
  /// once when of the most so far at least half, and `least`, are gone, and those that went since the look
  /// before are few.
  bool has_left(std::uint32_t most, std::uint32_t now) noexcept;

private:
  std::uint32_t most_ = 0;
  unsigned looks_left_ = 0;
};

/// Gives freed memory back to the system once a crowd has left. The allocator by itself does so only with
/// what lies at the end of an arena, so that a flood would have the process keep its size for good. Workers
/// that allocate meanwhile wait until their arena is done.
class memory_trim {
public:
  memory_trim(boost::asio::io_context& io, net::connection_limiter& connections);
  void start();
  void stop() noexcept { timer_.cancel(); }

private:
  net::connection_limiter& connections_;
  crowd crowd_;
  boost::asio::steady_timer timer_;
};

} // namespace limpet
