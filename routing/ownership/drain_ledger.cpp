#include "routing/ownership/drain_ledger.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace limpet::ownership {

drain_ledger::list& drain_ledger::list_of(const in_flight& f) noexcept {
  if (f.judged_at_ != applied_) return unscanned_;
  return f.moves_ ? moved_ : staying_;
}

void drain_ledger::give_up(in_flight& f) {
  auto& in = list_of(f);
  end(f);
  if (!f.has_written()) return;
  const auto until = counts_until(f);
  if (given_up_.size() >= given_up_max_) {
    auto& of_all = &in == &staying_ ? stays_until_ : moves_until_;
    of_all = std::max(of_all, until);
    return;
  }
  auto& kept = given_up_.emplace(std::piecewise_construct, std::tuple(until), std::tuple())->second;
  kept.judged_at_ = f.judged_at_;
  kept.moves_ = f.moves_;
  kept.key_hash_ = f.key_hash_;
  in.push_back(kept); // and looked at when the one would have been that it stands for
}

void drain_ledger::give_up_all() {
  for (auto* in : {&unscanned_, &staying_, &moved_}) {
    list all;
    all.swap(*in);
    while (!all.empty()) {
      auto& f = all.front();
      if (f.is_counted()) {
        give_up(f);
      } else { // given up already
        f.unlink();
        in->push_back(f);
      }
    }
  }
}

void drain_ledger::hand_over(in_flight& from, in_flight& to) noexcept {
  to.ledger_ = this;
  to.judged_at_ = from.judged_at_;
  to.moves_ = from.moves_;
  to.key_hash_ = from.key_hash_;
  to.last_byte_ = from.last_byte_;
  list_of(from).push_back(to);
  end(from);
}

void drain_ledger::apply() noexcept {
  ++applied_;
  moves_until_ = std::max(moves_until_, stays_until_);
  stays_until_ = long_ago;
  unscanned_.splice(unscanned_.end(), staying_);
  unscanned_.splice(unscanned_.end(), moved_);
}

bool drain_ledger::scan(moves_function moves, std::size_t count_max) {
  for (std::size_t i = 0; i < count_max && !unscanned_.empty(); ++i) {
    auto& f = unscanned_.front();
    f.unlink();
    f.judged_at_ = applied_;
    f.moves_ = moves(f.key_hash_);
    list_of(f).push_back(f);
  }
  return unscanned_.empty();
}

bool drain_ledger::none_moved_left(boot_time now) noexcept {
  forget_old(now);
  return unscanned_.empty() && moved_.empty() && now >= moves_until_;
}

boot_time drain_ledger::next_change() const noexcept {
  auto next = given_up_.empty() ? never : given_up_.begin()->first;
  for (const auto until : {moves_until_, stays_until_})
    if (until != long_ago) next = std::min(next, until);
  return next;
}

bool drain_ledger::none_left(boot_time now) noexcept {
  return none_moved_left(now) && staying_.empty() && now >= stays_until_;
}

void drain_ledger::forget_old(boot_time now) noexcept {
  while (!given_up_.empty() && given_up_.begin()->first <= now)
    given_up_.erase(given_up_.begin()); // the hook takes it out of its list
  for (auto* until : {&moves_until_, &stays_until_})
    if (now >= *until) *until = long_ago; // or it would be the next change for ever
}

} // namespace limpet::ownership
