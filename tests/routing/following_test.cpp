#include "routing/following.hpp"
#include "tests/routing/test_view.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace limpet::routing {
namespace {

using origin = placement_key::origin;
using testing::id_at;
using testing::make_member;
using testing::nth_key;

/// Four members and a key whose ranking the test knows as first, second, ...; what it expects is said by id.
class following : public ::testing::Test {
protected:
  following() {
    set({make_member("a"), make_member("b"), make_member("c"), make_member("d")});
    for (const ranked& r : ranking(view_, hash_))
      order_.push_back(id_at(view_, r.member));
  }

  void set(std::vector<member> members) { view_ = view(std::move(members), 1); }
  void change(const std::string& id, member_state state, std::uint32_t weight = 1) {
    std::vector<member> members(view_.members().begin(), view_.members().end());
    for (member& m : members)
      if (m.id == id) m = make_member(id, weight, state);
    set(members);
  }
  void drain(const std::string& id) { change(id, member_state::draining); }
  void take_out(const std::string& id) {
    std::vector<member> members(view_.members().begin(), view_.members().end());
    std::erase_if(members, [&](const member& m) { return m.id == id; });
    set(members);
  }

  placement_key key(origin from = origin::request) const { return {from, hash_, 0, 0}; }
  placement_key pinned_to(const std::string& id, const std::string& incarnation = "first") const {
    return {origin::token, hash_, hash_bytes(id), hash_bytes(incarnation)};
  }

  /// Of a stream on `id`.
  followed of(const std::string& id, const placement_key& k) const {
    return follow(view_, policy_, k, view_.find(id),
                  [this](std::uint32_t m) { return down_.contains(id_at(view_, m)); });
  }
  void expect(const std::string& id, const placement_key& k, bond now, bool away = false) const {
    const auto told = of(id, k);
    EXPECT_EQ(to_string(told.now), to_string(now)) << "on " << id;
    EXPECT_EQ(told.away, away) << "on " << id;
  }

  view view_;
  std::uint64_t hash_ = hash_bytes("some session");
  std::vector<std::string> order_;
  std::set<std::string> down_;
  placement_policy policy_;
};

TEST_F(following, a_stream_with_its_owner_holds) {
  for (const origin from : {origin::request, origin::token, origin::fresh})
    expect(order_[0], key(from), bond::holds);
}

TEST_F(following, a_member_that_is_not_in_the_view_was_removed_whatever_the_session_is) {
  take_out(order_[0]);
  for (const origin from : {origin::none, origin::request, origin::token, origin::fresh})
    expect(order_[0], key(from), bond::removed);
  policy_.pin = true;
  expect(order_[0], pinned_to(order_[0]), bond::removed);
  set({});
  expect(order_[0], key(), bond::removed);
}

TEST_F(following, a_stream_goes_where_its_session_goes) {
  expect(order_[1], key(), bond::moved);
  expect(order_[3], key(), bond::moved);
}

TEST_F(following, a_joiner_moves_just_the_streams_that_it_owns) {
  const view before = view_;
  set({make_member("a"), make_member("b"), make_member("c"), make_member("d"), make_member("e")});
  int moved = 0;
  for (std::size_t n = 0; n < 1'000; ++n) {
    hash_ = nth_key(n);
    const auto was = id_at(before, owner(before, hash_));
    const auto is = id_at(view_, owner(view_, hash_));
    expect(was, key(), was == is ? bond::holds : bond::moved);
    moved += was != is;
  }
  EXPECT_NEAR(moved, 200, 60);
}

TEST_F(following, a_changed_weight_moves_streams) {
  const auto before = view_;
  change("a", member_state::ready, 3);
  int moved = 0;
  for (std::size_t n = 0; n < 1'000; ++n) {
    hash_ = nth_key(n);
    const auto was = id_at(before, owner(before, hash_));
    const bool is_taken = was != "a" && id_at(view_, owner(view_, hash_)) == "a";
    expect(was, key(), is_taken ? bond::moved : bond::holds);
    moved += is_taken;
  }
  EXPECT_NEAR(moved, 250, 70); // a quarter becomes a half
}

TEST_F(following, a_draining_member_lets_go_where_another_takes_the_session) {
  drain(order_[0]);
  for (const origin from : {origin::none, origin::request, origin::token, origin::fresh})
    expect(order_[0], key(from), bond::draining);
}

TEST_F(following, a_draining_member_keeps_what_nobody_else_takes) {
  for (const auto& id : order_)
    drain(id);
  for (const origin from : {origin::none, origin::request})
    expect(order_[0], key(from), bond::holds);
  change(order_[1], member_state::ready);
  down_ = {order_[1]};
  for (const origin from : {origin::none, origin::request})
    expect(order_[0], key(from), bond::holds, true);
  policy_.without_key = no_key::refuse;
  down_.clear();
  expect(order_[0], key(origin::none), bond::holds);
}

TEST_F(following, a_stream_without_a_key_stays_with_a_member_that_is_well) {
  for (const auto& id : order_)
    expect(id, key(origin::none), bond::holds);
}

TEST_F(following, nobody_goes_to_a_member_that_does_not_answer) {
  down_ = {order_[0]};
  expect(order_[1], key(), bond::holds, true); // it had failed over
  expect(order_[2], key(), bond::moved);       // past one that answers again
  policy_.on_unreachable = fail_over::refuse;
  expect(order_[1], key(), bond::holds, true);
}

TEST_F(following, a_stream_that_had_failed_over_goes_back_to_its_owner) {
  down_ = {order_[0]};
  expect(order_[1], key(), bond::holds, true);
  down_.clear();
  expect(order_[1], key(), bond::moved);
}

TEST_F(following, what_is_connected_needs_no_connect) {
  down_ = {order_[0]};
  expect(order_[0], key(), bond::holds);
  down_ = {order_[0], order_[1]};
  expect(order_[1], key(), bond::holds, true);
}

TEST_F(following, a_pin_holds_on_a_draining_member_and_against_joiners) {
  policy_.pin = true;
  const auto pinned = pinned_to(order_[2]);
  expect(order_[2], pinned, bond::holds);
  drain(order_[2]);
  expect(order_[2], pinned, bond::holds);
}

TEST_F(following, a_pin_to_another_incarnation_is_none) {
  policy_.pin = true;
  expect(order_[2], pinned_to(order_[2], "zeroth"), bond::moved);
  drain(order_[0]);
  expect(order_[0], pinned_to(order_[0], "zeroth"), bond::draining);
}

TEST_F(following, a_key_of_the_request_is_not_pinned_where_others_are) {
  policy_.pin = true;
  expect(order_[1], key(origin::request), bond::moved);
}

TEST_F(following, pins_that_a_pool_ceased_to_keep_move) {
  expect(order_[2], pinned_to(order_[2]), bond::moved);
}

// -- the key that remains ----------------------------------------------

class key_that_remains : public following {
protected:
  placement_key after(const placement_key& k) const {
    const auto p =
        place(view_, k, policy_, 0, [this](std::uint32_t m) { return down_.contains(id_at(view_, m)); });
    return key_after(p, view_, policy_, k);
  }
  static void expect_same(const placement_key& a, const placement_key& b) {
    EXPECT_EQ(a.from, b.from);
    EXPECT_EQ(a.hash, b.hash);
    EXPECT_EQ(a.pin_id_hash, b.pin_id_hash);
    EXPECT_EQ(a.pin_incarnation_hash, b.pin_incarnation_hash);
  }
};

TEST_F(key_that_remains, is_the_requests_where_no_cookie_is_issued) {
  for (const origin from : {origin::none, origin::request, origin::token})
    expect_same(after(key(from)), key(from));
  policy_.pin = true;
  expect_same(after(pinned_to(order_[1])), pinned_to(order_[1]));
}

TEST_F(key_that_remains, of_a_fresh_session_is_the_cookies) {
  expect_same(after(key(origin::fresh)), key(origin::token));
  policy_.pin = true;
  expect_same(after(key(origin::fresh)), pinned_to(order_[0]));
}

TEST_F(key_that_remains, of_a_pinned_session_that_failed_over_names_where_it_went_and_it_stays_there) {
  policy_.pin = true;
  down_ = {order_[0]};
  const auto pinned = after(pinned_to(order_[0]));
  expect_same(pinned, pinned_to(order_[1]));
  down_.clear();
  expect(order_[1], pinned, bond::holds);
}

// -- whom a change concerns ---------------------------------------------

TEST(may_move_others, where_a_ready_member_was_gained_or_weighs_something_else) {
  const auto of = [](std::vector<member> members) { return view(std::move(members), 1); };
  constexpr auto draining = member_state::draining;
  const auto a = make_member("a"), b = make_member("b"), c = make_member("c");
  auto restarted = b;
  restarted.incarnation = "second";
  const struct {
    std::vector<member> before, after;
    bool may;
  } rows[] = {
      {{}, {}, false},
      {{}, {a}, true},
      {{a, b}, {a, b}, false},
      {{a, b, c}, {a, c}, false},
      {{a, b, c}, {}, false},
      {{a, c}, {a, b, c}, true},
      {{b, c}, {a, b, c}, true},
      {{a, b}, {a, b, c}, true},
      {{a, b}, {a, make_member("b", 2)}, true},
      {{a, b}, {a, make_member("b", 1, draining)}, false},
      {{a, make_member("b", 1, draining)}, {a, b}, true},
      {{a}, {a, make_member("b", 1, draining)}, false},
      {{a, b}, {a, restarted}, false},
      {{a, b}, {a, c}, true},
  };
  for (const auto& row : rows)
    EXPECT_EQ(may_move_others(of(row.before), of(row.after)), row.may) << &row - rows;
}

TEST(may_move_others, says_no_only_where_owners_stay) {
  std::vector<member> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(make_member('m' + std::to_string(i), 1 + static_cast<std::uint32_t>(i % 3)));
  const view before(all, 1);
  for (std::size_t gone = 0; gone < all.size(); ++gone) {
    auto rest = all;
    if (gone % 2 == 0)
      rest[gone].state = member_state::draining;
    else
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
    const view after(rest, 2);
    ASSERT_FALSE(may_move_others(before, after));
    for (std::size_t n = 0; n < 500; ++n) {
      const auto was = id_at(before, owner(before, nth_key(n)));
      if (was == all[gone].id) continue;
      ASSERT_EQ(id_at(after, owner(after, nth_key(n))), was);
    }
  }
}

} // namespace
} // namespace limpet::routing
