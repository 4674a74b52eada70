#include "proxy/snapshot_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace limpet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class building : public ::testing::Test {
protected:
  building() {
    settings.pools["app"].name = "app";
    settings.routes.push_back({"/", "", "/", "app", {}});
  }

  std::shared_ptr<const http::snapshot> build(const std::vector<std::string>& ids) {
    lists["app"] = {};
    for (const auto& id : ids)
      lists["app"].members.push_back({id, "first", "10.0.0.1:1", 1, "", routing::member_state::ready});
    return builder.build(settings, lists);
  }
  static const net::member_target& target(const http::snapshot& s, std::size_t index) {
    return s.pools.at(0)->targets.at(index);
  }

  config::settings settings;
  snapshot_builder::lists lists;
  snapshot_builder builder{[](const std::string&) { return std::vector<net::member_endpoint>{}; }};
};

TEST_F(building, members_keep_their_numbers) {
  const auto one = build({"a", "b"});
  const auto other = build({"b", "c"});
  EXPECT_EQ(target(*one, 1).number, target(*other, 0).number);
  EXPECT_NE(target(*one, 0).number, target(*other, 1).number);
  EXPECT_EQ(other->find(target(*one, 0).number), nullptr);
  ASSERT_NE(other->find(target(*one, 1).number), nullptr);
  EXPECT_EQ(other->find(target(*one, 1).number)->index, 0U);
}

TEST_F(building, a_snapshot_says_what_changed_since_the_one_before) {
  const auto one = build({"a", "b"});
  EXPECT_THAT(one->pools.at(0)->turned, SizeIs(2));
  EXPECT_THAT(build({"a", "b"})->pools.at(0)->turned, IsEmpty());
  EXPECT_THAT(build({"b"})->pools.at(0)->turned, ElementsAre(target(*one, 0).number));
}

TEST_F(building, a_member_that_comes_back_is_the_same_while_anything_is_connected_to_it) {
  auto first = build({"a", "b"});
  const auto number = target(*first, 0).number;
  auto connection = target(*first, 0).shared; // as an open connection has it
  first.reset();
  build({"b"});
  build({"b"});
  EXPECT_EQ(target(*build({"a", "b"}), 0).number, number);

  connection.reset();
  build({"b"});
  build({"b"});
  EXPECT_NE(target(*build({"a", "b"}), 0).number, number);
}

TEST_F(building, members_that_left_are_known_while_anything_is_connected_to_them) {
  auto first = build({"a", "b", "c"});
  const auto a = target(*first, 0).number, b = target(*first, 1).number;
  auto to_a = target(*first, 0).shared, to_b = target(*first, 1).shared; // as open connections have them
  EXPECT_THAT(builder.former_members("app"), IsEmpty());
  first.reset();
  lists["app"].members = {{"a", "second", "10.0.0.1:1", 1, "", routing::member_state::ready}};
  builder.build(settings, lists);
  builder.build(settings, lists); // the one that had them is not the last any more
  using former = ops::former_member;
  EXPECT_THAT(builder.former_members("app"), ElementsAre(former{"a", "first", a}, former{"b", "first", b}));
  EXPECT_THAT(builder.former_members("another"), IsEmpty());

  to_a.reset();
  builder.build(settings, lists);
  EXPECT_THAT(builder.former_members("app"), ElementsAre(former{"b", "first", b}));
  build({"b"});
  EXPECT_THAT(builder.former_members("app"), testing::Not(testing::Contains(former{"b", "first", b})));
}

TEST_F(building, a_member_that_comes_back_is_believed_at_first) {
  const auto first = build({"a", "b"});
  const auto& shared = *target(*first, 0).shared;
  target(*first, 0).shared->failed(net::clock::now());
  build({"a", "b"});
  EXPECT_TRUE(shared.is_failing());
  build({"b"});
  build({"a", "b"});
  EXPECT_FALSE(shared.is_failing());
}

TEST_F(building, the_pools_state_hears_of_members_that_answer_again) {
  const auto s = build({"a", "b"});
  const auto& state = *s->pools.at(0)->state;
  target(*s, 0).shared->connected();
  EXPECT_EQ(state.recoveries, 1U) << "the first connect shows for the first time that it is well";
  target(*s, 0).shared->connected();
  EXPECT_EQ(state.recoveries, 1U) << "it never failed";
  target(*s, 0).shared->failed(net::clock::now());
  target(*s, 0).shared->connected();
  target(*s, 0).shared->connected();
  EXPECT_EQ(state.recoveries, 2U);
}

TEST_F(building, a_pool_that_comes_back_has_its_state_while_anything_knows_it) {
  const auto first = build({"a"});
  const auto settings_of_app = settings.pools["app"];
  settings.pools.clear();
  settings.routes.clear();
  builder.build(settings, {});
  settings.pools["app"] = settings_of_app;
  settings.routes.push_back({"/", "", "/", "app", {}});
  const auto again = build({"a"});
  EXPECT_EQ(again->pools.at(0)->state, first->pools.at(0)->state);
  EXPECT_EQ(again->pools.at(0)->number, first->pools.at(0)->number);
  EXPECT_THAT(again->pools.at(0)->turned, SizeIs(1));
}

} // namespace
} // namespace limpet
