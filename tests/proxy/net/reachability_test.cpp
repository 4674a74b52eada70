#include "proxy/net/member_target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

namespace limpet::net {
namespace {

using namespace std::chrono_literals;

constexpr auto window = 1'000ms;
const clock::time_point start = clock::time_point(1h);

TEST(reachability, is_believed_at_first) {
  reachability r;
  EXPECT_TRUE(r.reachable(start));
  EXPECT_TRUE(r.claim_probe(start, window));
  EXPECT_TRUE(r.claim_probe(start, window)); // not only one: nothing is wrong
}

TEST(reachability, is_lost_for_a_while_after_a_failed_connect) {
  reachability r;
  r.failed(start);
  EXPECT_FALSE(r.reachable(start));
  EXPECT_FALSE(r.reachable(start + reachability::first_pause - 1ns));
  EXPECT_FALSE(r.claim_probe(start + reachability::first_pause - 1ns, window));
  EXPECT_TRUE(r.reachable(start + reachability::first_pause));
}

TEST(reachability, is_tried_by_one_alone_after_the_pause) {
  reachability r;
  r.failed(start);
  const auto over = start + reachability::first_pause;
  EXPECT_TRUE(r.claim_probe(over, window));
  EXPECT_FALSE(r.claim_probe(over, window));
  EXPECT_FALSE(r.reachable(over));
  EXPECT_FALSE(r.reachable(over + window - 1ns));
  // The probe came to nothing that anybody heard of: the next one may.
  EXPECT_TRUE(r.reachable(over + window));
  EXPECT_TRUE(r.claim_probe(over + window, window));
}

TEST(reachability, pauses_twice_as_long_after_each_failed_probe) {
  reachability r;
  auto now = start;
  r.failed(now);
  for (const auto pause : {1s, 2s, 4s, 5s, 5s, 5s}) {
    EXPECT_FALSE(r.reachable(now + pause - 1ns)) << pause.count();
    EXPECT_TRUE(r.reachable(now + pause)) << pause.count();
    now += pause;
    ASSERT_TRUE(r.claim_probe(now, window));
    now += 5ms;
    r.failed(now);
  }
}

TEST(reachability, counts_connects_that_fail_together_as_one_failure) {
  // A busy member refuses many connects at once: what they say is one thing, that it is down now.
  reachability r;
  for (int i = 0; i < 100; ++i)
    r.failed(start + i * 1ms);
  EXPECT_TRUE(r.reachable(start + 99ms + reachability::first_pause));
}

TEST(reachability, comes_back_with_the_first_connect) {
  reachability r;
  r.failed(start);
  ASSERT_TRUE(r.claim_probe(start + 1s, window));
  r.failed(start + 1s);
  r.connected();
  EXPECT_TRUE(r.reachable(start + 1s));
  EXPECT_TRUE(r.claim_probe(start + 1s, window));
  EXPECT_TRUE(r.claim_probe(start + 1s, window));
  r.failed(start + 2s);
  EXPECT_TRUE(r.reachable(start + 2s + reachability::first_pause)); // and begins anew
}

TEST(reachability, tells_of_the_first_failure_and_of_the_end_of_the_last) {
  reachability r;
  EXPECT_FALSE(r.connected()) << "it was never down";
  EXPECT_TRUE(r.failed(start));
  EXPECT_FALSE(r.failed(start + 1ms)) << "the same failure";
  ASSERT_TRUE(r.claim_probe(start + 1s, window));
  EXPECT_FALSE(r.failed(start + 1s)) << "it is down still";
  EXPECT_TRUE(r.connected());
  EXPECT_FALSE(r.connected());
  EXPECT_TRUE(r.failed(start + 2s));
}

TEST(reachability, tells_how_long_the_pause_still_is) {
  reachability r;
  EXPECT_EQ(r.paused_for(start), 0ms);
  r.failed(start);
  EXPECT_EQ(r.paused_for(start), 1'000ms);
  EXPECT_EQ(r.paused_for(start + 999ms + 1us), 1ms);
  EXPECT_EQ(r.paused_for(start + 2s), 0ms);
}

TEST(reachability, a_verdict_of_the_checks_is_not_overridden_by_a_connect) {
  reachability r;
  r.set_unhealthy(true);
  EXPECT_FALSE(r.reachable(start));
  EXPECT_EQ(r.why_left_out(start), left_out::unhealthy);
  EXPECT_TRUE(r.claim_probe(start, window)) << "of connects it says nothing";
  r.connected();
  r.answers.good(start);
  EXPECT_FALSE(r.reachable(start + 24h));
  r.set_unhealthy(false);
  EXPECT_TRUE(r.reachable(start));
  EXPECT_EQ(r.why_left_out(start), left_out::no);
}

TEST(reachability, who_is_healthy_again_begins_with_a_clean_slate) {
  reachability r;
  const ejection_policy policy{.failures = 1};
  r.failed(start);
  r.answers.eject(policy, start);
  r.set_unhealthy(false);
  EXPECT_FALSE(r.reachable(start)) << "it was not unhealthy, so this is no news";
  r.set_unhealthy(true);
  r.set_unhealthy(true);
  EXPECT_FALSE(r.reachable(start));
  r.set_unhealthy(false);
  EXPECT_TRUE(r.reachable(start)) << "neither paused nor ejected";
}

TEST(reachability, each_reason_stands_for_itself) {
  const ejection_policy policy{.failures = 1};
  for (int reasons = 0; reasons < 8; ++reasons) {
    reachability r;
    const bool is_paused = reasons & 1;
    const bool is_unhealthy = reasons & 2;
    const bool is_ejected = reasons & 4;
    if (is_paused) r.failed(start);
    if (is_unhealthy) r.set_unhealthy(true);
    if (is_ejected) r.answers.eject(policy, start);
    const auto why = is_unhealthy ? left_out::unhealthy
                     : is_paused  ? left_out::unreachable
                     : is_ejected ? left_out::ejected
                                  : left_out::no;
    EXPECT_EQ(r.why_left_out(start), why) << reasons;
    EXPECT_EQ(r.reachable(start), reasons == 0) << reasons;
    EXPECT_EQ(r.paused(start), is_paused) << reasons;
    EXPECT_EQ(r.reachable(start + 1h), !is_unhealthy) << "the others end by themselves";
    r.connected();
    EXPECT_EQ(r.reachable(start), !is_unhealthy && !is_ejected) << reasons;
  }
}

TEST(reachability, fails_until_a_connect_succeeds_even_while_it_may_be_tried) {
  reachability r;
  EXPECT_FALSE(r.is_failing());
  r.failed(start);
  EXPECT_TRUE(r.is_failing());
  ASSERT_TRUE(r.reachable(start + 1s));
  EXPECT_TRUE(r.is_failing());
  ASSERT_TRUE(r.claim_probe(start + 1s, window));
  EXPECT_TRUE(r.is_failing());
  r.connected();
  EXPECT_FALSE(r.is_failing());
}

TEST(reachability, tells_when_it_has_recovered) {
  const auto recoveries = std::make_shared<std::atomic<std::uint64_t>>(0);
  reachability r(recoveries);
  EXPECT_FALSE(r.is_proven());
  r.connected();
  r.connected();
  EXPECT_TRUE(r.is_proven());
  EXPECT_EQ(*recoveries, 1u) << "the first connect shows for the first time that it is well";
  for (std::uint64_t times = 1; times <= 3; ++times) {
    r.failed(start);
    r.connected();
    r.connected();
    EXPECT_EQ(*recoveries, times + 1);
  }
}

TEST(reachability, gives_the_probe_to_one_of_many_threads) {
  struct contended {
    reachability member;
    std::atomic<int> claimed = 0;
  };
  std::vector<contended> all(20'000);
  for (auto& one : all)
    one.member.failed(start);
  std::barrier together(4);
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      together.arrive_and_wait();
      for (auto& one : all)
        one.claimed += one.member.claim_probe(start + 1s, window);
    });
  for (auto& worker : workers)
    worker.join();
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& one) { return one.claimed != 1; }), 0);
}

} // namespace
} // namespace limpet::net
