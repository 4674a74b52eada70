// Rails under a source that does whatever it likes: members that come, go, drain, crash in a loop and vanish
// together, an operator who suspends, resumes and applies, and reloads. Each seed is one such life; a failure
// names its seed.

#include "proxy/membership/rails.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace limpet::membership {
namespace {

using namespace std::chrono_literals;
using kind = rails_event::kind;
using members = std::vector<routing::member>;

bool is_ready(const routing::member& one) {
  return one.state == routing::member_state::ready;
}

std::set<std::string> ready_ids(const members& list) {
  std::set<std::string> ids;
  for (const auto& one : list)
    if (is_ready(one)) ids.insert(one.id);
  return ids;
}

class life {
public:
  explicit life(unsigned seed)
      : random_(seed), drains_(seed % 2 == 0), settings_(make_settings()), rails_(settings_) {
    for (unsigned i = 0; i < 1 + below(8); ++i)
      join("m" + std::to_string(i));
    tell();
  }

  void live(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      pass_time(std::chrono::milliseconds(below(4) == 0 ? below(20'000) : below(1'500)));
      act();
    }
    converge();
  }

private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  std::chrono::milliseconds time_below(unsigned n) { return std::chrono::milliseconds(1 + below(n)); }

  config::rail_settings make_settings() {
    config::rail_settings s;
    constexpr unsigned percents[] = {0, 10, 50, 50, 50, 90, 100};
    s.max_removal_percent = percents[below(std::size(percents))];
    s.window = time_below(20'000);
    s.settle = below(3) == 0 ? 0ms : time_below(2'000);
    s.hold = time_below(60'000);
    s.damping = {below(5), time_below(60'000), time_below(30'000)};
    return s;
  }

  // -- what happens

  void act() {
    switch (below(12)) {
    case 0:
      return mass_removal();
    case 1:
      return all_come_back();
    case 2:
      if (below(6) == 0) return operate();
      break;
    case 3:
      if (below(6) == 0) return reload();
      break;
    default:
      break;
    }
    for (unsigned i = 0; i <= below(3); ++i)
      change_one();
    tell();
  }

  void change_one() {
    const auto id = "m" + std::to_string(below(10));
    const auto known = world_.find(id);
    if (known == world_.end()) return join(id);
    switch (below(4)) {
    case 0:
      world_.erase(known);
      return;
    case 1:
      known->second.incarnation = std::to_string(++incarnations_);
      steady_[id] = now_;
      return;
    case 2:
      if (drains_) known->second.state = routing::member_state::draining;
      return;
    default:
      known->second.weight = 1 + below(5);
    }
  }

  void join(const std::string& id) {
    auto& one = world_[id];
    one.id = id;
    one.state = routing::member_state::ready;
    one.incarnation = gone_.contains(id) && below(2) ? gone_[id] : std::to_string(++incarnations_);
    steady_[id] = now_;
  }

  void mass_removal() {
    std::erase_if(world_, [&](const auto&) { return below(5) != 0; });
    tell();
  }

  void all_come_back() {
    for (const auto& [id, incarnation] : std::map(gone_))
      if (!world_.contains(id)) join(id);
    tell();
  }

  void operate() {
    const auto what = below(4);
    if (what == 0) return take(rails_.apply(now_));
    is_suspended_ = what == 1;
    for (auto& [id, since] : steady_)
      since = now_; // what a suspended pool did not see does not count
    take(is_suspended_ ? rails_.suspend(now_) : rails_.resume(now_));
  }

  void reload() {
    settings_ = make_settings();
    take(rails_.configure(settings_, now_));
  }

  void tell() {
    list_.members.clear();
    for (const auto& [id, one] : world_) {
      list_.members.push_back(one);
      gone_[id] = one.incarnation;
      told_[id].push_back(one);
    }
    list_.epoch = below(20) == 0 ? below(5) : list_.epoch + 1;
    list_.stale = below(10) == 0;
    const auto before = view_.members;
    const auto listed_before = std::exchange(listed_, ids_of(list_.members));
    std::ranges::shuffle(list_.members, random_);
    take(rails_.listed(list_, now_));
    if (!is_suspended_ && is_started_) check_mass_removal(before, listed_before);
    is_started_ = true;
  }

  static std::set<std::string> ids_of(const members& list) {
    std::set<std::string> ids;
    for (const auto& one : list)
      ids.insert(one.id);
    return ids;
  }

  void pass_time(std::chrono::milliseconds time) {
    const auto end = now_ + time;
    while (timer_ && *timer_ <= end) {
      now_ = *timer_;
      take(rails_.timer(now_));
      ASSERT_TRUE(!timer_ || *timer_ > now_) << "a timer that is due again makes a loop";
    }
    now_ = end;
  }

  // -- what must hold

  void take(rails::step step) {
    timer_ = step.timer;
    bool was_let_go = false;
    for (const auto& event : step.events)
      was_let_go |= event.what == kind::let_go || event.what == kind::applied;
    const auto before = view_.members;
    if (step.publish) view_ = std::move(*step.publish);
    EXPECT_EQ(view_.epoch, list_.epoch);
    EXPECT_EQ(view_.stale, list_.stale);
    check_values();
    if (is_suspended_ && !was_let_go && is_started_) {
      EXPECT_EQ(view_.members, before) << "it is suspended";
    }
    if (is_suspended_) return;
    check_not_dark(before, was_let_go);
    check_steady();
  }

  /// Nothing is in the view that the source did not tell, and what the source tells now is as it tells it.
  void check_values() {
    const auto out_of_order =
        std::ranges::adjacent_find(view_.members, std::ranges::greater_equal(), &routing::member::id);
    EXPECT_EQ(out_of_order, view_.members.end()) << "sorted, each id once";
    for (const auto& one : view_.members) {
      const auto& told = told_[one.id];
      EXPECT_NE(std::ranges::find(told, one), told.end()) << one.id << " was never told so";
      if (is_suspended_ || !listed_.contains(one.id)) continue;
      EXPECT_EQ(told.back(), one) << one.id;
    }
  }

  /// A pool with a ready member does not lose the last one but to `hold` or an operator. (Where members drain
  /// they have said so, and these lives are left out.)
  void check_not_dark(const members& before, bool was_let_go) {
    const auto ready = ready_ids(view_.members);
    const auto told_ready = ready_ids(list_.members);
    if (!drains_ && settings_.max_removal_percent < 100 && !was_let_go && !ready_ids(before).empty()) {
      EXPECT_FALSE(ready.empty()) << "the pool is dark";
    }
    if (told_ready.empty()) return;
    std::size_t left_out = 0;
    for (const auto& id : told_ready)
      if (!ready.contains(id)) ++left_out;
    EXPECT_LT(left_out, told_ready.size()) << "damping made it dark";
    EXPECT_LE(left_out * 100, told_ready.size() * settings_.max_removal_percent) << "damping took too many";
  }

  void check_steady() {
    const auto view = ids_of(view_.members);
    for (const auto& id : listed_) {
      if (now_ - steady_.at(id) >= settings_.damping.steady) {
        EXPECT_TRUE(view.contains(id)) << id << " is steadily there";
      }
    }
  }

  void check_mass_removal(const members& before, const std::set<std::string>& listed_before) {
    std::size_t there = 0;
    std::vector<std::string> leaving;
    for (const auto& one : before) {
      const auto now_told = world_.find(one.id);
      if (!is_ready(one) || (now_told != world_.end() && !is_ready(now_told->second))) continue;
      ++there;
      if (now_told == world_.end() && listed_before.contains(one.id)) leaving.push_back(one.id);
    }
    if (leaving.size() * 100 <= there * settings_.max_removal_percent) return;
    const auto view = ids_of(view_.members);
    for (const auto& id : leaving)
      EXPECT_TRUE(view.contains(id)) << id << " left with too many others";
  }

  /// Once the source is quiet, the view comes to be what it says.
  void converge() {
    for (auto& [id, since] : steady_)
      since = now_;
    if (std::exchange(is_suspended_, false)) take(rails_.resume(now_));
    pass_time(settings_.settle + settings_.hold + settings_.damping.steady + settings_.damping.window + 1s);
    std::ranges::sort(list_.members, {}, &routing::member::id);
    EXPECT_EQ(view_.members, list_.members);
    const auto status = rails_.status();
    EXPECT_TRUE(status.held.empty() && status.leaving.empty() && status.damped.empty());
    EXPECT_FALSE(timer_) << "nothing is left to wait for";
  }

  std::mt19937 random_;
  bool drains_;
  config::rail_settings settings_;
  rails rails_;
  rails::time_point now_{1h};
  std::optional<rails::time_point> timer_;
  bool is_suspended_ = false;
  bool is_started_ = false;
  std::map<std::string, routing::member> world_;
  std::map<std::string, std::string> gone_;         ///< the incarnation that was last told of an id
  std::map<std::string, members> told_;             ///< all that was ever told of an id
  std::map<std::string, rails::time_point> steady_; ///< since when it is there, as the same incarnation
  std::set<std::string> listed_;
  member_list list_;
  member_list view_;
  unsigned incarnations_ = 0;
};

TEST(rails_simulation, whatever_the_source_does) {
  for (unsigned seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    life(seed).live(150);
    if (HasFailure()) return;
  }
}

} // namespace
} // namespace limpet::membership
