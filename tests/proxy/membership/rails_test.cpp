#include "tests/proxy/membership/rails_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::membership::test {
namespace {

// -- beginnings and what passes ---------------------------------------

TEST(rails, the_first_list_is_taken_as_it_is) {
  EXPECT_EQ(script().list("b a").view(), "a b") << "sorted";
  script empty;
  empty.list("");
  EXPECT_EQ(empty.publications(), 1) << "no members is a list, too";
  EXPECT_EQ(empty.told(), "");
}

TEST(rails, nothing_is_published_before_there_is_a_list) {
  script s;
  s.suspend().apply().resume().configure(at_once()).wait(10min);
  EXPECT_EQ(s.publications(), 0);
  EXPECT_EQ(s.list("a").view(), "a");
}

TEST(rails, the_first_list_is_taken_also_where_the_pool_is_suspended) {
  script s;
  EXPECT_EQ(s.suspend().list("a b").view(), "a b");
  EXPECT_EQ(s.list("a").view(), "a b");
}

TEST(rails, all_but_removals_passes_at_once_also_while_removals_are_held) {
  script s(at_once());
  s.list("a b c d").list("d");
  ASSERT_EQ(s.told(), "held a b c");
  EXPECT_EQ(s.list("d e").view(), "a b c d e") << "a join";
  EXPECT_EQ(s.list("d/2 e!").view(), "a b c d/2 e!") << "an incarnation and a state";
  auto heavy = members_of("d/2 e!");
  heavy[0].weight = 7;
  heavy[0].address = "other:1";
  s.tell({heavy, 9, false});
  EXPECT_EQ(s.published().members.at(3), heavy[0]) << "weight and address";
}

TEST(rails, the_same_list_again_is_not_published) {
  script s;
  s.tell({members_of("a b"), 7, false}).tell({members_of("b a"), 7, false});
  EXPECT_EQ(s.publications(), 1);
  s.tell({members_of("a b"), 7, true});
  EXPECT_EQ(s.publications(), 2) << "staleness is a change";
  EXPECT_TRUE(s.published().stale);
}

TEST(rails, the_epoch_is_the_sources_whatever_is_held) {
  script s(at_once());
  s.tell({members_of("a b c d"), 5, false}).tell({{}, 6, false});
  EXPECT_EQ(s.view(), "a b c d");
  EXPECT_EQ(s.published().epoch, 6u);
  s.suspend().tell({members_of("e"), 8, true});
  EXPECT_EQ(s.view(), "a b c d");
  EXPECT_EQ(s.published().epoch, 8u);
  EXPECT_TRUE(s.published().stale);
  s.tell({members_of("e"), 2, false});
  EXPECT_EQ(s.published().epoch, 2u) << "a restore takes it back";
}

// -- removals ---------------------------------------------------------

TEST(rails, a_member_that_left_stays_for_settle) {
  script s;
  s.list("a b c").list("a b");
  EXPECT_EQ(s.view(), "a b c");
  ASSERT_EQ(s.status().leaving.size(), 1u);
  EXPECT_EQ(s.status().leaving.at(0).id, "c");
  EXPECT_EQ(s.left(*s.status().leaving.at(0).until), 1s);
  s.wait(999ms);
  EXPECT_EQ(s.view(), "a b c");
  EXPECT_EQ(s.wait(1ms).view(), "a b");
  EXPECT_TRUE(s.status().leaving.empty());
  EXPECT_EQ(s.told(), "") << "one member that leaves is nothing to write of";
}

TEST(rails, a_member_that_is_back_within_settle_was_never_away) {
  script s;
  s.list("a b").list("a").wait(900ms).list("a b").wait(10min);
  EXPECT_EQ(s.view(), "a b");
  EXPECT_EQ(s.published().epoch, 3u);
}

TEST(rails, a_member_that_drained_leaves_at_once_and_counts_for_nothing) {
  script s;
  s.list("a b c d").list("a! b! c! d!").list("d!");
  EXPECT_EQ(s.view(), "d!");
  EXPECT_EQ(s.list("").view(), "") << "all of them have said so";
  EXPECT_EQ(s.told(), "");
}

TEST(rails, draining_members_do_not_make_a_removal_small) {
  script s;
  s.list("a b c d").list("a b! c! d!").list("b! c! d!");
  EXPECT_EQ(s.told(), "held a") << "the only one that was there for sessions";
  EXPECT_EQ(s.view(), "a b! c! d!");
  script together;
  together.list("a b c d").list("b! c! d!");
  EXPECT_EQ(together.told(), "held a") << "also where they begin to drain with that list";
}

TEST(rails, a_mass_removal_is_held) {
  script s;
  s.list("a b c d").list("d");
  EXPECT_EQ(s.view(), "a b c d");
  ASSERT_EQ(s.events().size(), 1u);
  EXPECT_EQ(s.events().at(0), (rails_event{kind::held, {"a", "b", "c"}, 3, 4}));
  const auto status = s.status();
  ASSERT_EQ(status.held.size(), 3u);
  EXPECT_EQ(status.held.at(0).id, "a");
  EXPECT_EQ(s.left(status.held.at(0).since), 0ms);
  EXPECT_EQ(s.left(*status.held.at(0).until), 60s);
  EXPECT_EQ(status.held.at(0).gone, 3u);
  EXPECT_EQ(status.held.at(0).of, 4u);
  EXPECT_EQ(status.members_told, 1u);
  EXPECT_EQ(status.guard_trips, 1u);
  EXPECT_TRUE(status.leaving.empty());
}

TEST(rails, held_members_leave_when_hold_is_over) {
  script s;
  s.list("a b c d").list("d").wait(59'999ms);
  EXPECT_EQ(s.view(), "a b c d");
  EXPECT_EQ(s.told(), "held a b c");
  EXPECT_EQ(s.wait(1ms).view(), "d");
  EXPECT_EQ(s.told(), "let_go a b c");
  EXPECT_TRUE(s.status().held.empty());
}

TEST(rails, held_members_that_come_back_were_never_away) {
  script s;
  s.list("a b c d").list("");
  EXPECT_EQ(s.told(), "held a b c d");
  s.wait(5s).list("b");
  EXPECT_EQ(s.told(), "came_back b");
  EXPECT_EQ(s.view(), "a b c d");
  s.list("a b c d").wait(10min);
  EXPECT_EQ(s.told(), "came_back a c d");
  EXPECT_EQ(s.view(), "a b c d");
  EXPECT_EQ(s.status().flaps, 0u) << "a store that lost all of them says nothing of one";
}

TEST(rails, a_held_member_that_comes_back_as_another_incarnation_is_replaced) {
  script s;
  s.list("a b c d").list("").wait(5s).list("a/2 b");
  EXPECT_EQ(s.view(), "a/2 b c d");
  EXPECT_EQ(s.status().flaps, 1u) << "it did restart";
}

TEST(rails, leases_that_run_out_one_by_one_are_seen_as_what_they_are) {
  script s;
  s.list("a b c d").list("b c d").wait(100ms).list("c d").wait(100ms);
  EXPECT_EQ(s.told(), "");
  s.list("d");
  EXPECT_EQ(s.told(), "held a b c") << "the first ones with the one that made it too many";
  EXPECT_EQ(s.wait(10s).view(), "a b c d");
}

TEST(rails, removals_within_the_window_count_together) {
  script s(at_once());
  s.list("a b c d").list("b c d").wait(4s).list("c d").wait(4s);
  EXPECT_EQ(s.view(), "c d");
  s.list("d");
  EXPECT_EQ(s.told(), "held c") << "three of four";
  EXPECT_EQ(s.status().held.at(0).gone, 3u);
  EXPECT_EQ(s.status().held.at(0).of, 4u);
}

TEST(rails, removals_further_apart_than_the_window_pass) {
  script s(at_once());
  s.list("a b c d").list("b c d").wait(10s).list("c d").wait(10s).list("d").wait(10s);
  EXPECT_EQ(s.view(), "d");
  EXPECT_EQ(s.told(), "");
  s.list("");
  EXPECT_EQ(s.told(), "held d") << "the last one of all is every one";
}

TEST(rails, a_member_that_left_and_is_back_does_not_count) {
  script s(at_once());
  s.list("a b c d").list("b c d").list("a b c d").list("a c d").list("a b c d").list("a b d").list("a b c d");
  s.list("a b c");
  EXPECT_EQ(s.told(), "") << "never more than one was away";
  EXPECT_EQ(s.view(), "a b c");
}

TEST(rails, small_pools) {
  script one;
  one.list("a").list("");
  EXPECT_EQ(one.told(), "held a") << "1 of 1";
  EXPECT_EQ(one.wait(60s).view(), "");
  script two;
  two.list("a b").list("b").wait(1s);
  EXPECT_EQ(two.view(), "b") << "1 of 2 is not more than half";
  two.list("");
  EXPECT_EQ(two.told(), "held b");
  script both;
  both.list("a b").list("");
  EXPECT_EQ(both.told(), "held a b");
  script three;
  three.list("a b c").list("b c").wait(1s).list("c");
  EXPECT_EQ(three.view(), "b c");
  EXPECT_EQ(three.told(), "held b") << "2 of 3 within the window";
}

TEST(rails, members_that_came_within_the_window_count_as_members) {
  script scaled;
  scaled.list("a b c").list("a b c d e f").wait(2s).list("a b c").wait(1s);
  EXPECT_EQ(scaled.view(), "a b c") << "three of six";
  script replaced;
  replaced.list("a b c").list("a b c d e f").wait(2s).list("d e f").wait(1s);
  EXPECT_EQ(replaced.view(), "d e f") << "as many are there as were";
}

TEST(rails, members_that_come_with_the_list_do_not_make_a_removal_small) {
  script s;
  s.list("a b c").list("x y z");
  EXPECT_EQ(s.told(), "held a b c") << "another cluster's members are no replacement";
  EXPECT_EQ(s.view(), "a b c x y z");
}

TEST(rails, one_member_that_is_always_another_does_not_trip_the_guard) {
  script s(at_once());
  s.list("a b c d");
  for (int i = 0; i < 50; ++i)
    s.list("a b c d x" + std::to_string(i)).wait(2'500ms);
  EXPECT_EQ(s.told(), "");
  EXPECT_EQ(s.view(), "a b c d x49");
}

TEST(rails, a_removal_during_a_hold_is_judged_with_what_is_held) {
  script s;
  s.list("a b c d e f").list("e f").wait(30s);
  EXPECT_EQ(s.told(), "held a b c d");
  s.list("f");
  EXPECT_EQ(s.told(), "held_more e");
  EXPECT_EQ(s.status().guard_trips, 1u) << "it is still the same one";
  EXPECT_EQ(s.wait(30s).view(), "e f") << "each has a hold of its own";
  EXPECT_EQ(s.told(), "let_go a b c d");
  EXPECT_EQ(s.wait(30s).view(), "f");
}

TEST(rails, a_pool_that_grew_during_a_hold_lets_one_go) {
  script s;
  s.list("a b c").list("c").wait(20s);
  ASSERT_EQ(s.told(), "held a b");
  s.list("c d e f g").wait(20s).list("d e f g").wait(1s);
  EXPECT_EQ(s.view(), "a b d e f g") << "3 of 7";
}

TEST(rails, apply_lets_go_at_once) {
  script s;
  s.list("a b c d").list("d").wait(3s).apply();
  EXPECT_EQ(s.view(), "d");
  EXPECT_EQ(s.told(), "held a b c; applied a b c");
  EXPECT_TRUE(s.status().held.empty());
  EXPECT_EQ(s.apply().told(), "applied") << "of nothing";
  EXPECT_EQ(s.view(), "d");
  EXPECT_EQ(s.list("d e f g").view(), "d e f g");
  s.list("e f g").wait(1s);
  EXPECT_EQ(s.view(), "e f g") << "what an operator accepted does not count against it";
}

TEST(rails, another_trip_is_counted_and_told_again) {
  script s;
  s.list("a b").list("").list("a b").wait(1min).list("");
  EXPECT_EQ(s.told(), "held a b; came_back a b; held a b");
  EXPECT_EQ(s.status().guard_trips, 2u);
}

TEST(rails, at_100_percent_nothing_is_held_and_nothing_waits) {
  auto settings = config::rail_settings{};
  settings.max_removal_percent = 100;
  script s(settings);
  EXPECT_EQ(s.list("a b c").list("").view(), "");
  EXPECT_EQ(s.told(), "");
}

TEST(rails, at_0_percent_every_removal_is_held) {
  auto settings = config::rail_settings{};
  settings.max_removal_percent = 0;
  script s(settings);
  s.list("a b c d").list("a b c");
  EXPECT_EQ(s.told(), "held d");
}

TEST(rails, the_snapshots_members_are_what_the_first_list_of_the_store_is_judged_by) {
  script s;
  s.tell({members_of("a b c"), 40, true}).wait(1min).tell({{}, 1, false});
  EXPECT_EQ(s.told(), "held a b c");
  EXPECT_EQ(s.view(), "a b c");
  EXPECT_EQ(s.published().epoch, 1u);
  EXPECT_FALSE(s.published().stale);
}

} // namespace
} // namespace limpet::membership::test
