// Each guarantee by the smallest history that violates it, and by the nearest one that does not.

#include "tests/consistency/history/judge.hpp"

#include <gtest/gtest.h>

namespace limpet::consistency {
namespace {

// -- read your writes -------------------------------------------------

TEST(ReadYourWrites, asks_for_what_was_acknowledged) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok read -"}), "read_your_writes 1, lost 1");
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok read 1"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 2 unknown append 1", "a 3 4 ok read -"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 2 no append 1", "a 3 4 ok read -"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 unknown read -"}), "");
}

TEST(ReadYourWrites, asks_nothing_of_other_clients) {
  EXPECT_EQ(verdict_on_lists({"a 1 5 ok append 1", "b 3 4 ok read -", "b 6 7 ok read 1"}), "");
}

TEST(ReadYourWrites, holds_however_late_an_unknown_append_appears) {
  EXPECT_EQ(verdict_on_lists(
                {"a 1 2 unknown append 1", "a 3 4 ok append 2", "a 5 6 ok read 2", "a 7 8 ok read 2,1"}),
            "");
}

TEST(ReadYourWrites, counts_reads_not_values) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok append 2", "a 5 6 ok read -", "a 7 8 ok read 1",
                              "a 9 10 ok read 1,2"}),
            "read_your_writes 2");
}

TEST(ReadYourWrites, is_seen_in_lists_that_are_no_prefixes) {
  EXPECT_EQ(
      verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok append 2", "a 5 6 ok read 2", "b 7 8 ok read 1,2"}),
      "read_your_writes 1, fork 1");
}

TEST(ReadYourWrites, takes_an_append_that_ends_as_the_read_begins_for_acknowledged) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 2 3 ok read -", "b 4 5 ok read 1"}),
            "read_your_writes 1");
}

// -- monotonic reads --------------------------------------------------

TEST(MonotonicReads, ask_for_what_was_read_before) {
  EXPECT_EQ(verdict_on_lists({"a 1 9 unknown append 1", "b 3 4 ok read 1", "b 5 6 ok read -"}),
            "monotonic_reads 1");
  EXPECT_EQ(verdict_on_lists({"a 1 9 unknown append 1", "b 3 4 ok read 1", "c 5 6 ok read -"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 9 unknown append 1", "b 3 4 ok read -", "b 5 6 ok read 1"}), "");
}

TEST(MonotonicReads, remember_more_than_the_last_read) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok read 1", "b 5 6 ok read -", "b 7 8 ok read -",
                              "b 9 10 ok read 1"}),
            "monotonic_reads 2");
}

TEST(MonotonicReads, leave_another_order_to_fork) {
  EXPECT_EQ(
      verdict_on_lists({"a 1 2 ok append 1", "b 1 2 ok append 2", "c 3 4 ok read 1,2", "c 5 6 ok read 2,1"}),
      "fork 1");
}

TEST(MonotonicReads, see_through_a_fork) {
  // c has seen 2 in a list that is no prefix; the prefix that it reads then lacks it.
  EXPECT_EQ(verdict_on_lists({"a 1 30 unknown append 1", "b 1 30 unknown append 2", "c 3 4 ok read 2",
                              "c 5 6 ok read 1", "d 7 8 ok read 1,2"}),
            "monotonic_reads 1, fork 1");
  // c has seen 1 in a prefix; the list that is none lacks it.
  EXPECT_EQ(verdict_on_lists({"a 1 30 unknown append 1", "b 1 30 unknown append 2", "c 3 4 ok read 1",
                              "c 5 6 ok read 2", "d 7 8 ok read 1,2"}),
            "monotonic_reads 1, fork 1");
  // c has seen 3 in one fork, and lacks it in another one.
  EXPECT_EQ(verdict_on_lists({"a 1 30 unknown append 1", "b 1 30 unknown append 2", "e 1 30 unknown append 3",
                              "c 3 4 ok read 3", "c 5 6 ok read 2", "d 7 8 ok read 1,2"}),
            "monotonic_reads 1, fork 2");
}

TEST(MonotonicReads, know_that_a_longer_list_may_have_no_more_values) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok read 1,1", "b 5 6 ok read 1"}), "phantom 1");
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "b 3 4 ok read 1,1", "b 5 6 ok read -"}),
            "monotonic_reads 1, phantom 1");
}

// -- monotonic writes -------------------------------------------------

TEST(MonotonicWrites, ask_for_the_earlier_write) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok append 2", "b 3 4 ok read 2"}),
            "monotonic_writes 1, lost 1");
  EXPECT_EQ(verdict_on_lists({"a 1 2 unknown append 1", "a 3 4 ok append 2", "b 3 4 ok read 2"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok append 2", "b 3 4 ok read 1"}), "");
}

TEST(MonotonicWrites, ask_for_their_order) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok append 2", "b 5 6 ok read 2,1"}),
            "monotonic_writes 1");
  EXPECT_EQ(verdict_on_lists({"a 1 2 unknown append 1", "a 3 4 ok append 2", "b 5 6 ok read 2,1"}), "");
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "c 3 4 ok append 2", "b 5 6 ok read 2,1"}), "")
      << "of two clients";
}

TEST(MonotonicWrites, count_each_list_that_shows_it) {
  EXPECT_EQ(verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok append 2", "d 1 9 ok append 3",
                              "b 5 6 ok read 2", "b 7 8 ok read 2,1", "b 10 11 ok read 2,1,3"}),
            "monotonic_writes 3");
}

TEST(MonotonicWrites, are_seen_in_lists_that_are_no_prefixes) {
  EXPECT_EQ(
      verdict_on_lists({"a 1 2 ok append 1", "a 3 4 ok append 2", "b 5 6 ok read 2", "c 7 8 ok read 1,2"}),
      "monotonic_writes 1, fork 1");
}

// -- writes follow reads ----------------------------------------------

TEST(WritesFollowReads, ask_for_what_the_writer_had_read) {
  EXPECT_EQ(
      verdict_on_lists({"a 1 9 unknown append 1", "b 3 4 ok read 1", "b 5 6 ok append 2", "c 5 6 ok read 2"}),
      "writes_follow_reads 1, fork 1");
  EXPECT_EQ(verdict_on_lists(
                {"a 1 9 unknown append 1", "b 3 4 ok append 2", "b 5 6 ok read 2,1", "c 5 6 ok read 2"}),
            "")
      << "read after it wrote";
  EXPECT_EQ(
      verdict_on_lists({"a 1 9 unknown append 1", "b 3 4 ok read 1", "b 5 6 ok append 2", "c 5 6 ok read 1"}),
      "");
}

TEST(WritesFollowReads, ask_for_their_order) {
  EXPECT_EQ(verdict_on_lists(
                {"a 1 9 unknown append 1", "b 3 4 ok read 1", "b 5 6 ok append 2", "c 5 6 ok read 2,1"}),
            "writes_follow_reads 1, fork 1");
  EXPECT_EQ(verdict_on_lists(
                {"a 1 9 unknown append 1", "b 3 4 ok read 1", "b 5 6 ok append 2", "c 5 6 ok read 1,2"}),
            "");
}

TEST(WritesFollowReads, hold_for_an_append_that_appears_late) {
  EXPECT_EQ(verdict_on_lists(
                {"a 1 9 unknown append 1", "b 3 4 ok read 1", "b 5 6 unknown append 2", "c 5 6 ok read 2"}),
            "writes_follow_reads 1, fork 1");
}

TEST(WritesFollowReads, know_what_was_read_in_a_fork) {
  EXPECT_EQ(verdict_on_lists({"a 1 30 unknown append 1", "a 30 40 unknown append 2", "b 3 4 ok read 1",
                              "b 5 6 ok append 3", "c 7 8 ok read 2,3"}),
            "writes_follow_reads 1, phantom 1, fork 1")
      << "2 is read before it is appended";
  EXPECT_EQ(verdict_on_lists({"a 1 30 unknown append 1", "d 1 30 unknown append 2", "b 3 4 ok read 1",
                              "b 5 6 ok append 3", "c 7 8 ok read 2,3"}),
            "writes_follow_reads 1, fork 1");
}

} // namespace
} // namespace limpet::consistency
