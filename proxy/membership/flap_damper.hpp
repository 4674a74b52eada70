#pragma once

#include "config/config.hpp"
#include "routing/member.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::membership {

/// Tells members that come and go from those that are there. No I/O, no clock; one a pool.
///
/// A flap is a return within `window`, or another incarnation. A member with more than `flaps` of them within
/// `window` is damped, to be left out of the view, until it has been there for `steady`, as far as enough
/// others are left.
class flap_damper {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Members that have flapped or left lately, and are remembered; further ones are not damped.
  static constexpr std::size_t members_max = 10'000;

  struct entry {
    std::deque<time_point> flaps;   ///< those of the last window, no more than make the member damped
    std::size_t flaps_seen = 0;     ///< all since it began to flap
    std::optional<time_point> gone; ///< since when it is not there; nothing: it is there
    time_point there;               ///< since when it is, or was, there as this incarnation
    bool is_damped = false;
    bool is_spared = false; ///< it should be damped, but too few others would be left
  };

  explicit flap_damper(const config::rail_settings& settings) : settings_(settings) {}

  /// For what comes. Switched off, nobody is damped from the next advance() on.
  void configure(const config::rail_settings& settings) { settings_ = settings; }

  /// The member is not in the source's list any more.
  void left(const std::string& id, time_point now);
  /// It is in the list again, but counts as never having been away.
  void was_never_away(const std::string& id);
  /// It is in the list and was not before. Returns whether that is a flap.
  bool came(const std::string& id, time_point now);
  /// It is in the list with another incarnation than before, which is a flap.
  void reborn(const std::string& id, time_point now);

  /// What became of those that flapped with a list.
  struct verdicts {
    std::vector<std::string> damped; ///< from now on
    std::vector<std::string> spared; ///< from now on; once for as long as they go on to flap
  };
  /// Damps what has flapped too often since the last call, as long as of the ready members that are `there`
  /// no more than max_removal_percent are damped, and one is not. `there` is sorted by id.
  verdicts judge(std::span<const routing::member> there);
  /// Lets those in that have been there long enough, or are needed now; the longest there first. Returns
  /// them.
  std::vector<std::string> advance(std::span<const routing::member> there, time_point now);
  /// Lets all in, and judges nobody that flapped so far. Their flaps still count.
  std::vector<std::string> release_all();

  bool is_damped(std::string_view id) const;
  const std::map<std::string, entry, std::less<>>& entries() const noexcept { return entries_; }
  /// When a damped member is let in, if it stays; nothing where it is not there.
  std::optional<time_point> until(const entry& one) const noexcept;
  /// When advance() has something to do; nothing: never.
  std::optional<time_point> next() const;

private:
  struct counts {
    std::size_t ready = 0;
    std::size_t damped = 0; ///< of those
  };

  entry* entry_of(const std::string& id);
  void flap(entry& one, const std::string& id, time_point now);
  void forget(time_point now);
  counts count(std::span<const routing::member> there) const;
  /// Whether of so many ready members so many may be damped.
  bool may_be(counts now) const noexcept;
  void let_in_needed(std::span<const routing::member> there, std::vector<std::string>& let_in);

  config::rail_settings settings_;
  std::map<std::string, entry, std::less<>> entries_;
  std::vector<std::string> flapped_; ///< too often, and not yet judged
};

} // namespace limpet::membership
