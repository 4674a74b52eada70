#include "proxy/http/ejection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace limpet::http {
namespace {

using namespace std::chrono_literals;
using kind = sentence::kind;
using net::misconduct;
using routing::member_state;

const net::clock::time_point start = net::clock::time_point(1h);

/// Members "0", "1", ... of which the last `draining` drain.
pool_snapshot pool_of(int members, std::uint32_t percent = 50, int draining = 0) {
  pool_snapshot pool;
  pool.state = std::make_shared<pool_state>();
  pool.ejection.failures = 2;
  pool.ejection.base = 10s;
  pool.ejection.longest = 60s;
  pool.ejection.percent_max = percent;
  std::vector<routing::member> list;
  for (int i = 0; i < members; ++i) {
    auto& made = list.emplace_back();
    made.id = std::to_string(i);
    made.address = "127.0.0.1:1";
    if (i >= members - draining) made.state = member_state::draining;
  }
  pool.view = routing::view(std::move(list), 1);
  for (int i = 0; i < members; ++i)
    pool.targets.emplace_back().shared = std::make_shared<net::reachability>();
  return pool;
}

/// Two requests to the member that get no answer in time.
sentence two_failures(const pool_snapshot& pool, std::uint32_t member, net::clock::time_point now = start) {
  EXPECT_EQ(judge(pool, member, misconduct::answer_timeout, now, now).what, kind::none);
  return judge(pool, member, misconduct::answer_timeout, now, now);
}

int ejected_of(const pool_snapshot& pool, net::clock::time_point now = start) {
  return static_cast<int>(std::count_if(pool.targets.begin(), pool.targets.end(), [=](const auto& target) {
    return target.shared->answers.ejected(now);
  }));
}

TEST(judge, ejects_for_a_while_whoever_fails_once_too_often) {
  const auto pool = pool_of(4);
  const auto said = two_failures(pool, 1);
  EXPECT_EQ(said.what, kind::ejected);
  EXPECT_EQ(said.time, 10s);
  EXPECT_TRUE(pool.targets[0].shared->reachable(start));
  EXPECT_EQ(pool.targets[1].shared->why_left_out(start), net::left_out::ejected);
  EXPECT_TRUE(pool.targets[1].shared->reachable(start + 10s));
}

TEST(judge, ejects_of_three_members_one) {
  const auto pool = pool_of(3);
  EXPECT_EQ(two_failures(pool, 0).what, kind::ejected);
  EXPECT_EQ(two_failures(pool, 1).what, kind::withheld);
  EXPECT_EQ(two_failures(pool, 1).what, kind::withheld) << "counted anew, and said again";
  EXPECT_EQ(ejected_of(pool), 1);
  const auto later = start + 10s;
  EXPECT_EQ(two_failures(pool, 2, later).what, kind::ejected) << "the first is back";
}

TEST(judge, ejects_none_of_a_pool_too_small_for_its_share) {
  const auto one = pool_of(1);
  EXPECT_EQ(two_failures(one, 0).what, kind::withheld);
  const auto three = pool_of(3, 33);
  EXPECT_EQ(two_failures(three, 0).what, kind::withheld);
  const auto none = pool_of(10, 0);
  EXPECT_EQ(two_failures(none, 0).what, kind::withheld);
  EXPECT_EQ(ejected_of(one) + ejected_of(three) + ejected_of(none), 0);
}

TEST(judge, never_ejects_the_last_that_can_be_reached) {
  const auto pool = pool_of(3, 100);
  EXPECT_EQ(two_failures(pool, 0).what, kind::ejected);
  pool.targets[1].shared->set_unhealthy(true);
  EXPECT_EQ(two_failures(pool, 2).what, kind::withheld);
  pool.targets[1].shared->set_unhealthy(false);
  EXPECT_EQ(two_failures(pool, 2).what, kind::ejected);
  pool.targets[1].shared->failed(start);
  EXPECT_EQ(ejected_of(pool), 2);
}

TEST(judge, draining_members_are_no_part_of_the_whole_but_count) {
  const auto pool = pool_of(4, 50, 2); // two ready ones, so one may be ejected
  EXPECT_EQ(two_failures(pool, 3).what, kind::ejected) << "a draining one";
  EXPECT_EQ(two_failures(pool, 0).what, kind::withheld);
  const auto other = pool_of(4, 50, 2);
  EXPECT_EQ(two_failures(other, 0).what, kind::ejected);
  EXPECT_EQ(two_failures(other, 1).what, kind::withheld);
  const auto last = pool_of(4, 100, 3);
  EXPECT_EQ(two_failures(last, 0).what, kind::withheld) << "those that drain take no new sessions";
}

TEST(judge, leaves_alone_who_is_left_alone_already) {
  const auto pool = pool_of(4);
  pool.targets[0].shared->set_unhealthy(true);
  EXPECT_EQ(two_failures(pool, 0).what, kind::none);
  EXPECT_EQ(ejected_of(pool), 0);
  EXPECT_EQ(two_failures(pool, 1).what, kind::ejected);
  EXPECT_EQ(judge(pool, 1, misconduct::answer_timeout, start, start + 1s).what, kind::none);
  EXPECT_EQ(judge(pool, 1, misconduct::answer_timeout, start + 1s, start + 1s).what, kind::none);
  EXPECT_EQ(pool.targets[1].shared->answers.ejected_until(), start + 10s) << "not for longer";
}

TEST(judge, does_not_wait_for_another_worker) {
  const auto pool = pool_of(4);
  pool.state->is_ejecting = true;
  EXPECT_EQ(two_failures(pool, 0).what, kind::none);
  pool.state->is_ejecting = false;
  EXPECT_EQ(judge(pool, 0, misconduct::answer_timeout, start, start).what, kind::ejected) << "the next cause";
}

TEST(judge, holds_the_share_whatever_workers_do_at_once) {
  // Room for one more ejection, and four workers that have cause for one all the time. The pool is large, so
  // that they are nearly always at it; who has ejected gives way for a while, so that the others go on from
  // where they were.
  constexpr std::uint32_t workers_max = 4;
  constexpr int turns = 6'000;
  const auto pool = pool_of(5'000, 1);
  for (std::uint32_t member = workers_max; member < workers_max + 49; ++member)
    pool.targets[member].shared->answers.eject(pool.ejection, start);
  std::atomic<int> in_force = 0;
  std::atomic<int> ejections = 0;
  std::atomic<bool> was_exceeded = false;
  const auto work = [&](std::uint32_t member) {
    for (int turn = 0; turn < turns; ++turn) {
      judge(pool, member, misconduct::answer_timeout, start, start);
      if (judge(pool, member, misconduct::answer_timeout, start, start).what != kind::ejected) continue;
      ++ejections;
      ++in_force;
      for (int i = 0; i < 10; ++i) {
        std::this_thread::yield();
        if (in_force > 1) was_exceeded = true;
      }
      --in_force;
      pool.targets[member].shared->answers.pardon();
    }
  };
  std::vector<std::thread> workers;
  for (std::uint32_t w = 0; w < workers_max; ++w)
    workers.emplace_back(work, w);
  for (auto& worker : workers)
    worker.join();
  EXPECT_FALSE(was_exceeded);
  EXPECT_GT(ejections, 0) << "and the share is used";
}

} // namespace
} // namespace limpet::http
