#include "proxy/net/deadline.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace limpet::net {
namespace {

using namespace std::chrono_literals;

constexpr auto tick = deadline_wheel::tick;

/// A wheel whose time is what the test says: so long after it was made.
class deadline_test : public testing::Test {
protected:
  static constexpr clock::time_point made{1'000h};

  /// It is so long after the wheel was made.
  void at(clock::duration time) { wheel.advance(made + time); }
  static void count_up(void* counter) { ++*static_cast<int*>(counter); }

  deadline_wheel wheel{made};
};

TEST_F(deadline_test, is_never_early_and_at_most_one_tick_late) {
  for (const auto armed_at : {0ms, 1ms, 19ms, 20ms, 1'007ms})
    for (const auto after : {1ms, 19ms, 20ms, 21ms, 500ms, 20'480ms, 60'000ms}) {
      deadline_wheel fresh(made);
      const auto armed = made + armed_at;
      fresh.advance(armed);
      deadline d;
      int fired = 0;
      d.arm(fresh, after, &count_up, &fired);
      fresh.advance(armed + after - 1ns);
      EXPECT_EQ(fired, 0) << after.count();
      EXPECT_TRUE(d.armed());
      fresh.advance(armed + after + tick);
      EXPECT_EQ(fired, 1) << after.count();
      EXPECT_FALSE(d.armed());
    }
}

TEST_F(deadline_test, knows_no_time_but_what_it_is_told) {
  EXPECT_EQ(wheel.now(), made);
  at(7ms); // less than a tick
  EXPECT_EQ(wheel.now(), made + 7ms);
}

TEST_F(deadline_test, fires_once) {
  deadline d;
  int fired = 0;
  d.arm(wheel, 100ms, &count_up, &fired);
  at(200ms);
  at(60s); // several times round
  EXPECT_EQ(fired, 1);
}

TEST_F(deadline_test, fires_when_many_ticks_are_overslept) {
  deadline soon, late;
  int fired = 0;
  soon.arm(wheel, 40ms, &count_up, &fired);
  late.arm(wheel, 30s, &count_up, &fired);
  at(1h);
  EXPECT_EQ(fired, 2);
}

TEST_F(deadline_test, goes_by_the_last_arming_when_moved_out) {
  deadline d;
  int early = 0;
  int fired = 0;
  d.arm(wheel, 100ms, &count_up, &early);
  at(50ms);
  d.arm(wheel, 50s, &count_up, &fired);
  at(1s);
  EXPECT_EQ(early, 0);
  at(50ms + 50s - 1ns);
  EXPECT_EQ(fired, 0);
  at(50ms + 50s + tick);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(early, 0);
}

TEST_F(deadline_test, goes_by_the_last_arming_when_moved_in) {
  deadline d;
  int late = 0;
  int fired = 0;
  d.arm(wheel, 50s, &count_up, &late);
  d.arm(wheel, 100ms, &count_up, &fired);
  at(100ms - 1ns);
  EXPECT_EQ(fired, 0);
  at(100ms + tick);
  EXPECT_EQ(fired, 1);
  at(60s);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(late, 0);
}

TEST_F(deadline_test, does_not_fire_when_disarmed) {
  deadline disarmed, unlinked, zero, negative;
  int fired = 0;
  for (auto* d : {&disarmed, &unlinked, &zero, &negative})
    d->arm(wheel, 100ms, &count_up, &fired);
  disarmed.disarm();
  unlinked.unlink();
  zero.arm(wheel, 0ms, &count_up, &fired); // no limit
  negative.arm(wheel, -1ms, &count_up, &fired);
  for (auto* d : {&disarmed, &unlinked, &zero, &negative})
    EXPECT_FALSE(d->armed());
  at(60s);
  EXPECT_EQ(fired, 0);
}

TEST_F(deadline_test, can_be_armed_again_after_being_disarmed) {
  deadline d;
  int fired = 0;
  d.arm(wheel, 100ms, &count_up, &fired);
  d.disarm();
  d.arm(wheel, 2s, &count_up, &fired);
  at(2s - 1ns);
  EXPECT_EQ(fired, 0);
  at(2s + tick);
  EXPECT_EQ(fired, 1);
}

TEST_F(deadline_test, is_forgotten_with_its_owner) {
  auto d = std::make_unique<deadline>();
  int fired = 0;
  d->arm(wheel, 100ms, &count_up, &fired);
  d.reset();
  at(1s);
  EXPECT_EQ(fired, 0);
}

TEST_F(deadline_test, may_outlive_its_wheel) {
  deadline a, b;
  int fired = 0;
  auto wheel_of_its_own = std::make_unique<deadline_wheel>(made);
  a.arm(*wheel_of_its_own, 100ms, &count_up, &fired);
  b.arm(*wheel_of_its_own, 100ms, &count_up, &fired);
  wheel_of_its_own.reset();
  a.unlink();
  EXPECT_EQ(fired, 0);
}

TEST_F(deadline_test, waits_out_several_rounds_of_the_wheel) {
  // A round is 1024 ticks of 20 ms, about 20 s.
  std::vector<std::unique_ptr<deadline>> all;
  int fired = 0;
  for (int round = 0; round < 4; ++round)
    all.emplace_back(std::make_unique<deadline>())->arm(wheel, 1s + round * 1024 * tick, &count_up, &fired);
  for (int round = 0; round < 4; ++round) {
    at(1s + round * 1024 * tick - 1ns);
    EXPECT_EQ(fired, round);
    at(1s + round * 1024 * tick + tick);
    EXPECT_EQ(fired, round + 1);
  }
}

TEST_F(deadline_test, holds_limits_of_years) {
  deadline d;
  int fired = 0;
  // 2^32 ticks and a second: what a counter of 32 bits would take for a second.
  const auto after = milliseconds((std::int64_t{1} << 32) * tick.count() + 1'000);
  d.arm(wheel, after, &count_up, &fired);
  at(10s);
  EXPECT_EQ(fired, 0);
  EXPECT_TRUE(d.armed());
}

// -- how long nothing is due ------------------------------------------

TEST_F(deadline_test, tells_how_long_to_sleep) {
  for (const auto armed_at : {0ms, 1ms, 19ms, 20ms, 1'007ms})
    for (const auto after : {1ms, 19ms, 20ms, 21ms, 500ms, 900ms}) {
      deadline_wheel fresh(made);
      fresh.advance(made + armed_at);
      deadline d;
      int fired = 0;
      d.arm(fresh, after, &count_up, &fired);
      const auto sleep = fresh.until_next();
      fresh.advance(fresh.now() + sleep - 1ns);
      EXPECT_EQ(fired, 0) << "to wake earlier would be for nothing";
      fresh.advance(fresh.now() + 1ns);
      EXPECT_EQ(fired, 1) << after.count();
    }
}

TEST_F(deadline_test, rounds_the_sleep_up) {
  deadline d;
  int fired = 0;
  wheel.advance(made + 300us);
  d.arm(wheel, 50ms, &count_up, &fired);
  wheel.advance(wheel.now() + wheel.until_next());
  EXPECT_EQ(fired, 1);
}

TEST_F(deadline_test, sleeps_only_so_long) {
  for (const auto now : {0ms, 7ms, 20ms, 100'000ms}) {
    at(now);
    EXPECT_LE(wheel.until_next(), deadline_wheel::longest_sleep);
    EXPECT_GT(wheel.until_next(), deadline_wheel::longest_sleep - 2 * tick);
  }
  deadline far_away;
  int fired = 0;
  far_away.arm(wheel, 1h, &count_up, &fired);
  EXPECT_LE(wheel.until_next(), deadline_wheel::longest_sleep);
}

TEST_F(deadline_test, sleeps_no_longer_when_something_sooner_is_armed) {
  deadline late, soon;
  int fired = 0;
  late.arm(wheel, 800ms, &count_up, &fired);
  EXPECT_GT(wheel.until_next(), 800ms);
  soon.arm(wheel, 100ms, &count_up, &fired);
  EXPECT_LE(wheel.until_next(), 100ms + tick);
  at(100ms + tick);
  EXPECT_EQ(fired, 1);
  EXPECT_GE(wheel.until_next(), 680ms);
}

TEST_F(deadline_test, never_oversleeps_from_one_sleep_to_the_next) {
  // Limits of all lengths, each armed when the one before has fired, and some that are moved out on the way.
  deadline d, moved;
  int fired = 0;
  int ignored = 0;
  for (int i = 0; i < 200; ++i) {
    const auto after = milliseconds(1 + i * 137 % 25'000);
    const auto due = wheel.now() + after;
    const int before = fired;
    d.arm(wheel, after, &count_up, &fired);
    while (fired == before) {
      moved.arm(wheel, 30s, &count_up, &ignored);
      const auto sleep = wheel.until_next();
      ASSERT_GT(sleep, 0ms);
      wheel.advance(wheel.now() + sleep);
      ASSERT_LE(wheel.now(), due + tick + 1ms) << after.count();
    }
  }
}

// -- what callbacks do ------------------------------------------------

struct rearming {
  deadline_wheel& wheel;
  milliseconds again;
  deadline d;
  int fired = 0;

  static void on_due(void* self) {
    auto& r = *static_cast<rearming*>(self);
    EXPECT_FALSE(r.d.armed());
    if (++r.fired > 1) return;
    r.d.arm(r.wheel, r.again, &on_due, self);
  }
};

TEST_F(deadline_test, can_be_armed_in_its_own_callback) {
  // 1024 ticks later is the very slot that is being emptied. Where many ticks were overslept, the limit
  // counts from the time that it is by now.
  for (const auto overslept : {0ms, 300ms})
    for (const auto again : {10'000ms, 1023 * tick, 1024 * tick, 1025 * tick}) {
      deadline_wheel fresh(made);
      rearming r{fresh, again, {}, 0};
      r.d.arm(fresh, 40ms, &rearming::on_due, &r);
      const auto armed = made + 40ms + tick + overslept;
      fresh.advance(armed);
      ASSERT_EQ(r.fired, 1);
      EXPECT_TRUE(r.d.armed());
      fresh.advance(armed + again - 1ns);
      EXPECT_EQ(r.fired, 1) << again.count();
      fresh.advance(armed + again + tick);
      EXPECT_EQ(r.fired, 2) << again.count();
    }
}

struct destroying {
  std::vector<std::unique_ptr<deadline>> victims;
  int fired = 0;

  static void on_due(void* self) {
    auto& d = *static_cast<destroying*>(self);
    ++d.fired;
    d.victims.clear();
  }
};

TEST_F(deadline_test, may_be_destroyed_in_its_own_callback_and_take_others_along) {
  destroying group;
  deadline survivor;
  int survived = 0;
  for (int i = 0; i < 5; ++i)
    group.victims.emplace_back(std::make_unique<deadline>())->arm(wheel, 100ms, &destroying::on_due, &group);
  survivor.arm(wheel, 100ms, &count_up, &survived);
  at(1s);
  EXPECT_EQ(group.fired, 1);
  EXPECT_EQ(survived, 1);
}

struct disarming {
  deadline first, second;
  int fired = 0;

  static void on_due(void* self) {
    auto& d = *static_cast<disarming*>(self);
    ++d.fired;
    d.first.disarm();
    d.second.disarm();
  }
};

TEST_F(deadline_test, can_be_disarmed_by_another_that_is_due_with_it) {
  disarming pair;
  pair.first.arm(wheel, 100ms, &disarming::on_due, &pair);
  pair.second.arm(wheel, 100ms, &disarming::on_due, &pair);
  at(60s);
  EXPECT_EQ(pair.fired, 1);
}

struct postponing {
  deadline_wheel& wheel;
  deadline other;
  int fired = 0;

  static void on_due(void* self) {
    auto& p = *static_cast<postponing*>(self);
    p.other.arm(p.wheel, 30s, &count, self);
  }
  static void count(void* self) { ++static_cast<postponing*>(self)->fired; }
};

TEST_F(deadline_test, can_be_moved_out_by_another_that_is_due_with_it) {
  postponing p{wheel, {}, 0};
  deadline d;
  d.arm(wheel, 100ms, &postponing::on_due, &p);
  p.other.arm(wheel, 100ms, &postponing::count, &p);
  at(5s);
  EXPECT_EQ(p.fired, 0);
  at(40s);
  EXPECT_EQ(p.fired, 1);
}

} // namespace
} // namespace limpet::net
