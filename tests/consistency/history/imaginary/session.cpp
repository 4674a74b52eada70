#include "tests/consistency/history/imaginary/session.hpp"

#include <algorithm>
#include <deque>

namespace limpet::consistency::imaginary {
namespace {

constexpr time_ns think_max = 800'000;
constexpr time_ns work_max = 100'000;

class life {
public:
  life(const timeline& t, std::uint64_t number, std::uint32_t clients, time_ns begin,
       std::uint64_t& next_value, random_numbers& random)
      : timeline_(t), number_(number), free_at_(begin), idle_since_(clients, begin), next_value_(next_value),
        random_(random), owner_(t.first_owner(number)) {
    pass_changes_until(begin);
  }

  void step() {
    execute_late_ones();
    auto& o = issue();
    const auto index = result.operations.size() - 1;
    const auto dice = random_.below(100);
    if (dice < 2) {
      o.outcome = outcome::no;
    } else if (dice < 3) { // lost on its way
      o.outcome = outcome::unknown;
    } else if (dice < 5) {
      o.outcome = outcome::unknown;
      late_.push_back(index);
    } else {
      execute(index);
      if (dice < 7) o.outcome = outcome::unknown; // its answer is lost
    }
    if (o.outcome != outcome::ok) o.list.clear();
    idle_since_[o.client] = o.end;
  }

  session result;

private:
  planned_operation& issue() {
    auto& o = result.operations.emplace_back();
    o.client = static_cast<std::uint32_t>(random_.below(idle_since_.size()));
    // Sometimes while another's is still executed.
    o.begin =
        std::max(idle_since_[o.client], free_at_ - std::min<time_ns>(free_at_, random_.below(300'000))) +
        random_.below(think_max);
    o.end = o.begin + 1 + random_.below(200'000);
    o.action = random_.one_in(2) ? action::append : action::read;
    if (o.action == action::append) o.value = next_value_++;
    return o;
  }

  void execute_late_ones() {
    while (!late_.empty() && random_.one_in(3)) {
      execute(late_.front());
      late_.pop_front();
    }
  }

  /// Where it is not late, the client waits for it.
  void execute(std::size_t index) {
    auto& o = result.operations[index];
    const bool is_late = o.outcome == outcome::unknown;
    planned_execution e;
    e.operation = index;
    for (;;) {
      e.begin = std::max(is_late ? o.end : o.begin, free_at_) + 1 + random_.below(50'000);
      pass_changes_until(e.begin);
      e.end = e.begin + 1 + random_.below(work_max);
      const auto* const moves = move_until(e.end);
      if (!moves) break;
      free_at_ = moves->at; // what would be cut short waits for the new owner, or dies with the old one
      if (!moves->kills || random_.one_in(2)) continue;
      e.end = for_ever;
      break;
    }
    e.owner = owner_;
    e.epoch = stamped_epoch();
    const bool is_killed = e.end == for_ever;
    if (!is_killed) free_at_ = e.end + 1;
    if (!is_late) o.end = free_at_ + 1 + random_.below(200'000);
    if (is_killed) o.outcome = outcome::unknown;
    if (o.action == action::read && !is_late) o.list = result.list;
    if (o.action == action::append && (!is_killed || random_.one_in(2))) result.list.push_back(o.value);
    result.executions.push_back(e);
  }

  void pass_changes_until(time_ns now) {
    for (; passed_ < timeline_.changes().size() && timeline_.changes()[passed_].at <= now; ++passed_) {
      const auto after = timeline_.owner_after(number_, owner_, passed_);
      if (after == owner_) continue;
      owner_ = after;
      moved_by_ = passed_ + 1;
    }
  }

  /// The first change until then by which the session moves.
  const change* move_until(time_ns end) const {
    for (auto i = passed_; i < timeline_.changes().size() && timeline_.changes()[i].at <= end; ++i)
      if (timeline_.owner_after(number_, owner_, i) != owner_) return &timeline_.changes()[i];
    return nullptr;
  }

  /// By a proxy that knows the last change that moved the session, and perhaps not the later ones.
  std::uint64_t stamped_epoch() {
    const auto known = random_.one_in(3) ? moved_by_ + random_.below(passed_ - moved_by_ + 1) : passed_;
    return timeline_.epoch(known);
  }

  const timeline& timeline_;
  const std::uint64_t number_;
  time_ns free_at_;
  std::vector<time_ns> idle_since_; ///< a client each
  std::uint64_t& next_value_;
  random_numbers& random_;
  owner owner_;
  std::size_t passed_ = 0; ///< changes
  std::size_t moved_by_ = 0;
  std::deque<std::size_t> late_; ///< operations whose clients gave up before they were executed
};

} // namespace

session live(const timeline& t, std::uint64_t number, std::uint32_t clients, std::size_t operations,
             time_ns begin, std::uint64_t& next_value, random_numbers& random) {
  life l(t, number, clients, begin, next_value, random);
  for (std::size_t i = 0; i < operations; ++i)
    l.step();
  return std::move(l.result);
}

} // namespace limpet::consistency::imaginary
