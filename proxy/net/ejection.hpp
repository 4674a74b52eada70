#pragma once

#include "proxy/net/types.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace limpet::net {

/// When a member that takes connections, but does not answer them well, is left alone for a while.
struct ejection_policy {
  std::uint32_t failures = 0; ///< in a row; 0: however many
  std::uint32_t errors = 0;   ///< answers of 5xx in a row, failures among them; 0: however many
  milliseconds base{10'000};  ///< of the first ejection
  milliseconds longest{300'000};
  std::uint32_t percent_max = 50; ///< of the pool's ready members, rounded down

  bool is_off() const noexcept { return failures == 0 && errors == 0; }
  /// How many of `ready` members may be ejected at once.
  std::uint64_t most_of(std::uint64_t ready) const noexcept { return ready * percent_max / 100; }
};

/// What a member did with a request that it had taken.
enum class misconduct : std::uint8_t {
  closed_early, ///< the connection ended, or was reset, before the answer's end
  malformed_answer,
  answer_timeout,
  server_error, ///< a proper answer of 5xx
};

/// As refusals of these causes are named; "server_error".
std::string_view to_string(misconduct what) noexcept;

/// How one member answers, as all workers of a process see it, and whether it is ejected. Relaxed atomics: a
/// streak that two workers touch at once may come out a little shorter or longer. Attempts that began before
/// the end of an ejection say nothing new: what led to it is known.
class conduct {
public:
  /// A proper answer to an attempt that began then. True where that was the end of a probation.
  bool good(clock::time_point began) noexcept {
    if (failures_.load(std::memory_order_relaxed) == 0 && errors_.load(std::memory_order_relaxed) == 0 &&
        !on_probation()) [[likely]]
      return false;
    if (is_stale(began)) return false;
    let_off();
    return on_probation_.exchange(false, std::memory_order_relaxed);
  }

  /// Misconduct. True where it is one too many. Connections that are cut together count once: that is one
  /// crash, not many.
  bool bad(const ejection_policy& policy, misconduct what, clock::time_point began,
           clock::time_point now) noexcept;

  bool ejected(clock::time_point now) const noexcept {
    const auto until = until_ns_.load(std::memory_order_relaxed);
    return until != 0 && ns(now) < until;
  }
  /// From an ejection until a proper answer.
  bool on_probation() const noexcept { return on_probation_.load(std::memory_order_relaxed); }
  /// Of an ejection that has ended, too; the epoch before the first.
  clock::time_point ejected_until() const noexcept {
    return clock::time_point(std::chrono::nanoseconds(until_ns_.load(std::memory_order_relaxed)));
  }

  /// From `now` on, for `base` as often as it was ejected in succession, `longest` at the most; returns for
  /// how long. In use for `longest` without another, a member begins anew. After its ejection a member is on
  /// probation: the next misconduct is one too many, the next proper answer ends it. For one thread at a
  /// time.
  milliseconds eject(const ejection_policy& policy, clock::time_point now) noexcept;

  /// It could not be ejected: counted anew.
  void let_off() noexcept {
    failures_.store(0, std::memory_order_relaxed);
    errors_.store(0, std::memory_order_relaxed);
  }
  /// Ends an ejection and forgets all.
  void pardon() noexcept;

private:
  static std::int64_t ns(clock::time_point t) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
  }
  bool is_stale(clock::time_point began) const noexcept {
    return ns(began) < until_ns_.load(std::memory_order_relaxed);
  }

  std::atomic<std::int64_t> until_ns_{0}; ///< when the last ejection ends or ended; 0: there was none
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<std::uint32_t> errors_{0};
  std::atomic<std::int64_t> last_cut_ns_{0}; ///< when a cut connection last counted
  std::atomic<std::uint32_t> times_{0};      ///< ejected in succession
  std::atomic<bool> on_probation_{false};
};

} // namespace limpet::net
