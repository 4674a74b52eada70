#include "proxy/ops/check_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace limpet::ops {
namespace {

using namespace std::chrono_literals;
using enum check_verdict;

constexpr std::uint64_t least = 0;
constexpr std::uint64_t half = std::uint64_t{1} << 63;
constexpr std::uint64_t most = ~std::uint64_t{0};

config::health_settings every(std::chrono::milliseconds interval, std::uint32_t healthy = 2,
                              std::uint32_t unhealthy = 3) {
  config::health_settings settings;
  settings.interval = interval;
  settings.healthy = healthy;
  settings.unhealthy = unhealthy;
  settings.jitter_percent = 10;
  return settings;
}

struct check_schedule_test : testing::Test {
  check_schedule::time_point now{1h};
  check_schedule schedule{100};
  config::health_settings settings = every(2s);

  std::vector<std::uint32_t> set(std::vector<std::uint32_t> numbers) {
    std::vector<check_schedule::subject> subjects;
    for (const auto number : numbers)
      subjects.push_back({number, &settings});
    return schedule.set(subjects, now);
  }
  std::vector<std::uint32_t> all_due() {
    std::vector<std::uint32_t> numbers;
    while (const auto check = schedule.next(now))
      numbers.push_back(check->number);
    return numbers;
  }
  /// The next check, when it is due, and that it takes no time.
  std::optional<check_verdict> pass_one(bool passed) {
    now = std::max(now, schedule.wake());
    const auto check = schedule.next(now);
    EXPECT_TRUE(check);
    return check ? schedule.finished(*check, passed, now, half) : std::nullopt;
  }
};

TEST_F(check_schedule_test, with_nobody_to_check_there_is_nothing_to_do) {
  EXPECT_FALSE(schedule.next(now));
  EXPECT_EQ(schedule.wake(), check_schedule::time_point::max());
  EXPECT_TRUE(set({}).empty());
}

TEST_F(check_schedule_test, a_new_member_is_checked_at_once) {
  EXPECT_EQ(set({7, 8}), (std::vector<std::uint32_t>{7, 8}));
  EXPECT_EQ(schedule.wake(), now);
  EXPECT_EQ(all_due(), (std::vector<std::uint32_t>{7, 8}));
  EXPECT_EQ(schedule.wake(), check_schedule::time_point::max()) << "the checks' ends come first";
  now += 1s;
  EXPECT_EQ(set({7, 8, 9}), (std::vector<std::uint32_t>{9}));
  EXPECT_EQ(all_due(), (std::vector<std::uint32_t>{9}));
}

TEST_F(check_schedule_test, the_second_check_comes_at_some_moment_of_the_first_interval) {
  set({1, 2, 3});
  const auto begin = now;
  const std::vector checks{*schedule.next(now), *schedule.next(now), *schedule.next(now)};
  now += 10ms;
  std::vector<check_schedule::time_point> due;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    schedule.finished(checks[i], true, now, i == 0 ? least : i == 1 ? half : most);
    due.push_back(schedule.wake());
    now = begin + 2s;
    EXPECT_EQ(all_due().size(), 1u);
    now = begin + 10ms;
  }
  EXPECT_EQ(due[0], begin + 10ms) << "not before its first one has ended";
  EXPECT_EQ(due[1], begin + 1s);
  EXPECT_GT(due[2], begin + 1'999ms);
  EXPECT_LT(due[2], begin + 2s);
}

TEST_F(check_schedule_test, from_then_on_an_interval_lies_between_beginnings_give_or_take_the_jitter) {
  set({1});
  schedule.finished(*schedule.next(now), true, now, least);
  for (const auto& [random, wanted] : {std::pair{least, 1'800ms}, std::pair{half, 2'000ms}}) {
    const auto begin = now;
    const auto check = schedule.next(now);
    ASSERT_TRUE(check);
    now += 300ms;
    schedule.finished(*check, true, now, random);
    EXPECT_EQ(schedule.wake(), begin + wanted);
    now = schedule.wake();
  }
  const auto begin = now;
  schedule.finished(*schedule.next(now), true, now, most);
  EXPECT_GT(schedule.wake(), begin + 2'199ms);
  EXPECT_LT(schedule.wake(), begin + 2'200ms);
  now = schedule.wake();
  const auto late = schedule.next(now);
  now += 10s;
  schedule.finished(*late, false, now, half);
  EXPECT_EQ(schedule.wake(), now) << "a check that took longer is followed at once, and not by several";
}

TEST_F(check_schedule_test, members_that_came_together_do_not_stay_together) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 50; ++i)
    numbers.push_back(i);
  set(numbers);
  std::mt19937_64 random(1);
  const auto begin = now;
  std::vector<check_schedule::check> checks;
  while (const auto check = schedule.next(now))
    checks.push_back(*check);
  for (const auto& check : checks)
    schedule.finished(check, true, now, random());
  std::set<std::int64_t> tenths;
  for (int i = 0; i < 50; ++i) {
    now = schedule.wake();
    tenths.insert((now - begin) / 200ms);
    ASSERT_TRUE(schedule.next(now));
  }
  EXPECT_EQ(tenths.size(), 10u) << "in each tenth of the interval there is somebody";
}

TEST_F(check_schedule_test, no_more_are_under_way_than_may_be_and_the_longest_due_is_next) {
  schedule = check_schedule(2);
  set({5, 6});
  now += 1s;
  set({1, 5, 6});
  const auto first = schedule.next(now);
  ASSERT_TRUE(schedule.next(now));
  EXPECT_FALSE(schedule.next(now));
  EXPECT_EQ(schedule.under_way(), 2u);
  EXPECT_EQ(schedule.waiting(now), 1u);
  EXPECT_EQ(schedule.wake(), check_schedule::time_point::max()) << "an end is waited for, not a time";
  schedule.finished(*first, true, now, half);
  const auto last = schedule.next(now);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->number, 1u);
  EXPECT_EQ(schedule.waiting(now), 0u);
}

TEST_F(check_schedule_test, counts_as_healthy_until_checks_say_otherwise) {
  set({1});
  EXPECT_EQ(schedule.verdict_of(1), unknown);
  EXPECT_EQ(pass_one(false), std::nullopt);
  EXPECT_EQ(pass_one(false), std::nullopt);
  EXPECT_EQ(schedule.verdict_of(1), unknown);
  EXPECT_EQ(pass_one(false), unhealthy);
  EXPECT_EQ(pass_one(false), std::nullopt) << "told once";
  EXPECT_EQ(pass_one(true), std::nullopt);
  EXPECT_EQ(schedule.verdict_of(1), unhealthy) << "two in a row bring it back";
  EXPECT_EQ(pass_one(true), healthy);
  EXPECT_EQ(schedule.verdict_of(1), healthy);
}

TEST_F(check_schedule_test, the_first_check_that_passes_makes_it_known) {
  set({1});
  EXPECT_EQ(pass_one(false), std::nullopt);
  EXPECT_EQ(pass_one(true), healthy);
  EXPECT_EQ(pass_one(false), std::nullopt);
  EXPECT_EQ(pass_one(false), std::nullopt);
  EXPECT_EQ(pass_one(true), std::nullopt);
  EXPECT_EQ(schedule.verdict_of(1), healthy);
}

TEST_F(check_schedule_test, who_is_gone_is_not_checked_and_its_last_check_counts_for_nothing) {
  set({1, 2});
  const auto check = schedule.next(now);
  EXPECT_EQ(set({2}), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(all_due(), (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(schedule.under_way(), 2u);
  EXPECT_EQ(schedule.finished(*check, false, now, half), std::nullopt);
  EXPECT_EQ(schedule.under_way(), 1u);
  EXPECT_EQ(set({}), (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(schedule.wake(), check_schedule::time_point::max());
  EXPECT_EQ(schedule.verdict_of(1), unknown);
}

TEST_F(check_schedule_test, other_settings_begin_anew_and_the_same_go_on) {
  const auto other = every(2s, 1, 1);
  set({1, 2});
  for (int i = 0; i < 6; ++i)
    pass_one(false);
  ASSERT_EQ(schedule.verdict_of(1), unhealthy);
  ASSERT_EQ(schedule.verdict_of(2), unhealthy);
  const auto due = schedule.wake();
  EXPECT_TRUE(set({1, 2}).empty());
  EXPECT_EQ(schedule.wake(), due) << "nothing is checked for a reload's sake";
  EXPECT_EQ(schedule.set({{1, &other}, {2, &settings}}, now), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(schedule.verdict_of(1), unknown);
  EXPECT_EQ(schedule.verdict_of(2), unhealthy);
  EXPECT_EQ(pass_one(false), unhealthy) << "at once, and by the new settings";
}

TEST_F(check_schedule_test, a_check_of_the_settings_before_counts_for_nothing) {
  set({1});
  const auto before = schedule.next(now);
  settings = every(2s, 1, 1);
  set({1});
  const auto after = schedule.next(now);
  ASSERT_TRUE(after);
  EXPECT_EQ(schedule.finished(*before, false, now, half), std::nullopt);
  EXPECT_EQ(schedule.verdict_of(1), unknown);
  EXPECT_EQ(schedule.finished(*after, false, now, half), unhealthy);
  EXPECT_EQ(schedule.under_way(), 0u);
}

TEST_F(check_schedule_test, may_be_hurried) {
  set({1});
  schedule.finished(*schedule.next(now), false, now, half);
  EXPECT_FALSE(schedule.next(now));
  schedule.hurry(1, now);
  schedule.hurry(99, now);
  const auto check = schedule.next(now);
  ASSERT_TRUE(check);
  schedule.hurry(1, now);
  EXPECT_FALSE(schedule.next(now)) << "it is under way";
}

} // namespace

} // namespace limpet::ops
