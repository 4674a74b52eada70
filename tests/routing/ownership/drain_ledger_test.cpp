#include "routing/ownership/drain_ledger.hpp"
#include "tests/routing/ownership/test_records.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace limpet::ownership {
namespace {

constexpr duration work = 3s;
const auto everything = [](std::uint64_t) { return true; };
const auto nothing = [](std::uint64_t) { return false; };
const auto odd = [](std::uint64_t key) { return key % 2 == 1; };

struct DrainLedger : testing::Test {
  drain_ledger ledger{work, 4};
  std::deque<in_flight> flights;

  in_flight& chosen(std::uint64_t key) {
    ledger.choose(flights.emplace_back(), key);
    return flights.back();
  }
  void apply(drain_ledger::moves_function moves) {
    ledger.apply();
    while (!ledger.scan(moves, 2)) {
    }
  }
};

TEST_F(DrainLedger, counts_from_the_choice_to_the_end_of_the_answer) {
  auto& f = chosen(1);
  apply(everything);
  EXPECT_FALSE(ledger.none_moved_left(at(0s))) << "though nothing is written";
  f.writes(at(1s));
  EXPECT_FALSE(ledger.none_moved_left(at(1h))) << "however long it takes";
  ledger.end(f);
  EXPECT_TRUE(ledger.none_moved_left(at(1h)));
  EXPECT_TRUE(ledger.none_left(at(1h)));
}

TEST_F(DrainLedger, says_nothing_before_all_were_looked_at) {
  for (std::uint64_t key = 0; key < 5; ++key)
    chosen(2 * key);
  ledger.apply();
  EXPECT_FALSE(ledger.none_moved_left(at(0s)));
  EXPECT_FALSE(ledger.scan(odd, 3));
  EXPECT_FALSE(ledger.none_moved_left(at(0s)));
  EXPECT_TRUE(ledger.scan(odd, 3));
  EXPECT_TRUE(ledger.none_moved_left(at(0s)));
  EXPECT_FALSE(ledger.none_left(at(0s)));
}

TEST_F(DrainLedger, what_is_chosen_after_the_record_stays) {
  chosen(1);
  ledger.apply();
  chosen(3); // its key stays by this record, or it would be parked
  EXPECT_TRUE(ledger.scan(nothing, 10));
  EXPECT_TRUE(ledger.none_moved_left(at(0s)));
  apply(odd);
  EXPECT_FALSE(ledger.none_moved_left(at(0s)));
}

TEST_F(DrainLedger, what_was_given_up_counts_until_d_after_the_last_byte) {
  auto& f = chosen(1);
  f.writes(at(1s));
  f.writes(at(2s));
  ledger.give_up(f);
  apply(everything);
  EXPECT_EQ(ledger.next_change(), at(5s));
  EXPECT_FALSE(ledger.none_moved_left(at(5s) - 1ns));
  EXPECT_TRUE(ledger.none_moved_left(at(5s)));
  EXPECT_EQ(ledger.next_change(), never);
}

TEST_F(DrainLedger, what_was_given_up_unwritten_is_over) {
  ledger.give_up(chosen(1));
  apply(everything);
  EXPECT_TRUE(ledger.none_moved_left(at(0s)));
}

TEST_F(DrainLedger, what_goes_away_was_given_up) {
  auto f = std::make_unique<in_flight>();
  ledger.choose(*f, 1);
  f->writes(at(0s));
  f.reset();
  apply(everything);
  EXPECT_FALSE(ledger.none_moved_left(at(2s)));
  EXPECT_TRUE(ledger.none_moved_left(at(3s)));
}

TEST_F(DrainLedger, what_is_given_up_keeps_what_was_said_of_it) {
  auto& moving = chosen(1);
  auto& staying = chosen(2);
  moving.writes(at(0s));
  staying.writes(at(0s));
  apply(odd);
  ledger.give_up(moving);
  ledger.give_up(staying);
  EXPECT_TRUE(ledger.scan(odd, 0)) << "nothing is to be looked at again";
  EXPECT_FALSE(ledger.none_moved_left(at(1s)));
  EXPECT_TRUE(ledger.none_moved_left(at(3s)));

  auto& unknown = chosen(3);
  unknown.writes(at(4s));
  ledger.apply();
  ledger.give_up(unknown); // between the record and the look
  EXPECT_FALSE(ledger.none_moved_left(at(4s)));
  EXPECT_TRUE(ledger.scan(nothing, 10));
  EXPECT_TRUE(ledger.none_moved_left(at(4s)));
}

TEST_F(DrainLedger, looks_at_what_was_given_up_by_each_record) {
  auto& f = chosen(1);
  f.writes(at(0s));
  ledger.give_up(f);
  apply(nothing);
  EXPECT_TRUE(ledger.none_moved_left(at(1s)));
  EXPECT_FALSE(ledger.none_left(at(1s)));
  apply(everything);
  EXPECT_FALSE(ledger.none_moved_left(at(1s)));
}

TEST_F(DrainLedger, another_time_counts_for_what_is_given_up_from_then_on) {
  auto& before = chosen(1);
  before.writes(at(0s));
  ledger.give_up(before);
  ledger.count_for(5s);
  auto& after = chosen(1);
  after.writes(at(0s));
  ledger.give_up(after);
  apply(everything);
  EXPECT_EQ(ledger.next_change(), at(3s));
  EXPECT_FALSE(ledger.none_moved_left(at(5s) - 1ns));
  EXPECT_TRUE(ledger.none_moved_left(at(5s)));
}

TEST_F(DrainLedger, too_many_given_up_count_for_every_key) {
  for (unsigned i = 0; i < 6; ++i) {
    auto& f = chosen(2);
    f.writes(at(std::chrono::seconds(i)));
    ledger.give_up(f);
  }
  apply(odd);
  EXPECT_FALSE(ledger.none_moved_left(at(4s))) << "two of unknown keys";
  EXPECT_FALSE(ledger.none_moved_left(at(8s) - 1ns));
  EXPECT_TRUE(ledger.none_moved_left(at(8s)));
  EXPECT_TRUE(ledger.none_left(at(8s)));
}

/// Or a stream of clients that give up would keep every hand-off waiting.
TEST_F(DrainLedger, too_many_given_up_that_stay_count_for_later_records_only) {
  chosen(1);
  apply(nothing);
  for (unsigned i = 0; i < 6; ++i) {
    auto& f = chosen(2);
    f.writes(at(1s));
    ledger.give_up(f);
  }
  EXPECT_TRUE(ledger.none_moved_left(at(1s)));
  apply(nothing);
  EXPECT_FALSE(ledger.none_moved_left(at(4s) - 1ns));
  EXPECT_TRUE(ledger.none_moved_left(at(4s)));
}

/// Or nobody would look again once the last of them counts no more, and who leaves would wait for that.
TEST_F(DrainLedger, too_many_given_up_that_stay_are_a_change_to_come) {
  for (unsigned i = 0; i < 6; ++i) {
    auto& f = chosen(2);
    f.writes(at(std::chrono::seconds(i)));
    ledger.give_up(f);
  }
  EXPECT_FALSE(ledger.none_left(at(6s))) << "those that were told apart are over, and they alone";
  EXPECT_EQ(ledger.next_change(), at(8s));
  EXPECT_FALSE(ledger.none_left(at(8s) - 1ns));
  EXPECT_TRUE(ledger.none_left(at(8s)));
  EXPECT_EQ(ledger.next_change(), never);
}

TEST_F(DrainLedger, gives_all_up_at_once) {
  auto& written = chosen(1);
  auto& unwritten = chosen(3);
  written.writes(at(1s));
  auto& before = chosen(5);
  before.writes(at(0s));
  ledger.give_up(before);
  apply(odd);
  ledger.give_up_all();
  EXPECT_FALSE(written.is_counted());
  EXPECT_FALSE(unwritten.is_counted());
  EXPECT_EQ(ledger.next_change(), at(3s));
  EXPECT_FALSE(ledger.none_moved_left(at(4s) - 1ns));
  EXPECT_TRUE(ledger.none_moved_left(at(4s)));
}

TEST_F(DrainLedger, a_tunnel_counts_in_the_place_of_its_request) {
  auto& request = chosen(1);
  request.writes(at(1s));
  apply(odd);
  in_flight tunnel;
  ledger.hand_over(request, tunnel);
  EXPECT_FALSE(request.is_counted());
  EXPECT_FALSE(ledger.none_moved_left(at(1h))) << "it moves as before";
  ledger.give_up(tunnel);
  EXPECT_TRUE(ledger.none_moved_left(at(4s)));
}

} // namespace
} // namespace limpet::ownership
