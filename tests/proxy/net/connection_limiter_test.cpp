#include "proxy/net/connection_limiter.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace limpet::net {

void PrintTo(connection_limiter::verdict verdict, std::ostream* out) {
  constexpr std::string_view names[] = {"admitted", "too_many", "too_many_of_address"};
  *out << names[static_cast<std::size_t>(verdict)];
}

namespace {

using enum connection_limiter::verdict;
using permit = connection_limiter::permit;

const auto one = *routing::ip_address::parse("10.0.0.1");
const auto two = *routing::ip_address::parse("10.0.0.2");
const auto v6 = *routing::ip_address::parse("2001:db8::1");

TEST(connection_limiter, admits_up_to_the_limit) {
  connection_limiter limiter;
  permit a, b, c;
  EXPECT_EQ(limiter.admit(one, 2, 0, a), admitted);
  EXPECT_EQ(limiter.admit(two, 2, 0, b), admitted);
  EXPECT_EQ(limiter.admit(v6, 2, 0, c), too_many);
  EXPECT_EQ(limiter.count(), 2U);
}

TEST(connection_limiter, counts_without_limits_too) {
  connection_limiter limiter;
  std::vector<permit> held(100);
  for (auto& p : held)
    EXPECT_EQ(limiter.admit(one, 0, 0, p), admitted);
  EXPECT_EQ(limiter.count(), 100U);
  held.clear();
  EXPECT_EQ(limiter.count(), 0U);
}

TEST(connection_limiter, remembers_the_most_at_once_until_it_is_asked) {
  connection_limiter limiter;
  permit kept;
  EXPECT_EQ(limiter.admit(one, 3, 0, kept), admitted);
  {
    permit a, b, refused;
    EXPECT_EQ(limiter.admit(one, 3, 0, a), admitted);
    EXPECT_EQ(limiter.admit(one, 3, 0, b), admitted);
    EXPECT_EQ(limiter.admit(one, 3, 0, refused), too_many);
  }
  EXPECT_EQ(limiter.take_most(), 3U);
  EXPECT_EQ(limiter.take_most(), 1U) << "what there was when it was asked";
}

TEST(connection_limiter, takes_back_a_permit_once) {
  connection_limiter limiter;
  {
    permit a;
    ASSERT_EQ(limiter.admit(one, 1, 1, a), admitted);
    permit moved = std::move(a);
    permit assigned;
    assigned = std::move(moved);
    EXPECT_EQ(limiter.count(), 1U);
  }
  EXPECT_EQ(limiter.count(), 0U);
  permit again;
  EXPECT_EQ(limiter.admit(one, 1, 1, again), admitted);
}

TEST(connection_limiter, lets_go_of_the_permit_that_another_takes_the_place_of) {
  connection_limiter limiter;
  permit held;
  ASSERT_EQ(limiter.admit(one, 0, 1, held), admitted);
  ASSERT_EQ(limiter.admit(two, 0, 1, held), admitted);
  EXPECT_EQ(limiter.count(), 1U);
  permit other;
  EXPECT_EQ(limiter.admit(one, 0, 1, other), admitted);
}

TEST(connection_limiter, limits_each_address_by_itself) {
  connection_limiter limiter;
  permit a, b, c, d, e;
  EXPECT_EQ(limiter.admit(one, 0, 2, a), admitted);
  EXPECT_EQ(limiter.admit(one, 0, 2, b), admitted);
  EXPECT_EQ(limiter.admit(one, 0, 2, c), too_many_of_address);
  EXPECT_EQ(limiter.admit(two, 0, 2, d), admitted);
  EXPECT_EQ(limiter.admit(v6, 0, 2, e), admitted);
  EXPECT_EQ(limiter.count(), 4U); // the refused one does not count
  b = permit();
  EXPECT_EQ(limiter.admit(one, 0, 2, c), admitted);
}

TEST(connection_limiter, does_not_count_for_an_address_what_the_whole_refuses) {
  connection_limiter limiter;
  permit a, b;
  ASSERT_EQ(limiter.admit(one, 1, 2, a), admitted);
  ASSERT_EQ(limiter.admit(two, 1, 2, b), too_many);
  a = permit();
  permit c, d;
  EXPECT_EQ(limiter.admit(two, 2, 2, c), admitted);
  EXPECT_EQ(limiter.admit(two, 2, 2, d), admitted);
}

TEST(connection_limiter, goes_by_the_limits_of_the_moment) { // a reload may change them
  connection_limiter limiter;
  permit uncounted, counted, more;
  ASSERT_EQ(limiter.admit(one, 0, 0, uncounted), admitted);
  ASSERT_EQ(limiter.admit(one, 0, 1, counted), admitted);
  EXPECT_EQ(limiter.admit(one, 2, 0, more), too_many);
  counted = permit();
  uncounted = permit();
  EXPECT_EQ(limiter.count(), 0U);
}

TEST(connection_limiter, keeps_count_among_threads) {
  connection_limiter limiter;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&limiter] {
      for (int n = 0; n < 1'000; ++n) {
        permit a, b;
        limiter.admit(one, 3, 2, a);
        limiter.admit(two, 3, 2, b);
      }
    });
  for (auto& worker : workers)
    worker.join();
  EXPECT_EQ(limiter.count(), 0U);
  permit a, b;
  EXPECT_EQ(limiter.admit(one, 2, 2, a), admitted);
  EXPECT_EQ(limiter.admit(one, 2, 2, b), admitted);
}

} // namespace
} // namespace limpet::net
