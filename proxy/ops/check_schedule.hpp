#pragma once

#include "config/config.hpp"
#include "proxy/membership/health.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace limpet::ops {

/// What the active checks say of a member.
enum class check_verdict : std::uint8_t {
  unknown, ///< no check has passed yet, and not enough have failed: counts as healthy
  healthy,
  unhealthy
};

/// Which members are checked when, and what comes of it. Pure: time and chance come in as arguments.
///
/// A new member is checked at once, for the second time at some moment of the first interval, and from then
/// on once an interval, a little longer or shorter: members that came together do not stay together. At most
/// `at_once_max` checks are under way; what is due beyond waits, the longest due first.
class check_schedule {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Of one member (net::member_target::number), with its pool's settings.
  struct subject {
    std::uint32_t number;
    const config::health_settings* settings;
  };
  /// A check to be made now. Its result is to be told whatever happens meanwhile.
  struct check {
    std::uint32_t number;
    std::uint64_t begun; ///< tells it from checks that the member had before it was taken out, or before its
                         ///< settings changed
  };

  explicit check_schedule(std::size_t at_once_max) : at_once_max_(at_once_max) {}

  /// From now on these members are checked, and no others. One whose settings have changed begins as a new
  /// one. Returns the numbers of all that have begun or ended: checks of theirs that
  /// are under way are of no use any more.
  std::vector<std::uint32_t> set(const std::vector<subject>& subjects, time_point now);

  /// The next check to make now, if there is one.
  std::optional<check> next(time_point now);
  /// When next() has something again, if nothing happens before; time_point::max() where that is for
  /// finished() or set() to bring about.
  time_point wake() const;

  /// A check has ended. Returns the member's verdict where that is another now. `random` is 64 random bits.
  std::optional<check_verdict> finished(const check& what, bool passed, time_point now, std::uint64_t random);
  /// Check it now: what stood in the way is gone. Nothing where it is under way or unknown.
  void hurry(std::uint32_t number, time_point now);

  check_verdict verdict_of(std::uint32_t number) const;
  std::size_t under_way() const noexcept { return under_way_; }
  /// How many are due and wait for others to end.
  std::size_t waiting(time_point now) const;

private:
  struct entry {
    config::health_settings settings;
    membership::health health;
    check_verdict verdict = check_verdict::unknown;
    bool has_been_checked = false;
    std::uint64_t begun = 0; ///< the check under way; 0: none
    time_point due;          ///< with none under way
    time_point started;      ///< of the last check
  };

  void begin(std::uint32_t number, const config::health_settings& settings, time_point now);
  void end(std::map<std::uint32_t, entry>::iterator member);
  static time_point next_due(const entry& e, time_point now, std::uint64_t random);

  std::size_t at_once_max_;
  std::size_t under_way_ = 0;
  std::uint64_t begun_ = 0;
  std::map<std::uint32_t, entry> members_;
  std::set<std::pair<time_point, std::uint32_t>> due_; ///< of those with no check under way
};

} // namespace limpet::ops
