#pragma once

#include "config/config.hpp"
#include "routing/member.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::membership {

/// A member that the source has taken out and that stays in the view for the time being.
struct departure {
  routing::member member;                                    ///< as it last was
  std::chrono::steady_clock::time_point left;                ///< when the source said so
  std::optional<std::chrono::steady_clock::time_point> held; ///< since when it is held; nothing: it settles
  /// Of a held one, what the guard saw when it held it: so many of so many members had left.
  std::size_t gone = 0;
  std::size_t of = 0;
};

/// Tells a mass removal from one by one. No I/O, no clock; one a pool.
///
/// Members that left without having drained stay for `settle`. With each list that has such departures all of
/// the last `window` are counted, with those that are held; past `max_removal_percent` of the members that
/// there were, all that still settle are held for `hold`.
class removal_guard {
public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::size_t passed_max = 10'000;

  explicit removal_guard(const config::rail_settings& settings) : settings_(settings) {}

  /// For what comes; what is held stays so, for as long as `hold` now says. Switched off (100 %), everything
  /// goes with the next advance().
  void configure(const config::rail_settings& settings) { settings_ = settings; }

  /// `leaving` have left with one list, unannounced; `staying` ready members of the view are in that list as
  /// well. Returns the ids that are held from now on, in order; empty: no mass removal, or none that is new.
  std::vector<std::string> judge(std::vector<routing::member> leaving, std::size_t staying, time_point now);

  /// What became of a member that is in the list again.
  enum class comeback : std::uint8_t {
    none,     ///< it was not here any more, or never
    settling, ///< it had just left
    held,     ///< it was held
  };
  comeback came_back(const std::string& id);

  /// Lets go whose time is over. Returns the ids of those that were held, in order.
  std::vector<std::string> advance(time_point now);
  /// Forgets everything: nothing is held any more, and nothing has left.
  void clear();

  /// Those that stay in the view, by id.
  const std::map<std::string, departure, std::less<>>& departures() const noexcept { return departures_; }
  std::size_t held() const noexcept;
  /// When a departure goes, unless it comes back.
  time_point until(const departure& one) const noexcept;
  /// When advance() has something to do; nothing: never.
  std::optional<time_point> next() const;

private:
  bool is_off() const noexcept { return settings_.max_removal_percent >= 100; }

  config::rail_settings settings_;
  std::map<std::string, departure, std::less<>> departures_;
  /// Members that have left the view within the window, and when. Further ones than passed_max do not count.
  std::map<std::string, time_point, std::less<>> passed_;
};

} // namespace limpet::membership
