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

} // namespace
} // namespace limpet::http
