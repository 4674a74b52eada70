#include "routing/rendezvous.hpp"
#include "tests/routing/test_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>

namespace limpet::routing {
namespace {

using testing::id_at;
using testing::make_member;
using testing::make_members;
using testing::nth_key;

constexpr std::size_t key_count = 20'000;

/// Owners by id of the first key_count keys.
std::vector<std::string> owners(const std::vector<member>& members) {
  const view v(members, 1);
  std::vector<std::string> result;
  result.reserve(key_count);
  for (std::size_t k = 0; k < key_count; ++k)
    result.push_back(id_at(v, owner(v, nth_key(k))));
  return result;
}

std::vector<member> without(std::vector<member> members, const std::string& id) {
  std::erase_if(members, [&id](const member& m) { return m.id == id; });
  return members;
}

// The same properties hold for one weight, for several, and for one class with much more weight than another.
class rendezvous : public ::testing::TestWithParam<std::vector<std::uint32_t>> {};

INSTANTIATE_TEST_SUITE_P(weights, rendezvous,
                         ::testing::Values(std::vector<std::uint32_t>{1, 1},
                                           std::vector<std::uint32_t>{1, 1, 1, 1, 1, 1, 1},
                                           std::vector<std::uint32_t>{1, 2, 3, 4, 5},
                                           std::vector<std::uint32_t>{1, 1, 1, 2, 2, 2, 8},
                                           std::vector<std::uint32_t>{1, 65'535, 100, 100}));

TEST_P(rendezvous, a_weight_that_grows_in_steps_moves_sessions_towards_it_and_each_once) {
  // Slow start: as an agent raises its member's weight, step by step, each a view.
  auto members = make_members(GetParam());
  const std::string joiner = "joiner";
  members.push_back(make_member(joiner));
  auto before = owners(without(members, joiner));
  std::size_t had_before = 0;
  for (const std::uint32_t weight : {1, 2, 3, 5, 8, 13, 21, 50, 1'000, 65'535}) {
    members.back().weight = weight;
    const auto after = owners(members);
    std::size_t has = 0;
    for (std::size_t k = 0; k < key_count; ++k) {
      has += after[k] == joiner;
      // To the joiner or not at all, so never back and never twice.
      if (after[k] != before[k]) {
        ASSERT_EQ(after[k], joiner) << k << " at weight " << weight;
      }
    }
    EXPECT_GE(has, had_before) << "at weight " << weight;
    had_before = has;
    before = after;
  }
  EXPECT_GT(had_before, key_count / 4);
}

TEST_P(rendezvous, only_the_sessions_of_a_removed_member_move) {
  const auto members = make_members(GetParam());
  const auto before = owners(members);
  for (const member& removed : members) {
    const auto after = owners(without(members, removed.id));
    for (std::size_t k = 0; k < key_count; ++k) {
      ASSERT_NE(after[k], removed.id);
      if (before[k] != removed.id) {
        ASSERT_EQ(after[k], before[k]) << k;
      }
    }
  }
}

TEST_P(rendezvous, a_joiner_takes_its_share_and_nothing_else_moves) {
  auto members = make_members(GetParam());
  const auto before = owners(members);
  const std::uint32_t weight = 3;
  members.push_back(make_member("joiner", weight));
  const auto after = owners(members);
  std::size_t moved = 0;
  for (std::size_t k = 0; k < key_count; ++k) {
    if (after[k] == before[k]) continue;
    ASSERT_EQ(after[k], "joiner");
    ++moved;
  }
  double total = weight;
  for (const std::uint32_t w : GetParam())
    total += w;
  const double expected = key_count * weight / total;
  EXPECT_NEAR(static_cast<double>(moved), expected, 5 * std::sqrt(expected) + 5);
}

TEST_P(rendezvous, another_weight_moves_sessions_only_to_or_from_that_member) {
  const auto members = make_members(GetParam());
  const auto before = owners(members);
  for (std::size_t changed = 0; changed < members.size(); ++changed)
    for (const bool more : {true, false}) {
      auto other = members;
      other[changed].weight = more ? other[changed].weight * 2 : std::max(other[changed].weight / 2, 1u);
      const auto after = owners(other);
      for (std::size_t k = 0; k < key_count; ++k) {
        if (after[k] == before[k]) continue;
        ASSERT_EQ(more ? after[k] : before[k], members[changed].id);
      }
    }
}

TEST_P(rendezvous, order_of_the_list_does_not_matter) {
  auto members = make_members(GetParam());
  const auto before = owners(members);
  std::mt19937 random(1);
  for (int i = 0; i < 5; ++i) {
    std::ranges::shuffle(members, random);
    EXPECT_EQ(owners(members), before);
  }
}

TEST_P(rendezvous, only_the_id_and_the_weight_count) {
  auto members = make_members(GetParam());
  const auto before = owners(members);
  for (member& m : members) {
    m.incarnation = "second";
    m.address = "[::1]:1";
    m.zone = "west";
  }
  EXPECT_EQ(owners(members), before);
}

TEST_P(rendezvous, a_draining_member_leaves_the_ranking) {
  auto members = make_members(GetParam());
  const auto removed = owners(without(members, "m1"));
  members[1].state = member_state::draining;
  EXPECT_EQ(owners(members), removed);
  const view v(members, 1);
  EXPECT_EQ(ranking(v, 1).size(), members.size() - 1);
  for (const ranked& r : ranking(v, 1))
    EXPECT_NE(id_at(v, r.member), "m1");
}

TEST_P(rendezvous, the_ranking_is_who_owns_when_those_before_are_gone) {
  const view v(make_members(GetParam()), 1);
  for (std::size_t k = 0; k < 2000; ++k) {
    const auto order = ranking(v, nth_key(k));
    ASSERT_EQ(order.size(), v.members().size());
    std::set<std::uint32_t> gone;
    for (const ranked& r : order) {
      ASSERT_EQ(owner(v, nth_key(k), [&gone](std::uint32_t m) { return gone.contains(m); }), r.member);
      ASSERT_EQ(r.score, placement_score(nth_key(k), v.hashes(r.member).id));
      gone.insert(r.member);
    }
    ASSERT_EQ(owner(v, nth_key(k), [](std::uint32_t) { return true; }), view::npos);
  }
}

TEST(rendezvous_owner, is_nobody_without_ready_members) {
  EXPECT_EQ(owner(view(), 1), view::npos);
  EXPECT_EQ(owner(view({make_member("a", 1, member_state::draining)}, 1), 1), view::npos);
  EXPECT_TRUE(ranking(view(), 1).empty());
}

TEST(rendezvous_owner, may_have_the_lowest_score_of_all) {
  // mix64(0) is 0: the scan must not take "no score yet" for it.
  const view v({make_member("a")}, 1);
  ASSERT_EQ(placement_score(hash_bytes("a"), hash_bytes("a")), 0u);
  EXPECT_EQ(owner(v, hash_bytes("a")), 0u);
  EXPECT_EQ(owner(v, hash_bytes("a"), [](std::uint32_t) { return false; }), 0u);
}

TEST(rendezvous_owner, is_right_where_scores_differ_only_in_their_unsettled_bits) {
  // A key found by search: b's score is above a's, and before the last step of the mix it is below.
  const std::uint64_t key = 30'846'246'199;
  const std::uint64_t a = hash_bytes("a"), b = hash_bytes("b");
  ASSERT_EQ(placement_score(key, a) & mix_settled, placement_score(key, b) & mix_settled);
  ASSERT_GT(placement_score(key, b), placement_score(key, a));
  ASSERT_LT(mix_multiply(mix_fold(key ^ b)), placement_score(key, a));
  const view v({make_member("a"), make_member("b")}, 1);
  EXPECT_EQ(id_at(v, owner(v, key)), "b");
}

TEST(rendezvous_owner, skip_is_asked_for_few) {
  const view v(make_members(std::vector<std::uint32_t>(1000, 1)), 1);
  std::size_t asked = 0;
  for (std::size_t k = 0; k < 100; ++k)
    owner(v, nth_key(k), [&asked](std::uint32_t) {
      ++asked;
      return false;
    });
  EXPECT_LT(asked, 100u * 20); // about ln(1000) a key
}

TEST(mix64, is_made_of_its_steps) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t key = random(), id = random();
    const std::uint64_t unfinished = mix_multiply(mix_fold(key) ^ mix_fold(id));
    EXPECT_EQ(mix_finish(unfinished), mix64(key ^ id));
    EXPECT_EQ(unfinished & mix_settled, mix64(key ^ id) & mix_settled);
  }
}

TEST(mix64, each_input_bit_turns_each_output_bit_half_of_the_time) {
  std::mt19937_64 random(1);
  constexpr int rounds = 4000;
  for (int in = 0; in < 64; ++in) {
    std::array<int, 64> turned{};
    for (int i = 0; i < rounds; ++i) {
      const std::uint64_t x = random();
      const std::uint64_t difference = mix64(x) ^ mix64(x ^ std::uint64_t{1} << in);
      for (std::size_t out = 0; out < 64; ++out)
        turned[out] += static_cast<int>(difference >> out & 1);
    }
    for (const int count : turned)
      ASSERT_NEAR(count, rounds / 2, 5 * std::sqrt(rounds / 4.0)) << in;
  }
}

class shares : public ::testing::TestWithParam<std::vector<std::uint32_t>> {};

INSTANTIATE_TEST_SUITE_P(weights, shares,
                         ::testing::Values(std::vector<std::uint32_t>{1, 1, 1},
                                           std::vector<std::uint32_t>{1, 2, 3},
                                           std::vector<std::uint32_t>{1, 9},
                                           std::vector<std::uint32_t>(20, 1),
                                           std::vector<std::uint32_t>{100, 100, 200, 200, 300},
                                           std::vector<std::uint32_t>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                                      2, 2, 2, 2, 2, 2, 2, 2, 2, 2}));

TEST_P(shares, are_within_5_percent_of_the_weights) {
  constexpr std::size_t keys = 100'000;
  const view v(make_members(GetParam()), 1);
  std::vector<std::size_t> count(v.members().size());
  for (std::size_t k = 0; k < keys; ++k)
    ++count[owner(v, nth_key(k))];
  const double total = std::accumulate(GetParam().begin(), GetParam().end(), 0.0);
  for (std::size_t m = 0; m < count.size(); ++m) {
    const double expected = keys * v.members()[m].weight / total;
    EXPECT_NEAR(static_cast<double>(count[m]), expected, 0.05 * expected) << v.members()[m].id;
  }
}

TEST(next_in_the_ranking, spreads_the_sessions_of_a_lost_member) {
  const view v(make_members({1, 1, 1, 1, 1}), 1);
  std::map<std::uint32_t, std::size_t> heirs;
  std::size_t lost = 0;
  for (std::size_t k = 0; k < 50'000; ++k) {
    const std::uint32_t first = owner(v, nth_key(k));
    if (first != 2) continue;
    ++lost;
    ++heirs[owner(v, nth_key(k), [](std::uint32_t m) { return m == 2; })];
  }
  ASSERT_EQ(heirs.size(), 4u);
  for (const auto& [m, count] : heirs)
    EXPECT_NEAR(static_cast<double>(count), static_cast<double>(lost) / 4,
                0.1 * static_cast<double>(lost) / 4)
        << m;
}

} // namespace
} // namespace limpet::routing
