#include "routing/ownership/removal_fsm.hpp"

#include <gtest/gtest.h>

#include "tests/routing/ownership/test_records.hpp"

namespace limpet::ownership {
namespace {

using action = removal_fsm::action;

struct Removal : testing::Test {
  removal_fsm removal{6s};
  void see_dead(duration when) { removal.on_read(true, false, at(when)); }
};

TEST_F(Removal, begins_with_a_read_and_ends_after_the_grace) {
  EXPECT_EQ(removal.next(at(1h)), action::wait);
  EXPECT_EQ(removal.wake_at(), never);
  see_dead(1s);
  EXPECT_EQ(removal.wake_at(), at(7s));
  EXPECT_EQ(removal.next(at(7s) - 1ns), action::wait);
  EXPECT_EQ(removal.next(at(7s)), action::remove);
}

TEST_F(Removal, further_reads_do_not_begin_it_anew) {
  see_dead(1s);
  see_dead(5s);
  EXPECT_EQ(removal.wake_at(), at(7s));
}

TEST_F(Removal, is_not_needed_where_it_lives_or_is_gone) {
  see_dead(1s);
  removal.on_read(true, true, at(2s)); // the grace is worth nothing
  EXPECT_EQ(removal.next(at(7s)), action::done);
  see_dead(8s);
  EXPECT_EQ(removal.next(at(1h)), action::done) << "another death is another machine's";

  removal_fsm other{6s};
  other.on_read(false, false, at(1s));
  EXPECT_EQ(other.next(at(1s)), action::done);
}

TEST_F(Removal, is_made_once_and_again_where_it_failed) {
  see_dead(0s);
  removal.on_removing();
  EXPECT_EQ(removal.next(at(7s)), action::wait);
  EXPECT_EQ(removal.wake_at(), never);
  removal.on_failed(at(8s));
  EXPECT_EQ(removal.wake_at(), at(8s));
  EXPECT_EQ(removal.next(at(8s) - 1ns), action::wait);
  EXPECT_EQ(removal.next(at(8s)), action::remove);
  removal.on_removing();
  removal.on_removed();
  EXPECT_EQ(removal.next(at(9s)), action::done);
  removal.on_failed(at(10s)); // of another call
  EXPECT_EQ(removal.next(at(11s)), action::done);
}

} // namespace
} // namespace limpet::ownership
