#include "proxy/net/deadline.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace limpet::net {
namespace {

using namespace std::chrono_literals;

constexpr auto tick = deadline_wheel::tick;

/// A wheel whose time is what the test says. A deadline takes the moment of arming from the real clock, so a
/// test knows it as lying between two readings, and asks of the wheel only what holds for all moments between
/// them.
class deadline_test : public testing::Test {
protected:
  io_context io; // never run: the wheel's own timer does not tick
  deadline_wheel wheel{io};

  struct window {
    clock::time_point from, to;
  };

  template <class Arm>
  static window armed_within(Arm arm) {
    const auto from = clock::now();
    arm();
    return {from, clock::now()};
  }

  static void count_up(void* counter) { ++*static_cast<int*>(counter); }
};

TEST_F(deadline_test, is_never_early_and_at_most_one_tick_late) {
  for (const auto after : {1ms, 19ms, 20ms, 21ms, 500ms, 20'480ms, 60'000ms}) {
    deadline_wheel fresh(io);
    deadline d;
    int fired = 0;
    const auto armed = armed_within([&] { d.arm(fresh, after, &count_up, &fired); });
    fresh.advance(armed.from + after);
    EXPECT_EQ(fired, 0) << after.count();
    EXPECT_TRUE(d.armed());
    fresh.advance(armed.to + after + tick);
    EXPECT_EQ(fired, 1) << after.count();
    EXPECT_FALSE(d.armed());
  }
}

TEST_F(deadline_test, fires_once) {
  deadline d;
  int fired = 0;
  const auto armed = armed_within([&] { d.arm(wheel, 100ms, &count_up, &fired); });
  wheel.advance(armed.to + 200ms);
  wheel.advance(armed.to + 60s); // several times round
  EXPECT_EQ(fired, 1);
}

TEST_F(deadline_test, fires_when_many_ticks_are_overslept) {
  deadline soon, late;
  int fired = 0;
  const auto armed = armed_within([&] {
    soon.arm(wheel, 40ms, &count_up, &fired);
    late.arm(wheel, 30s, &count_up, &fired);
  });
  wheel.advance(armed.to + 1h);
  EXPECT_EQ(fired, 2);
}

TEST_F(deadline_test, goes_by_the_last_arming_when_moved_out) {
  deadline d;
  int early = 0;
  int fired = 0;
  const auto first = armed_within([&] { d.arm(wheel, 100ms, &count_up, &early); });
  const auto armed = armed_within([&] { d.arm(wheel, 50s, &count_up, &fired); });
  wheel.advance(first.to + 1s);
  EXPECT_EQ(early, 0);
  wheel.advance(armed.from + 50s);
  EXPECT_EQ(fired, 0);
  wheel.advance(armed.to + 50s + tick);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(early, 0);
}

TEST_F(deadline_test, goes_by_the_last_arming_when_moved_in) {
  deadline d;
  int late = 0;
  int fired = 0;
  d.arm(wheel, 50s, &count_up, &late);
  const auto armed = armed_within([&] { d.arm(wheel, 100ms, &count_up, &fired); });
  wheel.advance(armed.from + 100ms);
  EXPECT_EQ(fired, 0);
  wheel.advance(armed.to + 100ms + tick);
  EXPECT_EQ(fired, 1);
  wheel.advance(armed.to + 60s);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(late, 0);
}

TEST_F(deadline_test, does_not_fire_when_disarmed) {
  deadline disarmed, unlinked, zero, negative;
  int fired = 0;
  const auto armed = armed_within([&] {
    for (auto* d : {&disarmed, &unlinked, &zero, &negative})
      d->arm(wheel, 100ms, &count_up, &fired);
  });
  disarmed.disarm();
  unlinked.unlink();
  zero.arm(wheel, 0ms, &count_up, &fired); // no limit
  negative.arm(wheel, -1ms, &count_up, &fired);
  for (auto* d : {&disarmed, &unlinked, &zero, &negative})
    EXPECT_FALSE(d->armed());
  wheel.advance(armed.to + 60s);
  EXPECT_EQ(fired, 0);
}

TEST_F(deadline_test, can_be_armed_again_after_being_disarmed) {
  deadline d;
  int fired = 0;
  d.arm(wheel, 100ms, &count_up, &fired);
  d.disarm();
  const auto armed = armed_within([&] { d.arm(wheel, 2s, &count_up, &fired); });
  wheel.advance(armed.from + 2s);
  EXPECT_EQ(fired, 0);
  wheel.advance(armed.to + 2s + tick);
  EXPECT_EQ(fired, 1);
}

TEST_F(deadline_test, is_forgotten_with_its_owner) {
  auto d = std::make_unique<deadline>();
  int fired = 0;
  const auto armed = armed_within([&] { d->arm(wheel, 100ms, &count_up, &fired); });
  d.reset();
  wheel.advance(armed.to + 1s);
  EXPECT_EQ(fired, 0);
}

TEST_F(deadline_test, may_outlive_its_wheel) {
  deadline a, b;
  int fired = 0;
  auto wheel_of_its_own = std::make_unique<deadline_wheel>(io);
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
  const auto armed = armed_within([&] {
    for (int round = 0; round < 4; ++round)
      all.emplace_back(std::make_unique<deadline>())->arm(wheel, 1s + round * 1024 * tick, &count_up, &fired);
  });
  for (int round = 0; round < 4; ++round) {
    wheel.advance(armed.from + 1s + round * 1024 * tick);
    EXPECT_EQ(fired, round);
    wheel.advance(armed.to + 1s + round * 1024 * tick + tick);
    EXPECT_EQ(fired, round + 1);
  }
}

TEST_F(deadline_test, holds_limits_of_years) {
  deadline d;
  int fired = 0;
  // 2^32 ticks and a second: what a counter of 32 bits would take for a second.
  const auto after = milliseconds((std::int64_t{1} << 32) * tick.count() + 1'000);
  const auto armed = armed_within([&] { d.arm(wheel, after, &count_up, &fired); });
  wheel.advance(armed.to + 10s);
  EXPECT_EQ(fired, 0);
  EXPECT_TRUE(d.armed());
}

// -- what callbacks do ------------------------------------------------

struct rearming {
  deadline_wheel& wheel;
  milliseconds again;
  deadline d;
  int fired = 0;
  std::optional<clock::time_point> armed_from, armed_to;

  static void on_due(void* self) {
    auto& r = *static_cast<rearming*>(self);
    EXPECT_FALSE(r.d.armed());
    if (++r.fired > 1) return;
    r.armed_from = clock::now();
    r.d.arm(r.wheel, r.again, &on_due, self);
    r.armed_to = clock::now();
  }
};

TEST_F(deadline_test, can_be_armed_in_its_own_callback) {
  // 1024 ticks later is the very slot that is being emptied; the wheel is ahead of the clock by the first
  // limit.
  for (const auto again : {10'000ms, 1024 * tick + 40ms, 1024 * tick + 60ms}) {
    deadline_wheel fresh(io);
    rearming r{fresh, again, {}, 0, {}, {}};
    const auto armed = armed_within([&] { r.d.arm(fresh, 40ms, &rearming::on_due, &r); });
    fresh.advance(armed.to + 40ms + tick);
    ASSERT_EQ(r.fired, 1);
    EXPECT_TRUE(r.d.armed());
    fresh.advance(*r.armed_from + again);
    EXPECT_EQ(r.fired, 1) << again.count();
    fresh.advance(*r.armed_to + again + tick);
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
  const auto armed = armed_within([&] {
    for (int i = 0; i < 5; ++i)
      group.victims.emplace_back(std::make_unique<deadline>())
          ->arm(wheel, 100ms, &destroying::on_due, &group);
    survivor.arm(wheel, 100ms, &count_up, &survived);
  });
  wheel.advance(armed.to + 1s);
  // All five hung together unless a tick ended while they were armed; then some had a callback of their own.
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
  const auto armed = armed_within([&] {
    pair.first.arm(wheel, 100ms, &disarming::on_due, &pair);
    pair.second.arm(wheel, 100ms, &disarming::on_due, &pair);
  });
  wheel.advance(armed.to + 60s);
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
  const auto armed = armed_within([&] {
    d.arm(wheel, 100ms, &postponing::on_due, &p);
    p.other.arm(wheel, 140ms, &postponing::count, &p);
  });
  wheel.advance(armed.to + 120ms);
  wheel.advance(armed.to + 5s);
  EXPECT_EQ(p.fired, 0);
  wheel.advance(armed.to + 40s);
  EXPECT_EQ(p.fired, 1);
}

// -- its own timer ----------------------------------------------------

TEST_F(deadline_test, ticks_by_itself) {
  deadline d;
  const auto armed = armed_within([&] {
    d.arm(
        wheel, 30ms, [](void* context) { static_cast<io_context*>(context)->stop(); }, &io);
  });
  io.run();
  EXPECT_FALSE(d.armed());
  EXPECT_GE(clock::now(), armed.from + 30ms);
}

/// What must not happen would go on for ever; a test that fails ends all the same.
constexpr auto long_enough = 5s;

TEST_F(deadline_test, stops_ticking) {
  deadline d;
  int fired = 0;
  d.arm(wheel, 1ms, &count_up, &fired);
  wheel.stop();
  io.run_for(long_enough);
  EXPECT_TRUE(io.stopped());
  EXPECT_EQ(fired, 0);
}

TEST_F(deadline_test, stops_ticking_from_a_callback) {
  deadline d;
  d.arm(
      wheel, 1ms, [](void* context) { static_cast<deadline_wheel*>(context)->stop(); }, &wheel);
  io.run_for(long_enough);
  EXPECT_TRUE(io.stopped());
}

} // namespace
} // namespace limpet::net
