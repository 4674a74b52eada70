#include "routing/placement.hpp"
#include "tests/routing/test_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace limpet::routing {
namespace {

using origin = placement_key::origin;
using reason = placement_reason;
using sticky = sticky_outcome;
using testing::id_at;
using testing::make_member;

/// Five members, of which e drains; a key whose ranking is known to the test as first, second, ...
class placing : public ::testing::Test {
protected:
  placing() : view_(members(), 42) {
    for (const ranked& r : ranking(view_, hash_))
      order_.push_back(id_at(view_, r.member));
  }

  static std::vector<member> members() {
    return {make_member("a"), make_member("b", 2), make_member("c"), make_member("d"),
            make_member("e", 1, member_state::draining)};
  }

  placement_key key(origin from) const { return {from, hash_, 0, 0}; }
  placement_key sealed_by(const std::string& id, const std::string& incarnation = "first") const {
    return {origin::envelope, hash_, hash_bytes(id), hash_bytes(incarnation)};
  }
  placement_key pinned_to(const std::string& id, const std::string& incarnation = "first") const {
    return {origin::token, hash_, hash_bytes(id), hash_bytes(incarnation)};
  }
  placement place(const placement_key& k) const {
    return routing::place(
        view_, k, policy_, random_, [this](std::uint32_t m) { return down_.contains(id_at(view_, m)); },
        [this](std::uint32_t m) {
          const auto found = busy_.find(id_at(view_, m));
          return found == busy_.end() ? 0 : found->second;
        });
  }
  void all_down() { down_ = {"a", "b", "c", "d", "e"}; }

  void expect(const placement& p, const std::string& id, reason why, sticky outcome, bool issue) const {
    EXPECT_EQ(id_at(view_, p.member), id);
    EXPECT_EQ(to_string(p.reason), to_string(why));
    EXPECT_EQ(to_string(p.sticky), to_string(outcome));
    EXPECT_EQ(p.issue, issue);
  }

  view view_;
  std::uint64_t hash_ = hash_bytes("some session");
  std::vector<std::string> order_;
  std::set<std::string> down_;
  std::map<std::string, std::uint32_t> busy_;
  placement_policy policy_;
  std::uint64_t random_ = 0;
};

// -- no key -----------------------------------------------------------

TEST_F(placing, no_key_is_balanced_by_weight) {
  std::map<std::string, int> count;
  for (random_ = 0; random_ < 10'000; ++random_) {
    const placement p = place(key(origin::none));
    ASSERT_EQ(p.reason, reason::balanced);
    ASSERT_EQ(p.sticky, sticky::none);
    ASSERT_FALSE(p.issue);
    ++count[id_at(view_, p.member)];
  }
  EXPECT_EQ(count.size(), 4u);
  EXPECT_NEAR(count["a"], 2000, 200);
  EXPECT_NEAR(count["b"], 4000, 200);
}

TEST_F(placing, no_key_keeps_to_reachable_members_whatever_fail_over_says) {
  policy_.on_unreachable = fail_over::refuse;
  down_ = {"a", "b", "c"};
  for (random_ = 0; random_ < 100; ++random_)
    expect(place(key(origin::none)), "d", reason::balanced, sticky::none, false);
  all_down();
  expect(place(key(origin::none)), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, no_key_may_be_refused) {
  policy_.without_key = no_key::refuse;
  expect(place(key(origin::none)), "-", reason::no_key_refused, sticky::none, false);
}

// -- no members -------------------------------------------------------

TEST_F(placing, without_ready_members_there_is_none) {
  view_ = view({make_member("e", 1, member_state::draining)}, 1);
  policy_.pin = true;
  for (const origin from : {origin::none, origin::request, origin::token, origin::fresh})
    expect(place(key(from)), "-", reason::no_members, sticky::none, false);
  expect(place(pinned_to("gone")), "-", reason::no_members, sticky::none, false);
}

// -- a key of the request, an unpinned token ---------------------------

TEST_F(placing, a_key_of_the_request_goes_to_its_owner) {
  for (const bool pin : {false, true}) {
    policy_.pin = pin;
    expect(place(key(origin::request)), order_[0], reason::owner, sticky::hit, false);
  }
}

TEST_F(placing, a_key_of_the_request_fails_over_to_the_next) {
  down_ = {order_[0]};
  expect(place(key(origin::request)), order_[1], reason::failed_over, sticky::moved, false);
  down_ = {order_[0], order_[1]};
  expect(place(key(origin::request)), order_[2], reason::failed_over, sticky::moved, false);
  all_down();
  expect(place(key(origin::request)), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, a_key_of_the_request_waits_for_its_owner_where_fail_over_is_refused) {
  down_ = {order_[0]};
  policy_.on_unreachable = fail_over::refuse;
  for (const bool pin : {false, true}) {
    policy_.pin = pin;
    expect(place(key(origin::request)), "-", reason::owner_unreachable, sticky::none, false);
  }
}

TEST_F(placing, an_unpinned_token_keeps_its_cookie_through_a_fail_over) {
  expect(place(key(origin::token)), order_[0], reason::owner, sticky::hit, false);
  down_ = {order_[0]};
  expect(place(key(origin::token)), order_[1], reason::failed_over, sticky::moved, false);
  policy_.on_unreachable = fail_over::refuse;
  expect(place(key(origin::token)), "-", reason::owner_unreachable, sticky::none, false);
}

// -- a fresh session ----------------------------------------------------

TEST_F(placing, a_fresh_session_gets_a_cookie) {
  for (const bool pin : {false, true}) {
    policy_.pin = pin;
    expect(place(key(origin::fresh)), order_[0], reason::owner, sticky::new_, true);
  }
}

TEST_F(placing, a_fresh_session_fails_over_with_a_cookie) {
  down_ = {order_[0]};
  expect(place(key(origin::fresh)), order_[1], reason::failed_over, sticky::new_, true);
  all_down();
  expect(place(key(origin::fresh)), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, a_fresh_session_is_bound_to_its_owner_only_where_it_is_not_pinned) {
  down_ = {order_[0]};
  policy_.on_unreachable = fail_over::refuse;
  expect(place(key(origin::fresh)), "-", reason::owner_unreachable, sticky::none, false);
  policy_.pin = true;
  expect(place(key(origin::fresh)), order_[1], reason::failed_over, sticky::new_, true);
}

// -- a pinned token -------------------------------------------------------

TEST_F(placing, a_pin_holds_on_a_member_that_does_not_own_the_key) {
  policy_.pin = true;
  expect(place(pinned_to(order_[3])), order_[3], reason::pin, sticky::hit, false);
}

TEST_F(placing, a_pin_holds_on_a_draining_member) {
  policy_.pin = true;
  expect(place(pinned_to("e")), "e", reason::pin, sticky::hit, false);
}

TEST_F(placing, a_pin_holds_where_no_member_is_ready) {
  view_ = view({make_member("e", 1, member_state::draining)}, 1);
  policy_.pin = true;
  expect(place(pinned_to("e")), "e", reason::pin, sticky::hit, false);
  down_ = {"e"};
  expect(place(pinned_to("e")), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, a_pin_on_an_unreachable_member_moves_for_good) {
  policy_.pin = true;
  down_ = {order_[3]};
  expect(place(pinned_to(order_[3])), order_[0], reason::failed_over, sticky::moved, true);
  down_ = {order_[3], order_[0]};
  expect(place(pinned_to(order_[3])), order_[1], reason::failed_over, sticky::moved, true);
  all_down();
  expect(place(pinned_to(order_[3])), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, a_pin_waits_for_its_member_where_fail_over_is_refused) {
  policy_ = {fail_over::refuse, no_key::balance, true};
  down_ = {order_[3]};
  expect(place(pinned_to(order_[3])), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, a_pin_that_left_the_view_is_placed_anew) {
  policy_.pin = true;
  expect(place(pinned_to("gone")), order_[0], reason::owner, sticky::moved, true);
  down_ = {order_[0]};
  for (const fail_over mode : {fail_over::next, fail_over::refuse}) {
    policy_.on_unreachable = mode;
    expect(place(pinned_to("gone")), order_[1], reason::failed_over, sticky::moved, true);
  }
}

TEST_F(placing, a_pin_of_an_earlier_incarnation_is_no_pin) {
  policy_.pin = true;
  expect(place(pinned_to(order_[3], "before")), order_[0], reason::owner, sticky::moved, true);
  expect(place(pinned_to(order_[0], "before")), order_[0], reason::owner, sticky::moved, true);
}

// -- an envelope ----------------------------------------------------------

TEST_F(placing, an_envelope_goes_to_the_member_that_its_tag_names) {
  for (const bool pin : {false, true}) {
    policy_.pin = pin;
    expect(place(sealed_by(order_[3])), order_[3], reason::pin, sticky::hit, false);
    expect(place(sealed_by("e")), "e", reason::pin, sticky::hit, false);
  }
}

TEST_F(placing, an_envelope_of_an_unreachable_member_fails_over_as_the_pool_says) {
  down_ = {order_[3]};
  expect(place(sealed_by(order_[3])), order_[0], reason::failed_over, sticky::moved, false);
  down_ = {order_[3], order_[0]};
  expect(place(sealed_by(order_[3])), order_[1], reason::failed_over, sticky::moved, false);
  policy_.on_unreachable = fail_over::refuse;
  expect(place(sealed_by(order_[3])), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, an_envelope_of_a_member_that_is_gone_goes_to_the_owner_of_its_value_or_nowhere) {
  for (const auto& gone :
       {sealed_by("gone"), sealed_by(order_[3], "before"), sealed_by(order_[0], "before")}) {
    policy_.on_unreachable = fail_over::next;
    down_ = {};
    expect(place(gone), order_[0], reason::owner, sticky::moved, false);
    down_ = {order_[0]};
    expect(place(gone), order_[1], reason::failed_over, sticky::moved, false);
    policy_.on_unreachable = fail_over::refuse;
    for (const auto& down : {std::set<std::string>{}, {order_[0]}}) {
      down_ = down;
      expect(place(gone), "-", reason::member_gone, sticky::none, false);
    }
  }
}

TEST_F(placing, an_envelope_without_any_ready_member) {
  view_ = view({make_member("e", 1, member_state::draining)}, 1);
  expect(place(sealed_by("e")), "e", reason::pin, sticky::hit, false);
  expect(place(sealed_by("gone")), "-", reason::no_members, sticky::none, false);
  policy_.on_unreachable = fail_over::refuse;
  expect(place(sealed_by("gone")), "-", reason::member_gone, sticky::none, false);
}

// -- bounded load ----------------------------------------------------------

struct load_case {
  const char* what;
  std::vector<std::uint32_t> busy; ///< of the first to the fourth of the ranking
  std::vector<std::size_t> down;   ///< in the ranking
  std::size_t goes_to;
  reason why;
};

class bounded_load : public placing {
protected:
  // Equal weights; at 1.25 times the mean.
  bounded_load() {
    view_ = view({make_member("a"), make_member("b"), make_member("c"), make_member("d"),
                  make_member("e", 1, member_state::draining)},
                 42);
    order_.clear();
    for (const ranked& r : ranking(view_, hash_))
      order_.push_back(id_at(view_, r.member));
    policy_.pin = true;
    policy_.bounded_load_thousandths = 1250;
  }
  void set(const load_case& c) {
    busy_.clear();
    down_.clear();
    for (std::size_t i = 0; i < c.busy.size(); ++i)
      busy_[order_[i]] = c.busy[i];
    for (const std::size_t i : c.down)
      down_.insert(order_[i]);
  }
};

TEST_F(bounded_load, of_a_new_session) {
  const load_case cases[] = {
      {"nobody is busy", {0, 0, 0, 0}, {}, 0, reason::owner},
      {"at the mean", {4, 4, 4, 4}, {}, 0, reason::owner},
      {"just under the bound: 1.25 * 17 / 4 is 5.3", {5, 4, 4, 3}, {}, 0, reason::owner},
      {"just over it", {6, 4, 3, 3}, {}, 1, reason::spilled},
      {"the next is over it, too", {7, 7, 1, 1}, {}, 2, reason::spilled},
      {"all but the last", {6, 6, 6, 0}, {}, 3, reason::spilled},
      {"the only busy one", {1, 0, 0, 0}, {}, 1, reason::spilled},
      {"the owner is down", {9, 3, 3, 3}, {0}, 1, reason::failed_over},
      {"and the next is over the bound", {0, 9, 3, 3}, {0}, 2, reason::spilled},
      {"a member that is down does not count: 1.25 * 10 / 3 is 4.2", {3, 3, 3, 90}, {3}, 0, reason::owner},
      {"nor does it make room", {5, 2, 2, 90}, {3}, 1, reason::spilled},
      {"one left", {90, 0, 0, 0}, {1, 2, 3}, 0, reason::owner},
  };
  for (const load_case& c : cases) {
    SCOPED_TRACE(c.what);
    set(c);
    expect(place(key(origin::fresh)), order_[c.goes_to], c.why, sticky::new_, true);
    // A pin that left the view is as new: nobody has its state.
    expect(place(pinned_to("gone")), order_[c.goes_to], c.why, sticky::moved, true);
    policy_.on_unreachable = fail_over::refuse;
    expect(place(key(origin::fresh)), order_[c.goes_to], c.why, sticky::new_, true);
    policy_.on_unreachable = fail_over::next;
  }
}

TEST_F(bounded_load, of_a_session_without_a_key_that_gets_an_envelope) {
  policy_.pin = false;
  random_ = hash_;
  set({"", {6, 4, 3, 3}, {}, 1, reason::spilled});
  expect(place(key(origin::none)), order_[1], reason::spilled, sticky::none, false);
  set({"", {5, 4, 4, 3}, {}, 0, reason::balanced});
  expect(place(key(origin::none)), order_[0], reason::balanced, sticky::none, false);
  set({"", {9, 3, 3, 3}, {0}, 1, reason::balanced});
  expect(place(key(origin::none)), order_[1], reason::balanced, sticky::none, false);
}

TEST_F(bounded_load, never_moves_a_session_that_has_a_member) {
  busy_ = {{order_[0], 1000}, {order_[3], 1000}, {"e", 1000}};
  expect(place(pinned_to(order_[3])), order_[3], reason::pin, sticky::hit, false);
  expect(place(pinned_to("e")), "e", reason::pin, sticky::hit, false);
  expect(place(sealed_by(order_[3])), order_[3], reason::pin, sticky::hit, false);
  expect(place(sealed_by("gone")), order_[0], reason::owner, sticky::moved, false);
  expect(place(key(origin::request)), order_[0], reason::owner, sticky::hit, false);
  expect(place(key(origin::token)), order_[0], reason::owner, sticky::hit, true); // not pinned yet
}

TEST_F(bounded_load, is_no_matter_where_cookies_are_not_pinned) {
  policy_.pin = false;
  busy_ = {{order_[0], 1000}};
  expect(place(key(origin::fresh)), order_[0], reason::owner, sticky::new_, true);
  expect(place(pinned_to("gone")), order_[0], reason::owner, sticky::moved, true);
}

TEST_F(bounded_load, is_off_by_default) {
  policy_.bounded_load_thousandths = 0;
  busy_ = {{order_[0], 1000}};
  expect(place(key(origin::fresh)), order_[0], reason::owner, sticky::new_, true);
  expect(place(pinned_to("gone")), order_[0], reason::owner, sticky::moved, true);
}

TEST_F(bounded_load, holds_for_every_member_whatever_the_keys) {
  // Sessions that stay: in the end each member has at most its share, weights counted.
  view_ = view(testing::make_members({1, 1, 2, 5}), 1);
  std::uint32_t total = 0;
  for (std::size_t n = 0; n < 2'000; ++n) {
    hash_ = testing::nth_key(n);
    const placement p = place(key(origin::fresh));
    ASSERT_NE(p.member, view::npos);
    const std::uint32_t load = ++busy_[id_at(view_, p.member)];
    ++total;
    const std::uint32_t weight = view_.members()[p.member].weight;
    ASSERT_LE(load, (1250ull * total * weight + 8999) / 9000) << n;
  }
  EXPECT_EQ(busy_.size(), 4u);
}

// -- a pool that changed its mind -------------------------------------------

TEST_F(placing, a_pool_that_begins_to_pin_pins_its_sessions_where_they_are) {
  policy_.pin = true;
  expect(place(key(origin::token)), order_[0], reason::owner, sticky::hit, true);
  down_ = {order_[0]};
  expect(place(key(origin::token)), order_[1], reason::failed_over, sticky::moved, true);
  policy_.on_unreachable = fail_over::refuse; // its state is with the owner
  expect(place(key(origin::token)), "-", reason::owner_unreachable, sticky::none, false);
}

TEST_F(placing, a_pool_that_ceases_to_pin_takes_the_pins_back) {
  expect(place(pinned_to(order_[3])), order_[0], reason::owner, sticky::moved, true);
  expect(place(pinned_to(order_[0])), order_[0], reason::owner, sticky::hit, true);
  policy_.on_unreachable = fail_over::refuse;
  down_ = {order_[0]};
  expect(place(pinned_to(order_[3])), "-", reason::owner_unreachable, sticky::none, false);
}

// -- the token ---------------------------------------------------------------

TEST_F(placing, the_token_to_issue_brings_the_session_back) {
  const session_id_bytes id{1, 2, 3};
  for (const bool pin : {false, true}) {
    policy_.pin = pin;
    const placement first = place(placement_key::of_fresh(id));
    ASSERT_TRUE(first.issue);
    const session_token token = token_for(first, view_, policy_, id, 1000);
    EXPECT_EQ(token.session_id, id);
    EXPECT_EQ(token.expires_unix_s, 1000);
    EXPECT_EQ(token.epoch, 42u);
    EXPECT_EQ(token.pinned(), pin);
    const placement next = place(placement_key::of_token(token));
    expect(next, id_at(view_, first.member), pin ? reason::pin : reason::owner, sticky::hit, false);
  }
}

TEST_F(placing, a_moved_pin_stays_where_it_moved_to) {
  policy_.pin = true;
  down_ = {order_[3]};
  const placement moved = place(pinned_to(order_[3]));
  ASSERT_EQ(moved.reason, reason::failed_over);
  const session_token token = token_for(moved, view_, policy_, {}, 1000);
  down_ = {};
  EXPECT_EQ(place(placement_key::of_token(token)).member, moved.member);
}

TEST(placement_names, are_those_of_the_metrics) {
  EXPECT_EQ(to_string(sticky::hit), "hit");
  EXPECT_EQ(to_string(sticky::new_), "new");
  EXPECT_EQ(to_string(sticky::moved), "moved");
  EXPECT_EQ(to_string(sticky::none), "none");
  EXPECT_EQ(to_string(reason::failed_over), "failed_over");
  EXPECT_EQ(to_string(reason::spilled), "spilled");
  EXPECT_EQ(to_string(reason::member_gone), "member_gone");
}

} // namespace
} // namespace limpet::routing
