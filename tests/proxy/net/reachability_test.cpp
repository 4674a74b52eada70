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
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}) {
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
