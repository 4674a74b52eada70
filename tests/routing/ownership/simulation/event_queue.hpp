#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace limpet::ownership::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using real_time = std::chrono::nanoseconds; ///< since the world began

/// Numbers that depend on nothing but the seed (splitmix64).
class random_numbers {
public:
  explicit random_numbers(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    auto x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  /// 0 to below `end`.
  std::uint64_t below(std::uint64_t end) noexcept { return next() % end; }
  bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }
  real_time between(real_time low, real_time high) noexcept {
    return low + real_time(below(static_cast<std::uint64_t>((high - low).count()) + 1));
  }

private:
  std::uint64_t state_;
};

/// What happens next, and when. Events of one time happen in the order in which they were added.
class event_queue {
public:
  real_time now() const noexcept { return now_; }
  std::uint64_t steps() const noexcept { return steps_; }

  void after(real_time delay, std::function<void()> what) {
    events_.push({now_ + delay, added_++, std::move(what)});
  }
  /// The next one, if it is due by `end`.
  bool step(real_time end) {
    if (events_.empty() || events_.top().at > end) return false;
    auto what = std::move(events_.top().what);
    now_ = events_.top().at;
    events_.pop();
    ++steps_;
    what();
    return true;
  }

private:
  struct event {
    real_time at;
    std::uint64_t order;
    mutable std::function<void()> what;
    bool operator<(const event& other) const noexcept {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  std::priority_queue<event> events_;
  real_time now_{0};
  std::uint64_t added_ = 0;
  std::uint64_t steps_ = 0;
};

} // namespace limpet::ownership::simulation
