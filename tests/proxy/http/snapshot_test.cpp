#include "proxy/http/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace limpet::http {
namespace {

using routing::member_state;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// What the control thread does: numbers, and a comparison with the one before.
class comparing : public ::testing::Test {
protected:
  struct one {
    std::string id;
    std::string incarnation = "first";
    std::uint32_t weight = 1;
    member_state state = member_state::ready;
  };

  const pool_snapshot& publish(std::vector<one> members) {
    auto next = std::make_shared<pool_snapshot>();
    std::vector<routing::member> list;
    for (const auto& m : members)
      list.push_back({m.id, m.incarnation, "10.0.0.1:1", m.weight, "", m.state});
    next->placement = policy;
    next->view = routing::view(list, 1);
    for (const auto& m : next->view.members()) {
      net::member_target target;
      target.number = number(m.id + m.incarnation);
      next->targets.push_back(target);
    }
    next->compare(last.get());
    last = next;
    return *last;
  }
  std::uint32_t number(const std::string& name) {
    return numbers.try_emplace(name, 10 + static_cast<std::uint32_t>(numbers.size())).first->second;
  }

  routing::placement_policy policy;
  std::map<std::string, std::uint32_t> numbers;
  std::shared_ptr<const pool_snapshot> last;
};

TEST_F(comparing, at_first_all_members_come) {
  EXPECT_THAT(publish({{"a"}, {"b"}}).turned, UnorderedElementsAre(number("afirst"), number("bfirst")));
}

TEST_F(comparing, the_same_again_is_no_change) {
  publish({{"a"}, {"b"}});
  const auto arrivals = last->arrivals;
  publish({{"b"}, {"a"}});
  EXPECT_THAT(last->turned, IsEmpty());
  EXPECT_EQ(last->arrivals, arrivals);
}

TEST_F(comparing, who_leaves_or_drains_concerns_nobody_else) {
  publish({{"a"}, {"b"}, {"c"}});
  const auto arrivals = last->arrivals;
  EXPECT_THAT(publish({{"a"}, {"c"}}).turned, ElementsAre(number("bfirst")));
  EXPECT_THAT(publish({{"a"}, {"c", "first", 1, member_state::draining}}).turned,
              ElementsAre(number("cfirst")));
  EXPECT_EQ(last->arrivals, arrivals);
}

TEST_F(comparing, who_comes_may_concern_all) {
  publish({{"a"}, {"b", "first", 1, member_state::draining}});
  auto arrivals = last->arrivals;
  EXPECT_THAT(publish({{"a"}, {"b"}}).turned, ElementsAre(number("bfirst")));
  EXPECT_EQ(last->arrivals, ++arrivals);
  EXPECT_THAT(publish({{"a"}, {"b"}, {"c"}}).turned, ElementsAre(number("cfirst")));
  EXPECT_EQ(last->arrivals, ++arrivals);
  EXPECT_THAT(publish({{"a"}, {"b"}, {"c", "first", 2}}).turned, IsEmpty());
  EXPECT_EQ(last->arrivals, ++arrivals);
}

TEST_F(comparing, a_restarted_member_is_two_that_turned) {
  publish({{"a"}, {"b"}});
  const auto arrivals = last->arrivals;
  EXPECT_THAT(publish({{"a"}, {"b", "second"}}).turned,
              UnorderedElementsAre(number("bfirst"), number("bsecond")));
  EXPECT_EQ(last->arrivals, arrivals) << "its sessions stay its id's";
}

TEST_F(comparing, another_policy_may_concern_all) {
  publish({{"a"}, {"b"}});
  const auto arrivals = last->arrivals;
  policy.pin = true;
  EXPECT_THAT(publish({{"a"}, {"b"}}).turned, IsEmpty());
  EXPECT_EQ(last->arrivals, arrivals + 1);
}

TEST(snapshot, finds_members_by_their_number) {
  snapshot s;
  for (const auto& numbers : {std::vector<std::uint32_t>{7, 3}, {}, {5}}) {
    auto pool = std::make_shared<pool_snapshot>();
    for (const auto number : numbers) {
      net::member_target target;
      target.number = number;
      pool->targets.push_back(target);
    }
    s.pools.push_back(pool);
  }
  s.index_members();
  ASSERT_NE(s.find(3), nullptr);
  EXPECT_EQ(s.find(3)->pool, 0u);
  EXPECT_EQ(s.find(3)->index, 1u);
  EXPECT_EQ(s.find(5)->pool, 2u);
  EXPECT_EQ(s.find(7)->index, 0u);
  for (const std::uint32_t none : {0, 4, 8})
    EXPECT_EQ(s.find(none), nullptr) << none;
}

} // namespace
} // namespace limpet::http
