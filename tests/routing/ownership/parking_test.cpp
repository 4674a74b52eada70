#include "routing/ownership/parking.hpp"
#include "tests/routing/ownership/test_records.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace limpet::ownership {
namespace {

using verdict = parking::verdict;

struct Parking : testing::Test {
  parking all{{.per_session = 2, .requests = 4, .bytes = 100, .time = 10s}};
  std::deque<parking_place> places;

  verdict park(std::uint64_t key, std::size_t bytes = 10, duration when = 0s) {
    return all.park(places.emplace_back(), key, bytes, at(when));
  }
  /// The places by their number, as release() let them go.
  std::vector<std::size_t> release(function_ref<bool(std::uint64_t)> moves) {
    std::vector<std::size_t> left;
    all.release(moves, [&](parking_place& p) { left.push_back(number_of(p)); });
    return left;
  }
  std::size_t number_of(const parking_place& p) const {
    std::size_t i = 0;
    while (&places[i] != &p)
      ++i;
    return i;
  }
};

TEST_F(Parking, releases_in_the_order_of_arrival_what_does_not_move_any_more) {
  park(1), park(2), park(1), park(3);
  EXPECT_EQ(release([](std::uint64_t key) { return key == 2; }), (std::vector<std::size_t>{0, 2, 3}));
  EXPECT_EQ(all.requests(), 1u);
  EXPECT_EQ(all.bytes(), 10u);
  EXPECT_TRUE(places[1].waits());
  EXPECT_FALSE(places[0].waits());
}

TEST_F(Parking, has_limits_of_requests_bytes_and_of_each_session) {
  EXPECT_EQ(park(1), verdict::parked);
  EXPECT_EQ(park(1), verdict::parked);
  EXPECT_EQ(park(1), verdict::session_full);
  EXPECT_EQ(park(2, 81), verdict::too_many_bytes);
  EXPECT_EQ(park(2, 80), verdict::parked);
  EXPECT_EQ(park(3, 0), verdict::parked);
  EXPECT_EQ(park(4, 0), verdict::full);
  EXPECT_EQ(all.requests(), 4u);
  EXPECT_EQ(all.bytes(), 100u);
  release([](std::uint64_t) { return false; });
  EXPECT_EQ(all.bytes(), 0u);
  EXPECT_EQ(park(1), verdict::parked) << "its session's count is gone, too";
}

TEST_F(Parking, a_bound_below_what_is_held_takes_nobody_more) {
  park(1, 90);
  all.set_bounds({.per_session = 2, .requests = 4, .bytes = 50, .time = 10s});
  EXPECT_EQ(park(2, 1), verdict::too_many_bytes);
}

TEST_F(Parking, other_bounds_are_for_those_to_come) {
  park(1), park(1);
  all.set_bounds({.per_session = 3, .requests = 3, .bytes = 100, .time = 1s});
  EXPECT_EQ(park(1), verdict::parked);
  EXPECT_EQ(park(2), verdict::full);
  EXPECT_EQ(all.next_expiry(), at(10s)) << "the first keeps its time";
}

TEST_F(Parking, whoever_goes_away_leaves_its_place) {
  {
    parking_place gone;
    all.park(gone, 1, 50, at(0s));
    EXPECT_EQ(all.requests(), 1u);
  }
  EXPECT_EQ(all.requests(), 0u);
  EXPECT_EQ(all.bytes(), 0u);
  EXPECT_EQ(all.next_expiry(), never);
}

TEST_F(Parking, lets_go_of_those_that_waited_too_long) {
  park(1, 10, 0s), park(2, 10, 1s);
  EXPECT_EQ(all.next_expiry(), at(10s));
  std::vector<std::size_t> refused;
  const auto refuse = [&](parking_place& p) { refused.push_back(number_of(p)); };
  all.expire(at(10s) - 1ns, refuse);
  EXPECT_TRUE(refused.empty());
  all.expire(at(10s), refuse);
  EXPECT_EQ(refused, std::vector<std::size_t>{0});
  EXPECT_EQ(all.next_expiry(), at(11s));
}

TEST_F(Parking, whoever_parks_again_keeps_its_time_and_is_before_those_that_came_later) {
  park(1, 10, 0s), park(2, 10, 1s);
  EXPECT_EQ(release([](std::uint64_t key) { return key == 2; }), std::vector<std::size_t>{0});
  park(1, 10, 5s);
  EXPECT_EQ(all.park(places[0], 1, 10, at(0s)), verdict::parked);
  EXPECT_EQ(all.next_expiry(), at(10s));
  EXPECT_EQ(release([](std::uint64_t) { return false; }), (std::vector<std::size_t>{0, 1, 2}));
}

TEST_F(Parking, whoever_parks_again_after_its_time_is_let_go_of_next) {
  park(1, 10, 8s);
  EXPECT_EQ(park(2, 10, 0s), verdict::parked);
  std::vector<std::size_t> refused;
  all.expire(at(12s), [&](parking_place& p) { refused.push_back(number_of(p)); });
  EXPECT_EQ(refused, std::vector<std::size_t>{1});
}

TEST_F(Parking, whoever_is_resumed_may_park_again_and_end_others) {
  park(1), park(2), park(3);
  auto ended = std::make_unique<parking_place>();
  all.park(*ended, 4, 10, at(0s));
  std::size_t resumed = 0;
  all.release([](std::uint64_t) { return false; },
              [&](parking_place& p) {
                ++resumed;
                ended.reset(); // which waits for its turn
                all.park(p, 9, 10, at(1s));
              });
  EXPECT_EQ(resumed, 3u) << "not met once more, nor the one that has ended";
  EXPECT_EQ(all.requests(), 2u) << "as many as a session may";
}

} // namespace
} // namespace limpet::ownership
