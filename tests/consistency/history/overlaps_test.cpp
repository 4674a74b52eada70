#include "tests/consistency/history/judge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::consistency {
namespace {

struct done {
  const char* owner;
  int epoch;
  int begin;
  int end; ///< 0: none
};

std::string lines_of(const std::vector<done>& executions) {
  std::string lines;
  for (int number = 1; const auto& e : executions) {
    lines += fmt::format("B {} s {} o{} {}\n", e.owner, e.epoch, number, e.begin);
    if (e.end > 0) lines += fmt::format("E {} s {} o{} {}\n", e.owner, e.epoch, number, e.end);
    ++number;
  }
  return lines;
}

std::string verdict(const std::vector<done>& executions, const std::string& runner = "") {
  return judged("", lines_of(executions), runner).verdict();
}

// -- overlap ----------------------------------------------------------

TEST(Overlap, is_of_two_owners) {
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 2, 19, 30}}), "overlap 1");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 2, 21, 30}}), "");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"a/1", 1, 19, 30}}), "") << "of one owner: its own affair";
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"a/2", 2, 19, 30}}), "overlap 1")
      << "another incarnation is another owner";
}

TEST(Overlap, is_of_one_session) {
  EXPECT_EQ(judged("", "B a/1 s 1 o1 10\nB b/1 t 1 o2 11\nE b/1 t 1 o2 12\nE a/1 s 1 o1 13\n").verdict(), "");
}

TEST(Overlap, is_none_where_one_ends_as_the_other_begins) {
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 2, 20, 30}}), "");
  EXPECT_EQ(verdict({{"b/1", 2, 10, 20}, {"a/1", 1, 10, 10}}), "") << "over at once";
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 2, 15, 15}}), "overlap 1");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 2, 10, 20}}), "overlap 1");
}

TEST(Overlap, lasts_until_the_owner_is_dead) {
  EXPECT_EQ(verdict({{"a/1", 1, 10, 0}, {"b/1", 2, 100, 110}}), "overlap 1");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 0}, {"b/1", 2, 100, 110}}, "D a/1 100\n"), "");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 0}, {"b/1", 2, 100, 110}}, "D a/1 101\n"), "overlap 1");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 0}, {"b/1", 2, 100, 110}}, "D a/2 50\n"), "overlap 1")
      << "another one died";
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 2, 100, 110}}, "D a/1 200\n"), "")
      << "it had ended by itself";
}

TEST(Overlap, counts_each_execution_that_begins_in_one) {
  EXPECT_EQ(verdict({{"a/1", 1, 10, 50}, {"b/1", 2, 20, 30}, {"b/1", 2, 40, 60}}), "overlap 2");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 50}, {"b/1", 2, 20, 60}, {"a/1", 3, 30, 40}}), "overlap 2");
}

TEST(Overlap, is_found_under_longer_ones_of_the_own) {
  // The longest that is open is the own owner's; another's, shorter, is open, too.
  EXPECT_EQ(verdict({{"b/1", 1, 10, 30}, {"a/1", 2, 20, 90}, {"a/1", 2, 25, 26}}), "overlap 2");
  EXPECT_EQ(verdict({{"b/1", 1, 10, 30}, {"a/1", 2, 20, 90}, {"a/1", 2, 31, 32}}), "overlap 1");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 90}, {"b/1", 2, 20, 30}, {"a/1", 3, 25, 26}, {"c/1", 4, 27, 28}}),
            "overlap 3");
}

// -- epoch ------------------------------------------------------------

TEST(Epoch, rises_with_a_move) {
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 2, 30, 40}}), "");
  EXPECT_EQ(verdict({{"a/1", 1, 10, 20}, {"b/1", 1, 30, 40}}), "epoch 1");
  EXPECT_EQ(verdict({{"a/1", 2, 10, 20}, {"b/1", 1, 30, 40}}), "epoch 1");
}

TEST(Epoch, may_stay_where_a_member_restarts_at_its_address) {
  EXPECT_EQ(verdict({{"a/1", 5, 10, 20}, {"a/2", 5, 30, 40}, {"a/2", 4, 50, 60}}), "");
  EXPECT_EQ(verdict({{"a/1", 5, 10, 20}, {"b/1", 6, 30, 40}, {"a/2", 5, 50, 60}}), "epoch 1");
  EXPECT_EQ(verdict({{"a/1", 5, 10, 20}, {"aa/1", 5, 30, 40}}), "epoch 1");
}

TEST(Epoch, may_go_up_and_down_where_nothing_moves) {
  EXPECT_EQ(verdict({{"a/1", 3, 10, 20},
                     {"a/1", 5, 30, 40},
                     {"a/1", 4, 50, 60},
                     {"b/1", 6, 70, 80},
                     {"b/1", 8, 90, 91},
                     {"b/1", 6, 92, 93}}),
            "");
}

TEST(Epoch, is_above_all_that_were_seen_before_the_move) {
  EXPECT_EQ(verdict({{"a/1", 5, 10, 20}, {"a/1", 3, 30, 40}, {"b/1", 4, 50, 60}}), "epoch 1");
  EXPECT_EQ(verdict({{"a/1", 5, 10, 20}, {"b/1", 6, 30, 40}, {"a/1", 5, 50, 60}}), "epoch 1")
      << "an old owner comes back";
  EXPECT_EQ(verdict({{"a/1", 5, 10, 20}, {"b/1", 6, 30, 40}, {"a/1", 7, 50, 60}}), "");
}

TEST(Epoch, is_not_asked_for_where_nobody_stamps_any) {
  const judged none("", lines_of({{"a/1", 0, 10, 20}, {"b/1", 0, 30, 40}}));
  EXPECT_EQ(none.verdict(), "");
  EXPECT_FALSE(none.executions.are_epochs_checked);
  EXPECT_EQ(none.executions.owner_changes, 1);
  const judged some("", lines_of({{"a/1", 0, 10, 20}, {"b/1", 0, 30, 40}, {"b/1", 1, 50, 60}}));
  EXPECT_EQ(some.verdict(), "epoch 1");
  EXPECT_TRUE(some.executions.are_epochs_checked);
}

} // namespace
} // namespace limpet::consistency
