#pragma once

#include "proxy/membership/etcd/rotation.hpp"
#include "routing/member.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace limpet::agent {

/// The logic of keeping one member registered in etcd, without I/O or clock: what is wanted (nothing, ready,
/// draining, gone), what is known to be there, and the one operation that comes next.
///
/// A start of the agent deletes what an earlier one left under its key, and then creates the key only where
/// it is absent: a second agent with the same id takes the registration over once, and the two never fight
/// for it. A lease that lives says nothing of the key, which an operator or another agent may have deleted or
/// overwritten; so each keep-alive is followed by a look at the key. Where it is gone it is created again,
/// after a moment in which a successor that has just deleted it creates its own; where it is another's it is
/// waited for. Ending a registration is revoking its lease: that deletes the key in the same revision, and
/// only if it is still this agent's. An operation that failed may have been done all the same; each is such
/// that doing it again is right then.
///
/// With `slow_start` the weight in the key grows in steps while the registration lasts, as time goes by, and
/// never falls: a lease or a key that was lost does not begin anew. What was taken out, or was another's, and
/// is registered again does. A drain keeps the weight that there is.
class registration_fsm {
public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  struct options {
    milliseconds lease_ttl{5'000};
    milliseconds drain{5'000};
    std::uint32_t weight = 1;   ///< in the end
    milliseconds slow_start{0}; ///< from the first step's weight to `weight`; 0: that at once
  };

  // -- what to do next --
  struct delete_leftover {};
  struct grant_lease {};
  /// Create the key where it is absent.
  struct create {
    std::int64_t lease;
    std::string incarnation;
    std::uint32_t weight;
  };
  /// Put the key with another lease, where its mod_revision is still this.
  struct adopt {
    std::int64_t lease;
    std::string incarnation;
    std::int64_t mod_revision;
    std::uint32_t weight;
  };
  /// Put the key with more weight, where its lease is still this.
  struct raise_weight {
    std::int64_t lease;
    std::string incarnation;
    std::uint32_t weight;
  };
  /// Put the key as draining, where its lease is still this.
  struct mark_draining {
    std::int64_t lease;
    std::string incarnation;
    std::uint32_t weight;
  };
  struct keep_alive {
    std::int64_t lease;
  };
  /// See whether the key is there with this lease and incarnation.
  struct look {
    std::int64_t lease;
    std::string incarnation;
  };
  struct revoke {
    std::int64_t lease;
  };
  /// Nothing; ask again then, or after the next event.
  struct wait {
    time_point until;
  };
  using action = std::variant<wait, delete_leftover, grant_lease, create, adopt, raise_weight, mark_draining,
                              keep_alive, look, revoke>;

  // -- what came of it --
  struct done {};
  struct granted {
    std::int64_t lease;
  };
  /// The lease does not exist (any more).
  struct lease_gone {};
  /// The key is there already, or not in the state that the operation's condition names.
  struct exists {
    std::string incarnation;
    std::int64_t lease;
    std::int64_t mod_revision;
    std::uint32_t weight; ///< 0 where the value is no member's
  };
  /// The operation's condition did not hold, and the key is not there.
  struct absent {};
  /// No answer, or a refusal; perhaps done all the same.
  struct failed {};
  using outcome = std::variant<done, granted, lease_gone, exists, absent, failed>;

  registration_fsm(const options& settings, std::uint32_t seed);

  /// The backend is well: wanted from now on, as this incarnation.
  void healthy(std::string incarnation);
  /// The backend is not well: not wanted.
  void unhealthy();
  /// Drain for `options::drain`, then end. Ends at once where nothing is registered.
  void drain(time_point now);
  /// End at once.
  void stop(time_point now);

  /// To be called when no operation is under way.
  action next(time_point now);
  /// Of the operation that next() returned last; `now` is the time of its answer.
  void finished(const outcome& what, time_point now);

  /// Nothing is registered any more and nothing will be; or ending it has failed for as long as the lease
  /// lasts.
  bool is_over(time_point now) const;
  bool is_registered() const noexcept { return written_.has_value(); }
  /// In the key, as far as is known; 0 while not registered.
  std::uint32_t weight() const noexcept { return written_ ? written_->weight : 0; }
  bool has_lease() const noexcept { return lease_ != 0; }
  /// Somebody else holds the key.
  bool is_superseded() const noexcept { return holder_lease_.has_value(); }
  /// The lease that the key has while is_superseded(). 0: none, so that the key does not go by itself.
  std::int64_t holder_lease() const noexcept { return holder_lease_.value_or(0); }

private:
  enum class target : std::uint8_t { absent, ready, draining, gone };

  struct written {
    std::string incarnation;
    std::uint32_t weight = 1;
    routing::member_state state = routing::member_state::ready;
  };

  action start(action what, time_point now);
  action next_towards_registered(time_point now);
  std::uint32_t steps() const noexcept;
  std::uint32_t steps_taken(time_point now) const;
  std::uint32_t weight_at(time_point now) const;
  time_point next_step_at(time_point now) const;
  void succeeded(time_point now);
  void write(written what, time_point now);
  void retry_later(time_point now);
  void forget_lease();
  void forget_key();
  void miss_key(time_point now);
  void take_existing(const exists& found, time_point now);

  options options_;
  etcd::backoff backoff_;
  target target_ = target::absent;
  std::string incarnation_; ///< wanted
  bool is_leftover_deleted_ = false;
  bool is_look_due_ = false;
  std::optional<std::int64_t> holder_lease_; ///< while superseded
  std::int64_t lease_ = 0;                   ///< 0: none
  std::optional<written> written_;
  std::optional<time_point> slow_start_began_; ///< when what is wanted was first written
  std::optional<std::int64_t> adopt_revision_; ///< the key as an earlier lease of ours left it
  action last_;
  time_point sent_;          ///< when the last operation began
  time_point keep_alive_at_; ///< with a lease
  time_point retry_at_;      ///< not before, after a failure
  time_point drain_until_;
  time_point give_up_at_; ///< when gone: the lease ends by itself then
};

} // namespace limpet::agent
