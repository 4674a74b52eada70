#include "tests/proxy/membership/rails_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::membership::test {
namespace {

// -- suspended --------------------------------------------------------

TEST(rails_operator, suspended_the_view_stays_and_changes_are_pending) {
  script s;
  s.list("a b c").suspend();
  EXPECT_EQ(s.told(), "suspended");
  EXPECT_EQ(s.list("b/2 d").wait(10min).view(), "a b c");
  const auto status = s.status();
  EXPECT_TRUE(status.suspended);
  EXPECT_THAT(status.pending.joined, testing::ElementsAre("d"));
  EXPECT_THAT(status.pending.left, testing::ElementsAre("a", "c"));
  EXPECT_THAT(status.pending.changed, testing::ElementsAre("b"));
  EXPECT_EQ(s.suspend().told(), "") << "twice is once";
}

TEST(rails_operator, resume_takes_the_latest_list_through_the_guard) {
  script s;
  s.list("a b c d").suspend().list("x").list("d e").wait(10min).resume();
  EXPECT_EQ(s.told(), "suspended; resumed; held a b c");
  EXPECT_EQ(s.view(), "a b c d e");
  EXPECT_FALSE(s.status().suspended);
  EXPECT_TRUE(s.status().pending.joined.empty());
  EXPECT_EQ(s.wait(60s).view(), "d e");
  EXPECT_EQ(s.resume().told(), "let_go a b c") << "twice is once";
}

TEST(rails_operator, a_hold_begins_anew_when_a_pool_is_resumed) {
  script s;
  s.list("a b c d").list("d").wait(50s).suspend().wait(10min);
  EXPECT_EQ(s.view(), "a b c d");
  EXPECT_FALSE(s.status().held.at(0).until) << "not while it is suspended";
  s.resume();
  EXPECT_EQ(s.told(), "held a b c; suspended; resumed; held a b c");
  EXPECT_EQ(s.left(*s.status().held.at(0).until), 60s);
  EXPECT_EQ(s.list("a b c d").wait(10min).view(), "a b c d");
}

TEST(rails_operator, what_was_settling_when_a_pool_was_suspended_settles_anew) {
  script s;
  s.list("a b c").list("a b").suspend().wait(1min);
  EXPECT_EQ(s.view(), "a b c");
  EXPECT_EQ(s.resume().view(), "a b c");
  EXPECT_EQ(s.wait(1s).view(), "a b");
}

TEST(rails_operator, a_member_that_was_held_and_came_back_meanwhile_is_no_news) {
  script s;
  s.list("a b c").list("").suspend().list("a b c").resume().wait(10min);
  EXPECT_EQ(s.view(), "a b c");
  EXPECT_EQ(s.told(), "held a b c; suspended; resumed");
  EXPECT_EQ(s.status().flaps, 0u);
}

TEST(rails_operator, apply_on_a_suspended_pool_takes_the_list_once) {
  script s;
  s.list("a b c d").list("d").suspend().list("e").apply();
  EXPECT_EQ(s.view(), "e");
  EXPECT_EQ(s.told(), "held a b c; suspended; applied a b c d e");
  EXPECT_TRUE(s.status().suspended);
  EXPECT_EQ(s.list("f").view(), "e");
  EXPECT_THAT(s.status().pending.joined, testing::ElementsAre("f"));
}

TEST(rails_operator, apply_tells_of_all_that_becomes_another) {
  script s;
  s.list("a b").suspend().list("a/2 c").apply();
  EXPECT_EQ(s.told(), "suspended; applied a b c");
  EXPECT_EQ(s.apply().told(), "applied") << "of nothing";
}

// -- settings change --------------------------------------------------

TEST(rails_operator, a_reload_that_switches_the_guard_off_lets_go) {
  script s;
  s.list("a b").list("");
  auto off = config::rail_settings{};
  off.max_removal_percent = 100;
  EXPECT_EQ(s.configure(off).view(), "");
  EXPECT_EQ(s.told(), "held a b; let_go a b");
}

TEST(rails_operator, a_reload_with_another_hold_counts_for_what_is_held) {
  script s;
  s.list("a b").list("").wait(20s);
  auto longer = config::rail_settings{};
  longer.hold = 5min;
  s.configure(longer).wait(4min);
  EXPECT_EQ(s.view(), "a b");
  auto shorter = config::rail_settings{};
  shorter.hold = 10s;
  EXPECT_EQ(s.configure(shorter).view(), "");
}

TEST(rails_operator, a_reload_forgets_no_flap) {
  script s;
  s.list("a b c");
  for (int i = 0; i < 3; ++i)
    s.list("a b").list("a b c");
  auto other = config::rail_settings{};
  other.hold = 90s;
  s.configure(other).list("a b").list("a b c");
  EXPECT_EQ(s.view(), "a b");
  EXPECT_EQ(s.told(), "damped c");
  other.damping.flaps = 0;
  EXPECT_EQ(s.configure(other).view(), "a b c") << "switched off";
  EXPECT_EQ(s.told(), "let_in c");
}

} // namespace
} // namespace limpet::membership::test
