#include "tests/proxy/membership/rails_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::membership::test {
namespace {

TEST(rails_flaps, a_member_that_flaps_is_left_out_until_it_is_steady) {
  script s;
  s.list("a b c");
  for (int i = 0; i < 3; ++i) {
    s.wait(1s).list("a b").wait(1s).list("a b c");
    EXPECT_EQ(s.view(), "a b c") << i;
  }
  EXPECT_EQ(s.told(), "");
  s.wait(1s).list("a b").wait(500ms).list("a b c");
  EXPECT_EQ(s.view(), "a b") << "the fourth time";
  EXPECT_EQ(s.told(), "damped c");
  ASSERT_EQ(s.status().damped.size(), 1u);
  EXPECT_EQ(s.status().damped.at(0).id, "c");
  EXPECT_EQ(s.status().damped.at(0).flaps, 4u);
  EXPECT_EQ(s.left(*s.status().damped.at(0).until), 30s);
  EXPECT_EQ(s.status().flaps, 4u);
  s.wait(29'999ms);
  EXPECT_EQ(s.view(), "a b");
  EXPECT_EQ(s.wait(1ms).view(), "a b c");
  EXPECT_EQ(s.told(), "let_in c");
  EXPECT_TRUE(s.status().damped.empty());
}

TEST(rails_flaps, a_damped_member_that_flaps_on_moves_nothing) {
  script s;
  s.list("a b c");
  for (int i = 0; i < 4; ++i)
    s.list("a b").wait(500ms).list("a b c").wait(500ms);
  ASSERT_EQ(s.told(), "damped c");
  for (int i = 0; i < 300; ++i) {
    s.list("a b").wait(500ms);
    EXPECT_EQ(s.view(), "a b");
    EXPECT_FALSE(s.status().damped.at(0).is_there);
    EXPECT_FALSE(s.status().damped.at(0).until);
    s.list("a b c").wait(500ms);
    EXPECT_EQ(s.view(), "a b");
  }
  EXPECT_EQ(s.told(), "") << "it is told once";
  EXPECT_EQ(s.wait(30s).view(), "a b c");
}

TEST(rails_flaps, a_crash_loop_is_flapping) {
  script s;
  s.list("a b c").list("a b c/2").list("a b c/3").list("a b c/4");
  EXPECT_EQ(s.view(), "a b c/4");
  EXPECT_EQ(s.list("a b c/5").view(), "a b");
  EXPECT_EQ(s.told(), "damped c");
  EXPECT_EQ(s.wait(20s).list("a b c/6").wait(20s).view(), "a b") << "steady is the same incarnation";
  EXPECT_EQ(s.wait(10s).view(), "a b c/6");
}

TEST(rails_flaps, flaps_are_forgotten_after_the_window) {
  script s;
  s.list("a b c");
  for (int i = 0; i < 20; ++i)
    s.wait(20s).list("a b").wait(1s).list("a b c");
  EXPECT_EQ(s.told(), "") << "three a minute may be";
  EXPECT_EQ(s.status().flaps, 20u);
}

TEST(rails_flaps, whoever_comes_back_after_the_window_has_not_flapped) {
  script s;
  s.list("a b c").list("a b").wait(60s).list("a b c");
  EXPECT_EQ(s.status().flaps, 0u);
  s.list("a b").wait(59s).list("a b c");
  EXPECT_EQ(s.status().flaps, 1u);
}

TEST(rails_flaps, a_damped_member_that_stays_away_is_forgotten) {
  script s;
  s.list("a b c");
  for (int i = 0; i < 4; ++i)
    s.list("a b").list("a b c");
  s.list("a b");
  EXPECT_EQ(s.status().damped.size(), 1u);
  s.wait(60s);
  EXPECT_TRUE(s.status().damped.empty());
  EXPECT_EQ(s.list("a b c").view(), "a b c");
}

TEST(rails_flaps, no_more_than_the_percentage_are_left_out) {
  script s;
  s.list("a b c d e");
  for (int i = 0; i < 10; ++i)
    s.list("a/" + std::to_string(i + 2) + " b/" + std::to_string(i + 2) + " c/" + std::to_string(i + 2) +
           " d/" + std::to_string(i + 2) + " e/" + std::to_string(i + 2));
  EXPECT_EQ(s.view(), "c/11 d/11 e/11") << "two of five, and the others flap on";
  EXPECT_EQ(s.told(), "damped a b; spared c d e") << "once each";
}

TEST(rails_flaps, the_last_member_is_never_left_out) {
  auto settings = config::rail_settings{};
  settings.max_removal_percent = 100;
  script s(settings);
  s.list("a b");
  for (int i = 2; i < 12; ++i)
    s.list("a/" + std::to_string(i) + " b/" + std::to_string(i));
  EXPECT_EQ(s.view(), "b/11");
  script one;
  one.list("a");
  for (int i = 0; i < 10; ++i)
    one.list("a/" + std::to_string(i + 2));
  EXPECT_EQ(one.view(), "a/11");
}

TEST(rails_flaps, damped_members_are_let_in_where_the_others_leave) {
  script s;
  s.list("a b c d");
  for (int i = 2; i < 6; ++i)
    s.list("a/" + std::to_string(i) + " b c d");
  s.wait(1s);
  for (int i = 2; i < 6; ++i)
    s.list("a/5 b/" + std::to_string(i) + " c d");
  ASSERT_EQ(s.view(), "c d");
  ASSERT_EQ(s.told(), "damped a; damped b");
  s.list("a/5 b/5 c d!").wait(1s);
  EXPECT_EQ(s.view(), "a/5 c d!") << "one of three; a was there for longer";
  s.list("a/5 b/5 c! d!");
  EXPECT_EQ(s.view(), "a/5 c! d!") << "one of two";
  s.list("b/5");
  EXPECT_EQ(s.view(), "a/5 b/5") << "the only one, whom nobody else stands in for; a is held";
}

TEST(rails_flaps, a_draining_member_is_not_left_out) {
  script s;
  s.list("a b c!");
  for (int i = 2; i < 9; ++i)
    s.list("a b c/" + std::to_string(i) + "!");
  EXPECT_EQ(s.view(), "a b c/8!");
}

TEST(rails_flaps, apply_lets_damped_members_in_but_their_flaps_count) {
  script s;
  s.list("a b c");
  for (int i = 0; i < 4; ++i)
    s.list("a b").list("a b c");
  ASSERT_EQ(s.told(), "damped c");
  EXPECT_EQ(s.apply().view(), "a b c");
  EXPECT_EQ(s.told(), "applied c");
  EXPECT_EQ(s.list("a b").list("a b c").view(), "a b");
}

TEST(rails_flaps, flaps_are_remembered_of_so_many_members_and_no_more) {
  script s;
  member_list many;
  for (int i = 0; i < 10'000; ++i)
    many.members.push_back(member_of("m" + std::to_string(i)));
  s.tell(many);
  for (int round = 2; round < 8; ++round) {
    for (auto& one : many.members)
      one.incarnation = std::to_string(round);
    s.tell(many);
  }
  EXPECT_EQ(s.status().damped.size(), 5000u);
  auto more = many;
  more.members.push_back(member_of("x"));
  s.tell(more);
  for (int round = 2; round < 8; ++round) {
    more.members.back().incarnation = std::to_string(round);
    s.tell(more);
  }
  EXPECT_EQ(s.published().members.size(), 5001u) << "x is in the view: it is one too many to be watched";
}

} // namespace
} // namespace limpet::membership::test
