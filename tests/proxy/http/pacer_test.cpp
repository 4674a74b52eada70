#include "proxy/http/departure_pace.hpp"
#include "proxy/http/pacer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace limpet::http {
namespace {

using namespace std::chrono_literals;
using time = pacer::time;

const time start = time(1h);

TEST(pacer, gives_out_moments_that_far_apart) {
  pacer p;
  EXPECT_EQ(p.take(start, 20ms), start);
  EXPECT_EQ(p.take(start, 20ms), start + 20ms);
  EXPECT_EQ(p.take(start + 5ms, 20ms), start + 40ms);
  EXPECT_EQ(p.take(start + 1s, 20ms), start + 1s) << "what nobody took is gone";
  EXPECT_EQ(p.take(start, 20ms), start + 1s + 20ms);
}

TEST(pacer, keeps_the_pace_over_many_threads) {
  constexpr int threads = 4, each = 5'000;
  pacer p;
  std::vector<std::vector<time>> taken(threads);
  std::vector<std::thread> workers;
  for (auto& mine : taken)
    workers.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        mine.push_back(p.take(start, 1ms));
    });
  for (auto& worker : workers)
    worker.join();
  std::vector<time> all;
  for (const auto& mine : taken)
    all.insert(all.end(), mine.begin(), mine.end());
  std::ranges::sort(all);
  for (std::size_t i = 0; i < all.size(); ++i)
    ASSERT_EQ(all[i], start + 1ms * static_cast<int>(i)) << "none twice, none left out";
}

/// One worker's queue, at which time passes a millisecond a step.
class departing : public ::testing::Test {
protected:
  void join(int count) {
    for (int i = 0; i < count; ++i)
      pace.join(now, random_);
  }
  /// When each of the next `count` goes, after the start. The worker looks every `look` ms.
  std::vector<std::chrono::milliseconds> departures(int count, std::chrono::milliseconds look = 1ms) {
    std::vector<std::chrono::milliseconds> at;
    for (; count > 0; now += look)
      for (; count > 0 && pace.next(how, shared, now) <= now; --count) {
        at.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - start));
        pace.gone(how, now, random_);
      }
    return at;
  }

  departure_pace::settings how;
  departure_pace pace;
  pacer shared;
  time now = start;
  std::uint64_t random_ = 0;
};

TEST_F(departing, goes_at_the_rate_beginning_a_step_after_the_first_came) {
  how.per_second = 100;
  join(5);
  EXPECT_EQ(departures(5), (std::vector{10ms, 20ms, 30ms, 40ms, 50ms}));
}

TEST_F(departing, two_workers_share_the_rate) {
  how.per_second = 100;
  join(1'000);
  departure_pace other;
  other.join(now, 0);
  int gone = 0;
  for (; now < start + 1s; now += 1ms)
    for (auto* one : {&pace, &other})
      while (one->next(how, shared, now) <= now) {
        one->gone(how, now, 0);
        ++gone;
      }
  EXPECT_NEAR(gone, 100, 2);
}

TEST_F(departing, a_late_worker_catches_up_a_little) {
  how.per_second = 1'000;
  join(1'000);
  const auto at = departures(500, 40ms); // as coarse as the wheel may be
  EXPECT_LE(at.back(), 540ms);
  EXPECT_GE(at.back(), 490ms);

  now += 10s; // it slept
  int at_once = 0;
  while (pace.next(how, shared, now) <= now) {
    pace.gone(how, now, 0);
    ++at_once;
  }
  EXPECT_LE(at_once, 101) << "of the last 100 ms, not of 10 s";
}

TEST_F(departing, without_a_rate_all_have_gone_within_the_time) {
  how.within = 15s;
  join(1'000);
  const auto at = departures(1'000);
  EXPECT_NEAR(static_cast<double>(at.front().count()), 15, 1);
  EXPECT_NEAR(static_cast<double>(at[499].count()), 7'500, 10);
  EXPECT_LE(at.back(), 15'001ms);
}

TEST_F(departing, who_comes_later_makes_it_faster) {
  how.within = 10s;
  join(10);
  const auto first = pace.next(how, shared, now);
  join(990);
  EXPECT_LT(pace.next(how, shared, now), first);
  EXPECT_LE(departures(1'000).back(), 10'001ms);
}

TEST_F(departing, a_few_do_not_wait_for_as_long_as_many) {
  how.within = 15s;
  join(3);
  EXPECT_EQ(departures(3), (std::vector{1'000ms, 2'000ms, 3'000ms}));
}

TEST_F(departing, jitter_puts_off_but_keeps_the_pace) {
  how.per_second = 100;
  how.jitter_percent = 50;
  join(100);
  random_ = ~0ULL;
  std::vector<std::chrono::milliseconds> at = departures(1);
  EXPECT_EQ(at.back(), 10ms) << "its jitter was drawn when it came";
  at = departures(50);
  EXPECT_EQ(at.front(), 25ms);
  EXPECT_EQ(at.back(), 515ms);
}

TEST_F(departing, who_comes_after_a_rest_begins_anew) {
  how.within = 10s;
  join(1'000);
  departures(1'000);
  pace.rest();
  now += 1h;
  join(1);
  EXPECT_EQ(pace.next(how, shared, now), now + 1s);
}

/// When each of a hand-off goes that has to be over in 25 s, at one a second if that will do; `shares` is how
/// many wait on each worker.
std::vector<std::chrono::milliseconds> hand_over(const std::vector<std::size_t>& shares,
                                                 std::uint32_t jitter_percent = 0) {
  struct worker {
    std::size_t waiting;
    departure_pace pace{};
  };
  constexpr std::uint64_t random = ~0ULL; // the jitter is as large as may be
  std::vector<worker> workers;
  std::size_t all = 0;
  for (const auto share : shares) {
    auto& one = workers.emplace_back(worker{share});
    for (std::size_t i = 0; i < share; ++i)
      one.pace.join(start, random);
    all += share;
  }
  pacer shared;
  std::vector<std::chrono::milliseconds> at;
  for (auto now = start; all > 0 && now <= start + 1min; now += 1ms)
    for (auto& one : workers)
      while (one.waiting > 0) {
        const auto how = in_time({1, {}, jitter_percent}, {one.waiting, all, start + 25s - now});
        if (one.pace.next(how, shared, now) > now) break;
        one.pace.gone(how, now, random);
        at.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - start));
        --one.waiting;
        --all;
      }
  return at;
}

TEST(handed_over, all_go_in_time_however_the_workers_share_them) {
  const std::vector<std::vector<std::size_t>> shared{
      {120}, {60, 60}, {100, 19, 1}, {118, 1, 1, 0}, std::vector<std::size_t>(60, 2)};
  for (const auto& shares : shared)
    for (const std::uint32_t jitter : {0u, 100u}) {
      const auto at = hand_over(shares, jitter);
      ASSERT_EQ(at.size(), 120u);
      EXPECT_LE(at.back(), 25s) << shares.size() << " workers";
      EXPECT_GE(at.back(), 16s) << "but not faster than that takes";
    }
}

TEST(handed_over, they_go_evenly) {
  const auto at = hand_over({60, 60});
  EXPECT_NEAR(static_cast<double>(at[29].count()), 25'000 / 4., 500);
  EXPECT_NEAR(static_cast<double>(at[59].count()), 25'000 / 2., 500);
}

TEST(handed_over, the_rate_holds_where_it_will_do) {
  const std::vector<std::vector<std::size_t>> shared{
      {20}, {10, 10}, {19, 1}, std::vector<std::size_t>(20, 1)};
  for (const auto& shares : shared) {
    const auto at = hand_over(shares);
    ASSERT_EQ(at.size(), 20u);
    for (std::size_t i = 0; i < at.size(); ++i)
      EXPECT_EQ(at[i], std::chrono::seconds(i + 1)) << shares.size() << " workers";
  }
}

TEST(handed_over, what_comes_behind_the_time_goes_at_once) {
  departure_pace pace;
  pacer shared;
  pace.join(start, ~0ULL);
  EXPECT_EQ(pace.next(in_time({1, {}, 100}, {1, 1, -1s}), shared, start), start);
}

} // namespace
} // namespace limpet::http
