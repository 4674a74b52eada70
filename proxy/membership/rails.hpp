#pragma once

#include "proxy/membership/flap_damper.hpp"
#include "proxy/membership/removal_guard.hpp"
#include "proxy/membership/source.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace limpet::membership {

/// Something that rails did or saw and that an operator should read of.
struct rails_event {
  enum class kind : std::uint8_t {
    held,      ///< the guard holds these back from now on, and held none before
    held_more, ///< and these too
    came_back, ///< held members that are in the list again
    let_go,    ///< held members whose `hold` is over: they have left the view
    damped,    ///< these flap, and are left out
    spared,    ///< these flap, and stay in the view, since too few others would be left
    let_in,    ///< damped members that are in the view again
    suspended,
    resumed,
    applied, ///< by an operator: the view is what the source says
  };

  kind what;
  std::vector<std::string> ids{}; ///< in order; of `applied` those that left the view, came in or changed
  std::size_t gone = 0;           ///< of `held` and `held_more`: so many members have left...
  std::size_t of = 0;             ///< ...of so many

  friend bool operator==(const rails_event&, const rails_event&) = default;
};

/// What rails hold back, and why.
struct rails_status {
  using time_point = std::chrono::steady_clock::time_point;

  struct departed {
    std::string id;
    time_point since;                ///< when it left
    std::optional<time_point> until; ///< when it leaves the view; nothing: not while the pool is suspended
    /// Of a held one: so many of so many members had left when it was held.
    std::size_t gone = 0;
    std::size_t of = 0;
  };
  struct damped_member {
    std::string id;
    std::size_t flaps = 0; ///< since it began to flap
    bool is_there = false;
    std::optional<time_point> until; ///< when it is let in, if it stays; nothing: not so, or as above
  };
  /// What would be another view, were it not suspended.
  struct pending_changes {
    std::vector<std::string> joined, left, changed;
  };

  std::optional<time_point> suspended; ///< since when
  std::vector<departed> held;
  std::vector<departed> leaving; ///< left, and stay for `settle`
  std::vector<damped_member> damped;
  pending_changes pending;
  std::size_t members_told = 0;  ///< by the source, in its last list
  std::uint64_t guard_trips = 0; ///< times that the guard began to hold
  std::uint64_t flaps = 0;
  config::rail_settings settings;
};

/// Stands between what a pool's source says and the pool's view: holds mass removals back, leaves flapping
/// members out, lets an operator suspend it all. README.md says what the rules are. A state machine without
/// I/O or clock; each call takes the time, which must not go back, and returns what to do.
class rails {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct step {
    std::optional<member_list> publish{}; ///< the list to publish; nothing: the one before stays
    std::optional<time_point> timer{};    ///< when to call timer(); instead of what an earlier step said
    std::vector<rails_event> events{};
  };

  explicit rails(const config::rail_settings& settings);

  /// The source's whole list. No two members may have one id.
  step listed(member_list list, time_point now);
  step timer(time_point now);
  /// Keeps the view as it is until resume().
  step suspend(time_point now);
  /// Compares the latest list with the view, as if it had just come.
  step resume(time_point now);
  /// Makes the view what the source says, at once: removals without the guard, damped members too. A
  /// suspended pool stays suspended.
  step apply(time_point now);
  /// Other settings, as of a reload; forgets nothing.
  step configure(const config::rail_settings& settings, time_point now);

  rails_status status() const;

private:
  using members = std::vector<routing::member>; ///< sorted by id

  /// What a list changes in the view's members, before anybody judges it.
  struct difference {
    members leaving;               ///< out of the view, unannounced
    std::size_t staying = 0;       ///< ready members of the view that are ready in the list too
    std::vector<std::string> back; ///< members that were held and are in the list again
  };

  difference take_over(time_point now);
  void note_left(const routing::member& one, difference& found, time_point now);
  void note_came(const routing::member& one, difference& found, time_point now);
  void note_both(const routing::member& before, const routing::member& after, difference& found,
                 time_point now);
  void judge(difference found, time_point now);
  void follow_time(time_point now);
  step publish();
  members view() const;
  void tell(rails_event::kind what, std::vector<std::string> ids);

  config::rail_settings settings_;
  removal_guard guard_;
  flap_damper damper_;
  bool is_started_ = false;
  members told_;       ///< the source's last list that counts: while suspended, the one before that
  member_list latest_; ///< the source's last list
  member_list published_;
  bool is_published_ = false;
  std::optional<time_point> suspended_;
  std::vector<rails_event> events_;
  std::uint64_t guard_trips_ = 0;
  std::uint64_t flaps_ = 0;
};

} // namespace limpet::membership
