#include "proxy/http/epoch_waits.hpp"
#include "tests/proxy/net/support.hpp"

#include <gmock/gmock.h>

namespace limpet::http {
namespace {

using namespace std::chrono_literals;
using net::clock;
using net::loop;

/// Remembers who asked, and answers when it is told to.
struct fake_reader final : epoch_reader {
  struct question {
    std::string pool;
    std::uint64_t epoch;
    tell_function tell;
  };
  std::vector<question> asked;

  void read_until(const std::string& pool, std::uint64_t epoch, tell_function tell) override {
    asked.push_back({pool, epoch, std::move(tell)});
  }
};

struct epoch_waits_test : testing::Test {
  loop on;
  fake_reader reader;
  epoch_waits waits{on.events};
  epoch_waits::wait* last = nullptr;

  net::task<epoch_outcome> request(std::uint64_t epoch) {
    epoch_waits::wait told(waits, reader, "chat", epoch, 1s);
    last = &told;
    co_return co_await told;
  }
};

TEST_F(epoch_waits_test, an_answer_ends_the_wait_in_the_loop) {
  loop::running<epoch_outcome> one(request(7));
  ASSERT_EQ(reader.asked.size(), 1u);
  EXPECT_EQ(reader.asked[0].pool, "chat");
  EXPECT_EQ(reader.asked[0].epoch, 7u);
  EXPECT_EQ(waits.count(), 1u);
  reader.asked[0].tell(epoch_outcome::behind);
  EXPECT_FALSE(one.has_ended()) << "another thread has told it";
  ASSERT_TRUE(on.run_until([&] { return one.has_ended(); }));
  EXPECT_EQ(one.result(), epoch_outcome::behind);
  EXPECT_EQ(waits.count(), 0u);
}

TEST_F(epoch_waits_test, time_ends_it_too_and_a_late_answer_finds_nobody) {
  loop::running<epoch_outcome> one(request(7));
  on.pass(900ms);
  on.poll();
  EXPECT_FALSE(one.has_ended());
  on.pass(1100ms);
  EXPECT_FALSE(one.has_ended()) << "not from within the wheel";
  on.poll();
  ASSERT_TRUE(one.has_ended());
  EXPECT_EQ(one.result(), epoch_outcome::timed_out);
  reader.asked[0].tell(epoch_outcome::read);
  on.poll();
  EXPECT_EQ(waits.count(), 0u);
}

TEST_F(epoch_waits_test, it_can_be_given_up_but_not_from_within_the_call) {
  loop::running<epoch_outcome> one(request(7));
  last->end();
  last->end();
  EXPECT_FALSE(one.has_ended());
  on.poll();
  ASSERT_TRUE(one.has_ended());
  EXPECT_EQ(one.result(), epoch_outcome::given_up);
}

TEST_F(epoch_waits_test, who_is_destroyed_in_its_wait_is_not_called) {
  auto one = std::make_unique<loop::running<epoch_outcome>>(request(7));
  loop::running<epoch_outcome> other(request(8));
  last->end();
  reader.asked[0].tell(epoch_outcome::read);
  one.reset();
  on.pass(2s);
  on.poll();
  EXPECT_TRUE(other.has_ended());
  EXPECT_EQ(waits.count(), 0u);
}

TEST_F(epoch_waits_test, each_has_its_own_answer) {
  loop::running<epoch_outcome> one(request(7));
  loop::running<epoch_outcome> other(request(8));
  reader.asked[1].tell(epoch_outcome::limited);
  on.poll();
  EXPECT_FALSE(one.has_ended());
  ASSERT_TRUE(other.has_ended());
  reader.asked[0].tell(epoch_outcome::failed);
  on.poll();
  ASSERT_TRUE(one.has_ended());
  EXPECT_EQ(other.result(), epoch_outcome::limited);
  EXPECT_EQ(one.result(), epoch_outcome::failed);
}

TEST(known_epoch_test, a_pool_that_counts_for_itself_knows_everything) {
  const known_epoch known;
  EXPECT_TRUE(known.reaches(1, 0));
  EXPECT_TRUE(known.reaches(known_epoch::everything, 0));
}

TEST(known_epoch_test, only_snapshots_that_have_it_reach_an_epoch) {
  known_epoch known;
  known.set(10, 3);
  EXPECT_TRUE(known.reaches(10, 3));
  EXPECT_TRUE(known.reaches(9, 4));
  EXPECT_FALSE(known.reaches(11, 4));
  EXPECT_FALSE(known.reaches(10, 2)) << "it is on its way to this worker";
  known.set(5, 4); // the store was restored
  EXPECT_FALSE(known.reaches(6, 4));
}

TEST(known_epoch_test, asking_rests_until_it_may_be_of_use) {
  known_epoch known;
  const clock::time_point now{1h};
  EXPECT_TRUE(known.may_ask(clock::time_point::min()));
  known.ask_after(now);
  EXPECT_FALSE(known.may_ask(now - 1ns));
  EXPECT_TRUE(known.may_ask(now));
}

} // namespace
} // namespace limpet::http
