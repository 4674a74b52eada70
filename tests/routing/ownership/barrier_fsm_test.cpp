#include "routing/ownership/barrier_fsm.hpp"

#include <gtest/gtest.h>

#include "tests/routing/ownership/test_records.hpp"
#include <vector>

namespace limpet::ownership {
namespace {

using kind = barrier_fsm::action::kind;

struct Barrier : testing::Test {
  static constexpr std::size_t workers = 2;
  barrier_fsm fsm{"p.1", workers, {}};
  const members a{member("a")};
  const members ab{member("a"), member("b")};

  std::vector<kind> asks(duration when) {
    std::vector<kind> all;
    for (;;) {
      const auto next = fsm.next(at(when));
      if (next.what == kind::wait) return all;
      all.push_back(next.what);
    }
  }
  void registers(const record& view, duration when = 0s) {
    ASSERT_EQ(asks(when), std::vector<kind>{kind::register_once});
    fsm.on_registered(view, at(when));
  }
  void words(std::uint64_t revision, bool none_left = true) {
    for (std::size_t i = 0; i < workers; ++i)
      fsm.on_word(i, revision, none_left);
  }
  using routers = std::vector<barrier_reading::router>;
  void read_barrier(routers all, const record& view, duration when, std::uint64_t store_revision = 30) {
    fsm.on_barrier_read({view.revision, std::move(all), store_revision}, view, at(when));
  }
  void see_barrier(routers all, duration when, std::uint64_t store_revision = 30) {
    fsm.on_barrier_seen(std::move(all), store_revision, at(when));
  }
  /// Registered, and waits for q.1 alone; a look at the barrier is under way.
  void waits_for_another() {
    registers(prepare(21, a, ab));
    words(21);
    EXPECT_EQ(asks(0s), std::vector<kind>{kind::acknowledge});
    fsm.on_acknowledged();
    see_barrier({{"p.1", true, 21}, {"q.1", true, 9}}, 1ms, 30);
    EXPECT_EQ(asks(1s), (std::vector<kind>{kind::read_self, kind::read_barrier}));
    fsm.on_self_read(true, true, fsm.held(), at(1s));
  }
};

TEST_F(Barrier, serves_once_every_worker_has_applied_the_record_of_the_registration) {
  registers(committed(9, a));
  EXPECT_EQ(fsm.held().revision, 9u);
  EXPECT_EQ(fsm.serve_until(), long_ago);
  fsm.on_word(0, 9, true);
  EXPECT_EQ(fsm.serve_until(), long_ago);
  fsm.on_word(1, 8, true);
  EXPECT_EQ(fsm.serve_until(), long_ago) << "one still serves by what is older";
  fsm.on_word(1, 9, true);
  EXPECT_EQ(fsm.serve_until(), at(3s));
}

TEST_F(Barrier, a_change_from_its_sight_to_its_commit) {
  registers(committed(9, a, 8));
  words(9);
  fsm.on_members_seen(ab, 20, at(10ms));
  EXPECT_EQ(asks(110ms), std::vector<kind>{kind::read_members});
  fsm.on_members_read(ab, 20, at(111ms));
  EXPECT_EQ(asks(111ms), std::vector<kind>{kind::write_record});
  EXPECT_EQ(fsm.to_write_over(), 9u);
  fsm.on_record_written(21, at(112ms));
  EXPECT_EQ(fsm.held().revision, 21u);
  EXPECT_EQ(fsm.held().epoch, 21u) << "its own mod_revision";
  EXPECT_TRUE(asks(112ms).empty());
  words(21, false);
  EXPECT_TRUE(asks(112ms).empty());
  words(21);
  EXPECT_EQ(asks(113ms), std::vector<kind>{kind::acknowledge});
  fsm.on_acknowledged();
  EXPECT_TRUE(fsm.acknowledged());
  see_barrier({{"p.1", true, 21}, {"q.1", true, 9}}, 114ms);
  EXPECT_TRUE(asks(114ms).empty()) << "the other has not";
  EXPECT_EQ(fsm.waits_for(), std::vector<std::string_view>{"q.1"});
  see_barrier({{"p.1", true, 21}, {"q.1", true, 21}}, 115ms);
  EXPECT_EQ(asks(215ms), std::vector<kind>{kind::read_barrier}) << "if it is not the other's turn";
  read_barrier({{"p.1", true, 21}, {"q.1", true, 21}}, fsm.held(), 216ms);
  EXPECT_EQ(asks(216ms), std::vector<kind>{kind::write_record});
  fsm.on_record_written(24, at(217ms));
  EXPECT_FALSE(fsm.held().is_prepare());
  EXPECT_EQ(fsm.held().epoch, 21u);
  EXPECT_TRUE(asks(217ms).empty());
}

TEST_F(Barrier, a_dead_one_is_looked_at_waited_for_and_removed) {
  registers(prepare(21, a, ab));
  words(21);
  EXPECT_EQ(asks(0s), std::vector<kind>{kind::acknowledge});
  fsm.on_acknowledged();
  const routers dead{{"p.1", true, 21}, {"q.1", false, 0}};
  see_barrier(dead, 1s);
  EXPECT_EQ(asks(1s), (std::vector<kind>{kind::read_self, kind::read_barrier})) << "a watch is a hint";
  read_barrier(dead, fsm.held(), 1s);
  fsm.on_self_read(true, true, fsm.held(), at(1s));
  const auto over = 1s + barrier_limits{}.grace();
  for (duration t = 2s; t < over; t += 500ms)
    for (const auto what : asks(t)) {
      ASSERT_NE(what, kind::remove);
      if (what == kind::read_self) fsm.on_self_read(true, true, fsm.held(), at(t));
      if (what == kind::read_barrier) read_barrier(dead, fsm.held(), t);
    }
  const auto next = fsm.next(at(over));
  EXPECT_EQ(next.what, kind::remove);
  EXPECT_EQ(next.router, "q.1");
  fsm.on_failed(next, at(over));
  EXPECT_EQ(fsm.next(at(over + 250ms)).what, kind::remove) << "once more";
}

TEST_F(Barrier, a_reply_that_is_older_than_what_a_watch_has_shown_hides_no_acknowledgement) {
  waits_for_another();
  see_barrier({{"p.1", true, 21}, {"q.1", true, 21}}, 1001ms, 31);
  read_barrier({{"p.1", true, 21}, {"q.1", true, 9}}, fsm.held(), 1002ms, 30);
  EXPECT_TRUE(fsm.waits_for().empty());
  EXPECT_EQ(asks(1102ms), std::vector<kind>{kind::read_barrier}) << "not a poll later";
  read_barrier({{"p.1", true, 21}, {"q.1", true, 21}}, fsm.held(), 1103ms, 31);
  EXPECT_EQ(asks(1103ms), std::vector<kind>{kind::write_record});
}

TEST_F(Barrier, a_reply_that_is_older_than_what_a_watch_has_shown_hides_no_death) {
  waits_for_another();
  see_barrier({{"p.1", true, 21}, {"q.1", false, 9}}, 1001ms, 31);
  read_barrier({{"p.1", true, 21}, {"q.1", true, 9}}, fsm.held(), 1002ms, 30);
  EXPECT_EQ(asks(1002ms), std::vector<kind>{kind::read_barrier}) << "its grace begins with a read of it";
  read_barrier({{"p.1", true, 21}, {"q.1", false, 9}}, fsm.held(), 1003ms, 31);
  EXPECT_TRUE(asks(1003ms).empty());
  EXPECT_EQ(asks(1003ms + barrier_limits{}.grace()),
            (std::vector<kind>{kind::read_self, kind::remove, kind::read_barrier}));
}

TEST_F(Barrier, a_watch_that_is_behind_a_reply_takes_nothing_back) {
  waits_for_another();
  read_barrier({{"p.1", true, 21}, {"q.1", false, 9}}, fsm.held(), 1001ms, 32);
  read_barrier({{"p.1", true, 21}}, fsm.held(), 1002ms, 33);
  see_barrier({{"p.1", true, 21}, {"q.1", true, 9}}, 1003ms, 31);
  EXPECT_TRUE(fsm.waits_for().empty());
}

TEST_F(Barrier, a_watch_alone_begins_no_grace) {
  registers(committed(9, a));
  see_barrier({{"q.1", false, 0}}, 0s);
  EXPECT_EQ(fsm.next(at(0s)).what, kind::read_barrier);
  EXPECT_NE(fsm.next(at(1h)).what, kind::remove);
}

TEST_F(Barrier, a_grace_ends_where_alive_is_seen_again) {
  registers(committed(9, a));
  read_barrier({{"q.1", false, 0}}, committed(9, a), 0s);
  read_barrier({{"q.1", true, 0}}, committed(9, a), 1s);
  read_barrier({{"q.1", false, 0}}, committed(9, a), 5s);
  for (;;) {
    const auto next = fsm.next(at(barrier_limits{}.grace() + 4s));
    ASSERT_NE(next.what, kind::remove);
    if (next.what == kind::wait) break;
  }
}

TEST_F(Barrier, older_records_are_not_held_wherever_they_come_from) {
  registers(committed(9, a));
  fsm.on_record(prepare(21, a, ab), at(0s));
  fsm.on_record(committed(9, a), at(0s));
  fsm.on_self_read(true, true, committed(9, a), at(0s));
  read_barrier({}, committed(9, a), 0s);
  EXPECT_EQ(fsm.held().revision, 21u);
}

TEST_F(Barrier, an_acknowledgement_before_a_supersede_does_not_commit) {
  registers(prepare(21, a, ab));
  words(21);
  asks(0s);
  fsm.on_record(prepare(23, a, a), at(0s));
  fsm.on_acknowledged(); // of 21
  EXPECT_FALSE(fsm.acknowledged());
  see_barrier({{"p.1", true, 21}}, 1ms);
  read_barrier({{"p.1", true, 21}}, fsm.held(), 2ms);
  for (const auto what : asks(2ms))
    EXPECT_NE(what, kind::write_record);
}

TEST_F(Barrier, ends_at_once_where_its_keys_are_gone) {
  registers(committed(9, a));
  words(9);
  EXPECT_EQ(asks(1s), std::vector<kind>{kind::read_self});
  fsm.on_self_read(true, false, committed(9, a), at(1s));
  EXPECT_TRUE(fsm.ended());
  EXPECT_EQ(fsm.serve_until(), long_ago);
  EXPECT_TRUE(asks(1h).empty());
  EXPECT_EQ(fsm.wake_at(), never);
}

TEST_F(Barrier, what_fails_is_tried_again) {
  registers(prepare(21, a, ab));
  words(21);
  const auto first = fsm.next(at(0s));
  ASSERT_EQ(first.what, kind::acknowledge);
  fsm.on_failed(first, at(0s));
  EXPECT_TRUE(asks(0s).empty());
  EXPECT_EQ(fsm.wake_at(), at(250ms));
  EXPECT_EQ(asks(250ms), std::vector<kind>{kind::acknowledge});
}

} // namespace
} // namespace limpet::ownership
