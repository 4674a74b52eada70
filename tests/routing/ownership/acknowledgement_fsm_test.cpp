#include "routing/ownership/acknowledgement_fsm.hpp"

#include <gtest/gtest.h>

#include "tests/routing/ownership/test_records.hpp"

namespace limpet::ownership {
namespace {

struct Acknowledgement : testing::Test {
  acknowledgement_fsm acks{2};
  void drained(std::uint64_t revision) {
    acks.on_word(0, revision, true);
    acks.on_word(1, revision, true);
  }
  bool wants() const { return acks.wants_to_write(at(0s)); }
};

TEST_F(Acknowledgement, waits_for_every_worker_to_have_applied_and_drained_it) {
  acks.on_record(5, true);
  EXPECT_EQ(acks.waits_for(), 2u);
  acks.on_word(0, 5, true);
  EXPECT_FALSE(wants()) << "one has not applied it";
  acks.on_word(1, 5, false);
  EXPECT_FALSE(wants()) << "one has not drained it";
  EXPECT_EQ(acks.waits_for(), 1u);
  acks.on_word(1, 5, true);
  EXPECT_TRUE(wants());
}

TEST_F(Acknowledgement, words_of_another_record_are_worth_nothing) {
  acks.on_record(5, true);
  drained(4);
  EXPECT_FALSE(wants());
  drained(5);
  acks.on_record(7, true);
  EXPECT_FALSE(wants());
  acks.on_record(5, true); // late, and older
  EXPECT_EQ(acks.held(), 7u);
  EXPECT_FALSE(wants());
}

TEST_F(Acknowledgement, is_not_for_committed_records) {
  acks.on_record(5, false);
  drained(5);
  EXPECT_FALSE(wants());
}

TEST_F(Acknowledgement, is_written_once) {
  acks.on_record(5, true);
  drained(5);
  acks.on_sent();
  EXPECT_FALSE(wants());
  acks.on_written();
  EXPECT_FALSE(wants());
  EXPECT_TRUE(acks.is_written());
}

TEST_F(Acknowledgement, a_reply_for_an_older_record_is_not_one_for_this) {
  acks.on_record(5, true);
  drained(5);
  acks.on_sent();
  acks.on_record(7, true);
  drained(7);
  EXPECT_FALSE(wants()) << "two at once might change places";
  acks.on_written();
  EXPECT_FALSE(acks.is_written());
  EXPECT_TRUE(wants());
}

TEST_F(Acknowledgement, is_tried_again_and_written_again_where_an_old_one_came_in_late) {
  acks.on_record(5, true);
  drained(5);
  acks.on_sent();
  acks.on_failed(at(1s));
  EXPECT_FALSE(wants());
  EXPECT_EQ(acks.wake_at(), at(1s));
  EXPECT_TRUE(acks.wants_to_write(at(1s)));
  acks.on_sent();
  acks.on_written();
  acks.on_read(3);
  EXPECT_TRUE(acks.wants_to_write(at(1s)));
}

TEST_F(Acknowledgement, tells_what_every_worker_has_applied) {
  EXPECT_EQ(acks.applied_by_all(), 0u);
  acks.on_record(5, false);
  acks.on_word(0, 5, false);
  EXPECT_EQ(acks.applied_by_all(), 0u);
  acks.on_word(1, 4, true);
  EXPECT_EQ(acks.applied_by_all(), 4u);
  acks.on_word(1, 3, true);
  EXPECT_EQ(acks.applied_by_all(), 4u);
}

} // namespace
} // namespace limpet::ownership
