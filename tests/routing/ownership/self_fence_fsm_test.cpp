#include "routing/ownership/self_fence_fsm.hpp"

#include <gtest/gtest.h>

#include "tests/routing/ownership/test_records.hpp"

namespace limpet::ownership {
namespace {

using action = self_fence_fsm::action;
using state = self_fence_fsm::state;

struct SelfFence : testing::Test {
  self_fence_fsm fence{barrier_limits{}}; // W of 3 s, a read each second

  void registers(duration sent = 0s) {
    fence.on_sent(action::register_once, at(sent));
    fence.on_registered();
  }
};

TEST_F(SelfFence, registers_once_and_may_write_for_a_window_from_when_that_was_sent) {
  EXPECT_EQ(fence.next(at(0s)), action::register_once);
  EXPECT_EQ(fence.deadline(), long_ago);
  fence.on_sent(action::register_once, at(1s));
  EXPECT_EQ(fence.next(at(9s)), action::wait) << "under way";
  fence.on_registered(); // however late
  EXPECT_EQ(fence.deadline(), at(4s));
}

TEST_F(SelfFence, a_registration_that_nobody_knows_of_ends_the_incarnation) {
  fence.on_sent(action::register_once, at(0s));
  fence.on_register_failed();
  EXPECT_EQ(fence.now(), state::ended);
  fence.on_registered(); // it did happen
  EXPECT_EQ(fence.now(), state::ended);
  EXPECT_EQ(fence.deadline(), long_ago);
  EXPECT_EQ(fence.next(at(1h)), action::wait);
}

TEST_F(SelfFence, reads_itself_thrice_a_window_one_read_at_a_time) {
  registers();
  EXPECT_EQ(fence.wake_at(), at(1s));
  EXPECT_EQ(fence.next(at(1s) - 1ns), action::wait);
  EXPECT_EQ(fence.next(at(1s)), action::read_self);
  fence.on_sent(action::read_self, at(1s));
  EXPECT_EQ(fence.next(at(9s)), action::wait);
  EXPECT_EQ(fence.wake_at(), never);
  fence.on_self_read(true, true);
  EXPECT_EQ(fence.deadline(), at(4s)) << "from when it was sent";
  EXPECT_EQ(fence.wake_at(), at(2s));
}

TEST_F(SelfFence, a_late_reply_sets_a_deadline_that_is_past) {
  registers();
  fence.on_sent(action::read_self, at(1s));
  fence.on_self_read(true, true); // at 5 s
  EXPECT_LT(fence.deadline(), at(5s));
}

TEST_F(SelfFence, a_lost_read_changes_nothing) {
  registers();
  fence.on_sent(action::read_self, at(1s));
  fence.on_self_read_failed();
  EXPECT_EQ(fence.deadline(), at(3s));
  EXPECT_EQ(fence.next(at(2s)), action::read_self);
  fence.on_self_read(true, true); // the reply comes all the same
  EXPECT_EQ(fence.deadline(), at(3s)) << "nobody waits for it";
}

TEST_F(SelfFence, ends_for_good_where_one_of_its_keys_is_absent) {
  for (const auto& [routers, alive] : {std::pair(false, true), {true, false}, {false, false}}) {
    self_fence_fsm f{barrier_limits{}};
    f.on_sent(action::register_once, at(0s));
    f.on_registered();
    f.on_sent(action::read_self, at(1s));
    f.on_self_read(routers, alive);
    EXPECT_EQ(f.now(), state::ended);
    EXPECT_EQ(f.deadline(), long_ago) << "at once";
    f.on_sent(action::read_self, at(2s));
    f.on_self_read(true, true);
    EXPECT_EQ(f.deadline(), long_ago);
  }
}

} // namespace
} // namespace limpet::ownership
