#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>

namespace limpet::etcd {

/// Which of several endpoints to use: stays on one while it answers, moves on when it fails.
class endpoint_rotation {
public:
  /// `count` is at least 1. `start` (taken modulo count) is random in production, so that proxies spread over
  /// the servers.
  endpoint_rotation(std::size_t count, std::size_t start) : count_(count), current_(start % count) {}

  std::size_t count() const noexcept { return count_; }
  std::size_t current() const noexcept { return current_; }

  /// Says that `endpoint` failed. Requests that ran side by side fail side by side: only the first report
  /// moves on, or two failures of one server would skip the good one behind it.
  void failed(std::size_t endpoint) noexcept {
    if (endpoint == current_) current_ = (current_ + 1) % count_;
  }

private:
  std::size_t count_;
  std::size_t current_;
};

/// Waits that double from `first` to `last`, each shortened by a random share of up to a half: many clients
/// that lost one server together do not come back together.
class backoff {
public:
  using milliseconds = std::chrono::milliseconds;

  backoff(milliseconds first, milliseconds last, std::uint32_t seed)
      : first_(first), last_(last), random_(seed) {}

  /// How long to wait before the next attempt.
  milliseconds next();
  /// An attempt succeeded: begin again with the shortest wait.
  void reset() noexcept { failures_ = 0; }

private:
  milliseconds first_;
  milliseconds last_;
  unsigned failures_ = 0;
  std::minstd_rand random_;
};

/// `period` lengthened or shortened by up to a tenth, so that what many clients do periodically spreads out.
std::chrono::milliseconds jittered(std::chrono::milliseconds period, std::minstd_rand& random);

} // namespace limpet::etcd
