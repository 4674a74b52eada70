// Lost appends, forks and phantoms, which need no client's memory to be seen.

#include "tests/consistency/history/judge.hpp"

#include <gtest/gtest.h>

namespace limpet::consistency {
namespace {

TEST(Lost, is_an_acknowledged_append_that_nobody_reads_any_more) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok read -"}), "lost 1");
  EXPECT_EQ(verdict_on_lists({"a 1 2 unknown append 1", "b 3 4 ok read -"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok read 1"}), "");
}

TEST(Lost, is_nothing_that_a_read_under_way_at_the_time_lacks) {
  EXPECT_EQ(verdict_on_lists({"a 1 3 ok append 1", "b 2 4 ok read -"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 3 ok append 1", "b 3 4 ok read -"}), "") << "at the same time";
  EXPECT_EQ(verdict_on_lists({"a 1 3 ok append 1", "b 4 4 ok read -"}), "lost 1");
}

TEST(Lost, is_nothing_that_a_longer_list_has) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok read 1", "c 5 6 ok read -"}), "")
      << "c reads what is old; nothing is lost";
  EXPECT_EQ(verdict_on_lists({"b 1 2 ok read -", "a 3 4 ok append 1", "c 5 6 ok read -"}), "lost 1");
}

TEST(Lost, is_counted_by_the_append) {
  EXPECT_EQ(
      verdict_on_lists({"a 1 2 ok append 1", "d 1 2 ok append 2", "b 3 4 ok read -", "c 3 4 ok read -"}),
      "lost 2");
}

TEST(Lost, is_judged_by_what_was_read_after_the_append) {
  // A longer list from before 3 does not speak for 3, and the later one, though shorter, not for 2.
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 1 2 ok append 2", "c 3 4 ok read 1,2",
                              "a 5 6 ok append 3", "d 7 8 ok read 1"}),
            "lost 1");
  // Of two that are as long the later one.
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 1 2 ok append 2", "c 3 4 ok read 1,2",
                              "a 5 6 ok append 3", "d 7 8 ok read 1,3"}),
            "lost 1, fork 1");
  // A list that is no prefix of a longer one from before.
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 1 2 ok append 2", "c 3 4 ok read 1,2",
                              "a 5 6 ok append 3", "d 7 8 ok read 3"}),
            "monotonic_writes 1, fork 1");
}

TEST(Fork, is_a_list_that_is_no_prefix_of_the_longest) {
  EXPECT_EQ(verdict_on_lists(
                {"a 1 9 unknown append 1", "b 1 9 unknown append 2", "c 3 4 ok read 1", "d 3 4 ok read 2"}),
            "fork 1");
  EXPECT_EQ(verdict_on_lists(
                {"a 1 9 unknown append 1", "b 1 9 unknown append 2", "c 3 4 ok read 1", "d 3 4 ok read 1,2"}),
            "");
  EXPECT_EQ(verdict_on_lists({"a 1 9 unknown append 1", "b 1 9 unknown append 2", "c 3 4 ok read 2",
                              "e 3 4 ok read 2", "d 3 4 ok read 1,2"}),
            "fork 2");
}

TEST(Phantom, is_a_value_that_nobody_appended) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok read 7"}), "phantom 1");
  EXPECT_EQ(judged("O a s1 o1 1 2 ok append 7\nO a s2 o2 3 4 ok read 7\n", "").verdict(), "phantom 1")
      << "to this session";
}

TEST(Phantom, is_a_value_that_was_refused) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 no append 1", "b 3 4 ok read 1"}), "phantom 1");
  EXPECT_EQ(verdict_on_lists({"a 1 2 unknown append 1", "b 3 4 ok read 1"}), "");
}

TEST(Phantom, is_a_value_that_comes_twice) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 1 2 ok append 2", "c 3 4 ok read 1,2,1"}), "phantom 1");
  EXPECT_EQ(
      verdict_on_lists({"a 1 2 ok append 1", "b 1 2 ok append 2", "c 3 4 ok read 1,2", "d 3 4 ok read 1,1"}),
      "phantom 1, fork 1");
}

TEST(Phantom, is_a_value_from_the_future) {
  EXPECT_EQ(verdict_on_lists({"a 5 6 ok append 1", "b 1 4 ok read 1"}), "phantom 1");
  EXPECT_EQ(verdict_on_lists({"a 5 6 ok append 1", "b 1 5 ok read 1"}), "") << "at the same time";
  EXPECT_EQ(
      verdict_on_lists({"a 5 9 ok append 1", "c 1 9 ok append 2", "b 1 4 ok read 1", "d 1 9 ok read 2,1"}),
      "phantom 1, fork 1");
}

TEST(Phantom, counts_each_read_that_shows_it_once) {
  EXPECT_EQ(
      verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok read 1", "b 5 6 ok read 1,7", "b 7 8 ok read 1,7,8"}),
      "phantom 2");
}

TEST(Phantom, is_a_refused_operation_that_a_member_executed) {
  const auto verdict = [](const char* outcome) {
    return judged(fmt::format("O a s o1 1 9 {} read -\n", outcome), "B m/1 s 1 o1 3\nE m/1 s 1 o1 4\n")
        .verdict();
  };
  EXPECT_EQ(verdict("no"), "phantom 1");
  EXPECT_EQ(verdict("unknown"), "");
  EXPECT_EQ(verdict("ok"), "");
}

} // namespace
} // namespace limpet::consistency
