#include "proxy/membership/etcd/rotation.hpp"

#include <gtest/gtest.h>

#include <set>

namespace limpet::etcd {
namespace {

using namespace std::chrono_literals;

TEST(endpoint_rotation, stays_on_the_endpoint_that_answers_and_passes_over_the_one_that_does_not) {
  endpoint_rotation rotation(3, 4);
  EXPECT_EQ(rotation.current(), 1u);
  EXPECT_EQ(rotation.current(), 1u);
  rotation.failed(1);
  EXPECT_EQ(rotation.current(), 2u);
  rotation.failed(2);
  EXPECT_EQ(rotation.current(), 0u);
  rotation.failed(0);
  EXPECT_EQ(rotation.current(), 1u) << "comes back to the first";
}

TEST(endpoint_rotation, failures_side_by_side_move_on_once) {
  endpoint_rotation rotation(3, 0);
  rotation.failed(0);
  rotation.failed(0);
  EXPECT_EQ(rotation.current(), 1u);
}

TEST(endpoint_rotation, a_single_endpoint_is_tried_again) {
  endpoint_rotation rotation(1, 12345);
  rotation.failed(0);
  EXPECT_EQ(rotation.current(), 0u);
}

TEST(backoff, doubles_up_to_its_limit_with_up_to_a_half_taken_off) {
  for (std::uint32_t seed = 1; seed < 200; ++seed) {
    backoff waits(100ms, 5s, seed);
    for (const auto whole : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms}) {
      const auto wait = waits.next();
      EXPECT_GE(wait, whole / 2);
      EXPECT_LE(wait, whole);
    }
  }
}

TEST(backoff, stays_at_the_limit_for_ever) {
  backoff waits(100ms, 5s, 7);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LE(waits.next(), 5s);
  }
  EXPECT_GE(waits.next(), 2500ms);
}

TEST(backoff, a_success_begins_anew) {
  backoff waits(100ms, 5s, 7);
  for (int i = 0; i < 10; ++i) {
    waits.next();
  }
  waits.reset();
  EXPECT_LE(waits.next(), 100ms);
}

TEST(backoff, clients_spread) {
  std::set<std::chrono::milliseconds> waits;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    waits.insert(backoff(1000ms, 5s, seed * 7919).next());
  }
  EXPECT_GT(waits.size(), 50u);
}

TEST(jittered, stays_within_a_tenth) {
  std::minstd_rand random(1);
  std::set<std::chrono::milliseconds> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto period = jittered(1000ms, random);
    EXPECT_GE(period, 900ms);
    EXPECT_LE(period, 1100ms);
    seen.insert(period);
  }
  EXPECT_GT(seen.size(), 100u);
}

} // namespace
} // namespace limpet::etcd
