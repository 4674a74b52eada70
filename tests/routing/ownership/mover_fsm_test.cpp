#include "routing/ownership/mover_fsm.hpp"
#include "tests/routing/ownership/test_records.hpp"

#include <gtest/gtest.h>

namespace limpet::ownership {
namespace {

using action = mover_fsm::action;

struct Mover : testing::Test {
  mover_fsm mover{{.batch = 100ms, .poll = 1s, .again = 250ms}};
  const members a{member("a")};
  const members ab{member("a"), member("b")};
  const members b{member("b")};

  void sees(members m, std::uint64_t revision, duration when = 0s) {
    mover.on_members_seen(std::move(m), revision, at(when));
  }
  void reads(members m, std::uint64_t revision, duration when) {
    ASSERT_EQ(mover.next(at(when)), action::read_members);
    mover.on_sent(action::read_members);
    mover.on_members_read(std::move(m), revision, at(when));
  }
  record writes(duration when) {
    EXPECT_EQ(mover.next(at(when)), action::write);
    mover.on_sent(action::write);
    return mover.written();
  }
  static barrier_reading reading(std::uint64_t view, std::vector<std::uint64_t> acknowledged) {
    barrier_reading r;
    r.view_revision = view;
    for (const auto revision : acknowledged)
      r.routers.push_back({"p" + std::to_string(r.routers.size()), true, revision});
    return r;
  }
};

TEST_F(Mover, does_nothing_before_it_knows_the_record) {
  sees(ab, 20);
  EXPECT_EQ(mover.next(at(1h)), action::wait);
  EXPECT_EQ(mover.wake_at(), never);
}

TEST_F(Mover, gathers_joins_reads_them_and_prepares) {
  mover.on_record(committed(9, a, 8), at(0s));
  sees(ab, 20, 1s);
  EXPECT_EQ(mover.wake_at(), at(1100ms));
  EXPECT_EQ(mover.next(at(1099ms)), action::wait);
  reads(ab, 21, 1100ms);
  const auto written = writes(1100ms);
  EXPECT_TRUE(written.is_prepare());
  EXPECT_EQ(written.members, ab);
  EXPECT_EQ(written.members_rev, 21u);
  EXPECT_EQ(written.base, a);
  EXPECT_EQ(mover.written_over(), 9u);
  mover.on_record(prepare(11, a, b, 19), at(1200ms));
  EXPECT_EQ(mover.written_over(), 9u) << "whatever comes meanwhile";
  EXPECT_EQ(mover.next(at(1h)), action::wait) << "one at a time";
}

TEST_F(Mover, another_batch_counts_at_once) {
  mover.on_record(committed(9, a, 8), at(0s));
  sees(ab, 20, 1s);
  mover.set_batch(300ms);
  EXPECT_EQ(mover.wake_at(), at(1300ms));
  EXPECT_EQ(mover.next(at(1299ms)), action::wait);
  EXPECT_EQ(mover.next(at(1300ms)), action::read_members);
}

TEST_F(Mover, does_not_wait_with_a_loss_but_for_its_turn) {
  mover.on_record(committed(9, ab, 8), at(0s));
  mover.on_barrier_seen(false, 50ms, at(0s));
  sees(a, 20, 1s);
  EXPECT_EQ(mover.next(at(1049ms)), action::wait);
  EXPECT_EQ(mover.next(at(1050ms)), action::read_members);
}

TEST_F(Mover, begins_where_there_is_no_record) {
  mover.on_record(record{}, at(0s));
  sees(a, 20, 0s);
  reads(a, 20, 100ms);
  EXPECT_TRUE(writes(100ms).base.empty());
  EXPECT_EQ(mover.written_over(), 0u);
}

TEST_F(Mover, members_from_before_those_of_the_record_do_not_count) {
  mover.on_record(committed(9, ab, 20), at(0s));
  sees(a, 19);
  EXPECT_EQ(mover.next(at(1h)), action::wait) << "its watch is behind";
  sees(a, 20);
  EXPECT_EQ(mover.next(at(1h)), action::wait) << "members_rev must be higher";
  sees(a, 21);
  reads(a, 21, 1h);
  EXPECT_EQ(writes(1h).members_rev, 21u);
}

TEST_F(Mover, a_read_that_shows_nothing_new_writes_nothing) {
  mover.on_record(committed(9, a, 8), at(0s));
  sees(ab, 20);
  reads(a, 21, 1s); // it has left again
  EXPECT_EQ(mover.next(at(1h)), action::wait);
}

TEST_F(Mover, a_read_older_than_the_watch_is_made_again) {
  mover.on_record(committed(9, a, 8), at(0s));
  sees(ab, 20);
  ASSERT_EQ(mover.next(at(1s)), action::read_members);
  mover.on_sent(action::read_members);
  sees(ab, 22, 1s);
  mover.on_members_read(ab, 21, at(1s));
  EXPECT_EQ(mover.next(at(1s)), action::read_members);
}

TEST_F(Mover, commits_once_all_have_acknowledged_this_very_record) {
  mover.on_record(prepare(12, a, ab), at(0s));
  EXPECT_EQ(mover.next(at(0s)), action::wait);
  mover.on_barrier_seen(true, 0s, at(1ms));
  EXPECT_EQ(mover.next(at(1ms)), action::read_barrier);
  mover.on_barrier_read(reading(12, {12, 12}), at(2ms));
  const auto written = writes(2ms);
  EXPECT_FALSE(written.is_prepare());
  EXPECT_EQ(written.epoch, 12u);
  EXPECT_EQ(mover.written_over(), 12u);
}

TEST_F(Mover, does_not_commit_for_less) {
  mover.on_record(prepare(12, a, ab), at(0s));
  for (const auto& lacking : {reading(12, {12, 11}), reading(12, {12, 0}), reading(14, {12, 12})}) {
    mover.on_barrier_seen(true, 0s, at(1ms));
    mover.on_barrier_read(lacking, at(2ms));
    EXPECT_NE(mover.next(at(2ms)), action::write);
  }
  mover.on_barrier_read(reading(12, {}), at(2ms));
  EXPECT_EQ(mover.next(at(2ms)), action::write) << "there is nobody to wait for";
}

TEST_F(Mover, looks_at_a_prepare_now_and_then_though_its_watch_is_silent) {
  mover.on_record(prepare(12, a, ab), at(0s));
  EXPECT_EQ(mover.wake_at(), at(1s));
  EXPECT_EQ(mover.next(at(1s)), action::read_barrier);
  mover.on_barrier_read(reading(12, {12, 0}), at(1s));
  EXPECT_EQ(mover.wake_at(), at(2s));
  mover.on_barrier_read_failed(at(2s));
  EXPECT_EQ(mover.wake_at(), at(2250ms));
}

TEST_F(Mover, a_join_waits_for_the_commit_and_a_loss_supersedes) {
  mover.on_record(prepare(12, a, ab, 8), at(0s));
  auto abc = ab;
  abc.push_back(member("c"));
  sees(abc, 20);
  EXPECT_EQ(mover.next(at(900ms)), action::wait);
  sees(a, 21, 900ms); // b, of the new members, is gone
  reads(a, 21, 900ms);
  const auto written = writes(900ms);
  EXPECT_TRUE(written.is_prepare());
  EXPECT_EQ(written.base, a);
  EXPECT_EQ(written.base_epoch, 3u);

  mover_fsm other{{}};
  other.on_record(prepare(12, ab, b, 8), at(0s));
  other.on_members_seen(b, 20, at(0s));
  EXPECT_EQ(other.next(at(500ms)), action::wait) << "what only the base had may go";
}

TEST_F(Mover, a_conflict_asks_for_the_record_and_begins_anew) {
  mover.on_record(committed(9, a, 8), at(0s));
  sees(ab, 20);
  reads(ab, 20, 1s);
  writes(1s);
  mover.on_conflict();
  EXPECT_EQ(mover.next(at(1s)), action::read_barrier);
  mover.on_record(prepare(14, a, ab, 20), at(1s));
  mover.on_barrier_read(reading(14, {0}), at(1s));
  EXPECT_EQ(mover.next(at(1s)), action::wait) << "it is what we wanted";
}

TEST_F(Mover, a_write_of_unknown_end_is_found_out) {
  mover.on_record(committed(9, a, 8), at(0s));
  sees(ab, 20);
  reads(ab, 20, 1s);
  writes(1s);
  mover.on_failed(at(1s));
  EXPECT_EQ(mover.next(at(1s)), action::wait);
  EXPECT_EQ(mover.wake_at(), at(1250ms));
  EXPECT_EQ(mover.next(at(1250ms)), action::read_barrier);
  mover.on_barrier_read(reading(9, {}), at(1300ms)); // it was not made
  EXPECT_EQ(mover.next(at(1300ms)), action::read_members);
}

TEST_F(Mover, what_was_planned_over_another_record_is_dropped) {
  mover.on_record(committed(9, a, 8), at(0s));
  sees(ab, 20);
  reads(ab, 20, 1s);
  mover.on_record(prepare(14, a, b, 19), at(1s));
  EXPECT_NE(mover.next(at(1s)), action::write);
  mover.on_record(committed(9, a, 8), at(2s)); // late
  EXPECT_EQ(mover.head_revision(), 14u);
}

} // namespace
} // namespace limpet::ownership
