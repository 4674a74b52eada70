#pragma once

#include "routing/function_ref.hpp"
#include "routing/ownership/boot_time.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <map>

namespace limpet::ownership {

class drain_ledger;

/// A request or a tunnel as the ledger counts it, from the choice of its owner on (rule 7). Part of whatever
/// serves it; one that goes away while it counts was given up.
class in_flight
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  in_flight() = default;
  in_flight(const in_flight&) = delete;
  in_flight& operator=(const in_flight&) = delete;
  ~in_flight();

  bool is_counted() const noexcept { return ledger_ != nullptr; }
  std::uint64_t key_hash() const noexcept { return key_hash_; }
  /// A byte goes to the member now: called before each write, with the time that it was allowed at.
  void writes(boot_time now) noexcept { last_byte_ = now; }
  bool has_written() const noexcept { return last_byte_ != long_ago; }

private:
  friend class drain_ledger;
  drain_ledger* ledger_ = nullptr;
  std::uint32_t judged_at_ = 0; ///< drain_ledger::applied_ when it was said whether it moves
  bool moves_ = false;
  std::uint64_t key_hash_ = 0;
  boot_time last_byte_ = long_ago;
};

/// What one worker has in flight in one strict pool, and the only judge of "nothing of a moved key is left"
/// (rules 7 and 8). A request counts from the step that reads the snapshot and chooses its owner; what was
/// given up with a byte written counts until its time has passed, whoever gave it up.
class drain_ledger {
public:
  /// Whether a key moves by the record that the worker holds.
  using moves_function = function_ref<bool(std::uint64_t key_hash)>;

  /// `counts_for`: how long what was given up counts after the last byte;
  /// barrier_limits::counts_after_write(). `given_up_max`: how many of those are told apart by their keys;
  /// what is above counts for every key that it may be of.
  explicit drain_ledger(duration counts_for, std::size_t given_up_max = 4096)
      : counts_for_(counts_for), given_up_max_(given_up_max) {}
  drain_ledger(const drain_ledger&) = delete;
  /// All in flight must have ended or been given up.
  ~drain_ledger() = default;
  /// From now on; what was given up already keeps its time.
  void count_for(duration d) noexcept { counts_for_ = d; }

  /// Its owner is chosen, by the record of the last apply(): the key stays by that one.
  void choose(in_flight& f, std::uint64_t key_hash) noexcept {
    f.ledger_ = this;
    f.judged_at_ = applied_;
    f.moves_ = false;
    f.key_hash_ = key_hash;
    f.last_byte_ = long_ago;
    staying_.push_back(f);
  }
  /// Its answer was read to the end, or no byte was written and none will be.
  void end(in_flight& f) noexcept {
    f.unlink();
    f.ledger_ = nullptr;
  }
  /// Its connection was given up: client gone, time-out, cut, fence, error, or the end of a tunnel. Counts on
  /// where a byte was written.
  void give_up(in_flight& f);
  /// Until when it would count, were it given up now.
  boot_time counts_until(const in_flight& f) const noexcept { return f.last_byte_ + counts_for_; }

  /// All at once, and none of them may write from now on: the incarnation that they belong to has ended.
  void give_up_all();
  /// `to` counts in the place of `from`: a request that became a tunnel.
  void hand_over(in_flight& from, in_flight& to) noexcept;

  /// The worker holds another record: all is to be looked at again, by scan().
  void apply() noexcept;
  /// Looks at `count_max` at the most; true once all were looked at.
  bool scan(moves_function moves, std::size_t count_max);
  /// Whether nothing of a moved key is counted, as far as is known: false before scan() has said true.
  bool none_moved_left(boot_time now) noexcept;
  /// When none_moved_left() or none_left() may change by itself: what was given up is counted until then.
  boot_time next_change() const noexcept;

  /// Whether nothing at all is counted (rule 4).
  bool none_left(boot_time now) noexcept;

private:
  using list = boost::intrusive::list<in_flight, boost::intrusive::constant_time_size<false>>;

  list& list_of(const in_flight& f) noexcept;
  void forget_old(boot_time now) noexcept;

  duration counts_for_;
  const std::size_t given_up_max_;
  std::uint32_t applied_ = 0; ///< how often
  list unscanned_;            ///< not looked at since the last apply()
  list staying_;
  list moved_;
  std::multimap<boot_time, in_flight>
      given_up_; ///< by the time until which they count; each is in a list, too
  // Of those that were too many to be told apart: one of them may move; none may by the record of the last
  // apply(). Were they one, a stream of clients that give up would keep every hand-off waiting.
  boot_time moves_until_ = long_ago;
  boot_time stays_until_ = long_ago;
};

inline in_flight::~in_flight() {
  if (ledger_) ledger_->give_up(*this);
}

} // namespace limpet::ownership
