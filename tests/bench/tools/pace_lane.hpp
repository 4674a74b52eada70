#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace limpet::bench {

using pace_clock = std::chrono::steady_clock; // CLOCK_MONOTONIC, as Python's time.monotonic()

/// Who asks, and where its answers must come from.
struct pace_session {
  std::string name;
  std::string member;
};

/// What came back since it was last told of.
struct pace_tally {
  std::uint64_t answers = 0;
  /// Times by tenths of a millisecond; above ten milliseconds by whole ones, so that the table stays small.
  std::map<std::uint64_t, std::uint64_t> tenths_ms;

  void add(pace_clock::duration took);
};

/// One client: a request at a time over a kept connection, each when it is due. An answer's time counts from
/// when its request was due, so that what waits behind a slow one shows.
class pace_lane {
public:
  /// Of a connection: then it is replaced, as clients come and go.
  static constexpr std::size_t requests_max = 500;

  /// `every` of zero: as soon as the answer before has come.
  pace_lane(std::uint16_t port, const pace_session& session, pace_clock::time_point first,
            pace_clock::duration every);

  /// Sends what is due. Connects first where need be; on the loopback that does not wait for the other side.
  void turn(pace_clock::time_point now, int epoll);
  void on_readable(pace_tally& tally);

  bool is_waiting() const noexcept { return is_waiting_; } ///< for an answer
  pace_clock::time_point due() const noexcept { return due_; }

private:
  void close() noexcept;
  void answered(std::string_view head, pace_tally& tally);
  void failed(const std::string& what);

  std::uint16_t port_;
  const pace_session& session_;
  std::string request_;
  pace_clock::time_point due_;
  pace_clock::duration every_;
  pace_clock::time_point begun_; ///< when the request under way was sent
  int fd_ = -1;
  bool is_waiting_ = false;
  std::size_t requests_ = 0; ///< of this connection
  std::string input_;
};

} // namespace limpet::bench
