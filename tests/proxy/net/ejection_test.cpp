#include "proxy/net/ejection.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

namespace limpet::net {
namespace {

using namespace std::chrono_literals;
using enum misconduct;

const clock::time_point start = clock::time_point(1h);

ejection_policy policy_of(std::uint32_t failures, std::uint32_t errors = 0) {
  ejection_policy policy;
  policy.failures = failures;
  policy.errors = errors;
  policy.base = 10s;
  policy.longest = 45s;
  return policy;
}

/// One member, and requests to it that each take no time.
struct conduct_test : testing::Test {
  conduct member;
  clock::time_point now = start;
  ejection_policy policy = policy_of(3);

  bool bad(misconduct what = answer_timeout) {
    now += 1ms;
    return member.bad(policy, what, now, now);
  }
  void good() {
    now += 1ms;
    member.good(now);
  }
  milliseconds eject() { return member.eject(policy, now); }
};

TEST_F(conduct_test, a_streak_is_one_too_many_and_a_good_answer_ends_it) {
  EXPECT_FALSE(bad());
  EXPECT_FALSE(bad());
  good();
  EXPECT_FALSE(bad(malformed_answer));
  EXPECT_FALSE(bad(closed_early));
  EXPECT_TRUE(bad(answer_timeout)) << "of whatever kinds they are";
  EXPECT_FALSE(member.ejected(now)) << "that is for whoever looks at the whole pool";
}

TEST_F(conduct_test, is_ejected_for_its_time_and_then_simply_in_use) {
  EXPECT_EQ(eject(), 10s);
  EXPECT_TRUE(member.ejected(now));
  EXPECT_TRUE(member.ejected(now + 10s - 1ns));
  EXPECT_FALSE(member.ejected(now + 10s));
  EXPECT_EQ(member.ejected_until(), now + 10s);
}

TEST_F(conduct_test, one_more_failure_after_an_ejection_is_one_too_many_and_a_good_answer_ends_that) {
  eject();
  now += 10s;
  EXPECT_TRUE(bad());
  EXPECT_EQ(eject(), 20s) << "and for longer";
  now += 20s;
  good();
  EXPECT_FALSE(bad());
  EXPECT_FALSE(bad());
  EXPECT_TRUE(bad());
  EXPECT_EQ(eject(), 30s) << "the times are not forgotten so soon";
}

TEST_F(conduct_test, ejections_grow_to_the_longest_and_stay_there) {
  std::vector<std::int64_t> seconds;
  for (int i = 0; i < 7; ++i) {
    const auto time = eject();
    seconds.push_back(time / 1s);
    now += time + 1s;
  }
  EXPECT_EQ(seconds, (std::vector<std::int64_t>{10, 20, 30, 40, 45, 45, 45}));
}

TEST_F(conduct_test, begins_anew_once_it_was_in_use_for_the_longest) {
  eject();
  now += 10s;
  EXPECT_EQ(eject(), 20s);
  now += 20s + 45s - 1ns;
  EXPECT_EQ(eject(), 30s);
  now += 30s + 45s;
  EXPECT_EQ(eject(), 10s);
}

TEST_F(conduct_test, what_began_before_the_end_of_an_ejection_says_nothing_new) {
  const auto before = now;
  eject();
  now += 11s;
  EXPECT_FALSE(member.bad(policy, answer_timeout, before, now));
  EXPECT_FALSE(member.bad(policy, answer_timeout, before + 10s - 1ns, now));
  member.good(before + 5s);
  EXPECT_TRUE(member.bad(policy, answer_timeout, before + 10s, now)) << "still on probation";
}

TEST_F(conduct_test, connections_that_are_cut_together_count_once) {
  // A crash cuts all that is under way; the streak is about the requests after it.
  const auto began = now;
  now += 1s;
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(member.bad(policy, closed_early, began, now + i * 1us)) << i;
  now += 1s;
  EXPECT_FALSE(bad(closed_early));
  EXPECT_TRUE(bad(closed_early));
}

TEST_F(conduct_test, requests_that_time_out_together_count_each) {
  const auto began = now;
  now += 60s;
  EXPECT_FALSE(member.bad(policy, answer_timeout, began, now));
  EXPECT_FALSE(member.bad(policy, answer_timeout, began, now));
  EXPECT_TRUE(member.bad(policy, answer_timeout, began, now));
}

TEST_F(conduct_test, server_errors_are_good_answers_where_nobody_counts_them) {
  bad();
  bad();
  EXPECT_FALSE(bad(server_error));
  EXPECT_FALSE(bad());
  EXPECT_FALSE(bad());
  EXPECT_TRUE(bad());
}

TEST_F(conduct_test, server_errors_count_with_failures_among_them) {
  policy = policy_of(3, 4);
  EXPECT_FALSE(bad());
  EXPECT_FALSE(bad());
  EXPECT_FALSE(bad(server_error)) << "an answer: the streak of failures ends";
  EXPECT_TRUE(bad()) << "four without a good answer";
  member.let_off();
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(bad(server_error)) << i;
  good();
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(bad(server_error)) << i;
  EXPECT_TRUE(bad(server_error));
}

TEST_F(conduct_test, errors_alone_may_count) {
  policy = policy_of(0, 2);
  EXPECT_FALSE(bad());
  EXPECT_TRUE(bad(server_error));
  eject();
  now += 10s;
  EXPECT_TRUE(bad(server_error)) << "on probation";
}

TEST_F(conduct_test, without_a_policy_nothing_is_too_many) {
  policy = policy_of(0);
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(bad(i % 2 ? server_error : answer_timeout));
}

TEST_F(conduct_test, who_is_let_off_is_counted_anew) {
  for (int i = 0; i < 3; ++i)
    bad();
  member.let_off();
  EXPECT_FALSE(bad());
  EXPECT_FALSE(bad());
  EXPECT_TRUE(bad());
}

TEST_F(conduct_test, a_pardon_ends_the_ejection_and_forgets_all) {
  eject();
  now += 10s;
  eject();
  member.pardon();
  EXPECT_FALSE(member.ejected(now));
  EXPECT_FALSE(bad());
  EXPECT_FALSE(bad());
  EXPECT_TRUE(bad());
  EXPECT_EQ(eject(), 10s);
}

TEST(ejection_policy, shares_are_rounded_down) {
  ejection_policy policy;
  const auto most = [&](std::uint32_t percent, std::uint64_t ready) {
    policy.percent_max = percent;
    return policy.most_of(ready);
  };
  EXPECT_EQ(most(50, 0), 0u);
  EXPECT_EQ(most(50, 1), 0u);
  EXPECT_EQ(most(50, 2), 1u);
  EXPECT_EQ(most(50, 3), 1u);
  EXPECT_EQ(most(50, 4), 2u);
  EXPECT_EQ(most(10, 9), 0u);
  EXPECT_EQ(most(10, 10), 1u);
  EXPECT_EQ(most(100, 3), 3u);
  EXPECT_EQ(most(0, 1'000), 0u);
}

TEST(conduct, many_workers_at_once_lose_no_more_than_they_may) {
  // None of 4 x 1,000 failures is lost: with a limit of as many just the last one is too many.
  conduct member;
  auto policy = policy_of(4'000);
  std::atomic<int> too_many = 0;
  std::barrier together(4);
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w)
    workers.emplace_back([&] {
      together.arrive_and_wait();
      for (int i = 0; i < 1'000; ++i)
        too_many += member.bad(policy, answer_timeout, start, start + 1s);
    });
  for (auto& worker : workers)
    worker.join();
  EXPECT_EQ(too_many, 1);
}

} // namespace
} // namespace limpet::net
