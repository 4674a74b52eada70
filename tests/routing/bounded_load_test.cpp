#include "routing/bounded_load.hpp"
#include "tests/routing/test_view.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace limpet::routing {
namespace {

using testing::make_member;
using testing::make_members;

struct bound_case {
  std::vector<std::uint32_t> weights;
  std::vector<std::uint32_t> busy;
  std::uint32_t thousandths;
  std::uint32_t weight;
  std::uint64_t most; ///< ceil(c * (total + 1) * weight / W)
};

load_bound bound_of(const view& v, const std::vector<std::uint32_t>& busy, std::uint32_t thousandths,
                    const std::set<std::uint32_t>& down = {}) {
  return load_bound(
      v, thousandths, [&](std::uint32_t m) { return down.contains(m); },
      [&](std::uint32_t m) { return busy.at(m); });
}

TEST(load_bound, is_that_of_the_paper_with_weights) {
  const bound_case cases[] = {
      {{1, 1}, {0, 0}, 1250, 1, 1},            // 0.625
      {{1, 1}, {1, 2}, 1250, 1, 3},            // 2.5
      {{1, 1}, {3, 4}, 1250, 1, 5},            // 5
      {{1, 1}, {4, 4}, 1250, 1, 6},            // 5.625
      {{1, 3}, {4, 3}, 1500, 1, 3},            // 3
      {{1, 3}, {4, 3}, 1500, 3, 9},            // 9
      {{1, 3}, {4, 4}, 1001, 3, 7},            // 6.75675
      {{1}, {7}, 1001, 1, 9},                  // 8.008
      {{1, 1, 1}, {0, 0, 29}, 10'000, 1, 100}, // 100
  };
  for (const bound_case& c : cases) {
    const view v(make_members(c.weights), 1);
    const load_bound bound = bound_of(v, c.busy, c.thousandths);
    EXPECT_EQ(bound.most(c.weight), c.most);
    EXPECT_TRUE(bound.has_room(static_cast<std::uint32_t>(c.most) - 1, c.weight)) << c.most;
    EXPECT_FALSE(bound.has_room(static_cast<std::uint32_t>(c.most), c.weight)) << c.most;
  }
}

TEST(load_bound, counts_ready_members_that_can_be_reached_alone) {
  const view v(
      {make_member("a"), make_member("b"), make_member("c"), make_member("d", 1, member_state::draining)}, 1);
  EXPECT_EQ(bound_of(v, {9, 10, 500, 500}, 2000, {2}).most(1), 20u);
  EXPECT_EQ(bound_of(v, {9, 10, 10, 500}, 2000).most(1), 20u);
  const load_bound none = bound_of(v, {0, 0, 0, 0}, 2000, {0, 1, 2});
  EXPECT_EQ(none.most(1), 0u);
}

TEST(load_bound, always_leaves_one_member_with_room) {
  std::uint64_t random = 1;
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::uint32_t> weights, busy;
    for (std::size_t i = 0; i < 1 + random % 5; ++i) {
      random = mix64(random + 1);
      weights.push_back(1 + random % 7);
      busy.push_back(random >> 32 & (round % 2 ? 3 : 0xffff'ffff));
    }
    const view v(make_members(weights), 1);
    const load_bound bound = bound_of(v, busy, 1001);
    bool any = false;
    for (std::size_t i = 0; i < busy.size(); ++i)
      any = any || bound.has_room(busy[i], weights[i]);
    ASSERT_TRUE(any) << round;
    random = mix64(random + round);
  }
}

TEST(load_bound, does_not_overflow) {
  std::vector<std::uint32_t> weights(1'000, member_weight_max);
  const view v(make_members(weights), 1);
  const std::vector<std::uint32_t> busy(1'000, 0xffff'fff0);
  const load_bound bound = bound_of(v, busy, 10'000);
  EXPECT_EQ(bound.most(member_weight_max),
            42'949'672'801u); // 10 * (1000 * 4294967280 + 1) / 1000, rounded up
  EXPECT_TRUE(bound.has_room(0xffff'ffff, member_weight_max));
}

} // namespace
} // namespace limpet::routing
