#include "proxy/membership/catch_up.hpp"

#include <gmock/gmock.h>

#include <random>

namespace limpet::membership {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using enum catch_up_outcome;

using answer = catch_up::answer;

struct catch_up_test : testing::Test {
  catch_up::time_point now{1h};
  catch_up fsm{{.patience = 1s, .pause = 1s, .asking_max = 3}};
  std::uint64_t view = 10;

  catch_up::step ask(std::uint64_t ticket, std::uint64_t revision) {
    return fsm.ask(ticket, revision, view, now);
  }
  catch_up::step ended(std::uint64_t at) {
    view = at;
    return fsm.read_ended(true, view, now);
  }
  catch_up::step failed_now() { return fsm.read_ended(false, view, now); }
};

TEST_F(catch_up_test, what_is_known_meanwhile_needs_no_read) {
  const auto step = ask(1, 10);
  EXPECT_FALSE(step.read);
  EXPECT_THAT(step.answers, ElementsAre(answer{1, known}));
}

TEST_F(catch_up_test, one_read_serves_all_who_asked_before_it_ended) {
  EXPECT_TRUE(ask(1, 12).read);
  EXPECT_FALSE(ask(2, 11).read);
  EXPECT_FALSE(ask(3, 12).read);
  const auto step = ended(12);
  EXPECT_FALSE(step.read);
  EXPECT_THAT(step.answers, ElementsAre(answer{1, known}, answer{2, known}, answer{3, known}));
  EXPECT_TRUE(ask(4, 13).read) << "a read that was of use is no reason to wait";
}

TEST_F(catch_up_test, who_came_during_a_read_that_was_too_early_is_served_by_one_more) {
  EXPECT_TRUE(ask(1, 12).read);
  ask(2, 13);
  auto step = ended(12);
  EXPECT_TRUE(step.read);
  EXPECT_THAT(step.answers, ElementsAre(answer{1, known}));
  step = ended(13);
  EXPECT_FALSE(step.read);
  EXPECT_THAT(step.answers, ElementsAre(answer{2, known}));
}

TEST_F(catch_up_test, a_revision_that_the_store_has_not_reached_is_of_another_history) {
  ask(1, 500);
  EXPECT_THAT(ended(12).answers, ElementsAre(answer{1, behind}));
  EXPECT_THAT(ask(2, 500).answers, ElementsAre(answer{2, limited})) << "for a moment nobody asks again";
  EXPECT_EQ(fsm.not_before(), now + 1s);
  now += 999ms;
  EXPECT_THAT(ask(3, 13).answers, ElementsAre(answer{3, limited}));
  now += 1ms;
  EXPECT_TRUE(ask(4, 500).read);
}

TEST_F(catch_up_test, who_came_during_the_last_read_of_all_is_told_the_same_after_one_more) {
  ask(1, 12);
  ask(2, 500);
  EXPECT_TRUE(ended(12).read);
  EXPECT_THAT(ended(12).answers, ElementsAre(answer{2, behind}));
}

TEST_F(catch_up_test, after_a_read_in_vain_there_is_no_further_one_at_once) {
  ask(1, 500);
  ask(2, 501);
  const auto step = ended(12);
  EXPECT_FALSE(step.read);
  EXPECT_THAT(step.answers, ElementsAre(answer{1, behind}, answer{2, limited}));
}

TEST_F(catch_up_test, a_read_that_fails_is_told_to_all_and_not_tried_again_at_once) {
  ask(1, 12);
  ask(2, 13);
  const auto step = failed_now();
  EXPECT_FALSE(step.read);
  EXPECT_THAT(step.answers, ElementsAre(answer{1, failed}, answer{2, failed}));
  EXPECT_THAT(ask(3, 12).answers, ElementsAre(answer{3, limited}));
  now += 1s;
  EXPECT_TRUE(ask(4, 12).read);
}

TEST_F(catch_up_test, what_the_watch_told_while_a_read_failed_counts) {
  ask(1, 12);
  view = 12;
  EXPECT_THAT(failed_now().answers, ElementsAre(answer{1, known}));
  EXPECT_TRUE(ask(2, 13).read);
}

TEST_F(catch_up_test, a_read_that_was_under_way_already_may_be_too_old) {
  EXPECT_TRUE(ask(1, 12).read);
  fsm.read_joined();
  auto step = ended(11);
  EXPECT_TRUE(step.read);
  EXPECT_THAT(step.answers, IsEmpty());
  step = ended(12);
  EXPECT_THAT(step.answers, ElementsAre(answer{1, known}));
}

TEST_F(catch_up_test, nobody_waits_for_a_read_that_takes_longer_than_anybody_waits) {
  ask(1, 12);
  now += 999ms;
  EXPECT_THAT(ask(2, 12).answers, IsEmpty());
  now += 1ms;
  EXPECT_THAT(ask(3, 12).answers, ElementsAre(answer{3, limited}));
  EXPECT_THAT(ended(12).answers, ElementsAre(answer{1, known}, answer{2, known}));
}

TEST_F(catch_up_test, the_time_of_a_further_read_begins_with_it) {
  ask(1, 12);
  now += 900ms;
  ask(2, 13);
  EXPECT_TRUE(ended(12).read);
  now += 900ms;
  EXPECT_THAT(ask(3, 13).answers, IsEmpty()) << "waits for it";
}

TEST_F(catch_up_test, only_so_many_wait) {
  for (std::uint64_t ticket = 1; ticket <= 3; ++ticket)
    EXPECT_THAT(ask(ticket, 12).answers, IsEmpty());
  EXPECT_THAT(ask(4, 12).answers, ElementsAre(answer{4, limited}));
  EXPECT_EQ(ended(12).answers.size(), 3u);
  EXPECT_TRUE(ask(5, 13).read);
}

/// Whatever happens, nobody is forgotten and nobody is answered twice.
TEST_F(catch_up_test, everybody_gets_one_answer) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::minstd_rand random(seed);
    catch_up one({.patience = 1s, .pause = 1s, .asking_max = 5});
    std::vector<int> answers;
    bool is_reading = false;
    std::uint64_t store = 10;
    view = 10;
    const auto take = [&](const catch_up::step& step) {
      for (const auto& a : step.answers)
        ++answers.at(a.ticket);
      if (!step.read) return;
      EXPECT_FALSE(is_reading) << "two reads at once";
      is_reading = true;
      if (random() % 3 == 0) one.read_joined();
    };
    const auto end_read = [&] {
      is_reading = false;
      const bool well = random() % 4 != 0;
      if (well) view = store - random() % 2;
      take(one.read_ended(well, view, now));
    };
    for (int i = 0; i < 200; ++i) {
      now += std::chrono::milliseconds(random() % 700);
      store += random() % 2;
      answers.push_back(0);
      take(one.ask(answers.size() - 1, store + (random() % 10 == 0 ? 1000 : 0), view, now));
      if (is_reading && random() % 2 == 0) end_read();
    }
    for (int i = 0; is_reading && i < 5; ++i)
      end_read();
    EXPECT_FALSE(is_reading) << "reads without end";
    EXPECT_THAT(answers, testing::Each(1)) << "seed " << seed;
  }
}

} // namespace
} // namespace limpet::membership
