#include "proxy/net/event_loop.hpp"
#include "tests/proxy/net/support.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace limpet::net {
namespace {

using namespace std::chrono_literals;

/// A source that may always be read: it is due as soon as it waits.
class due_source {
public:
  due_source(event_loop& events, std::function<void()> on_call) : call_(std::move(on_call)) {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) != 0)
      throw std::runtime_error("socketpair");
    far_ = unique_fd(fds[1]);
    source_ = std::make_unique<event_source>(events, unique_fd(fds[0]));
  }
  void wait(turn t) {
    source_->when_readable({[](void* self) { static_cast<due_source*>(self)->call_(); }, this}, t);
  }
  /// The loop hears of something new, whether or not somebody waits.
  void send() const { write_now(far_.get(), "a"); }
  /// The loop is asked to tell from now on.
  void watch() {
    source_->drained();
    wait(turn::at_once);
    source_->forget_reader();
  }

private:
  std::function<void()> call_;
  unique_fd far_;
  std::unique_ptr<event_source> source_;
};

class event_loop_test : public testing::Test {
protected:
  using names = std::vector<std::string>;

  std::unique_ptr<due_source> source(const std::string& name) {
    return std::make_unique<due_source>(events, [this, name] { log.push_back(name); });
  }
  std::function<void()> logging(const std::string& name) {
    return [this, name] { log.push_back(name); };
  }
  /// One turn that waits for nothing.
  void turn_once() { events.run_once(0ms); }

  event_loop events;
  names log;
};

// -- what is posted and deferred --------------------------------------

TEST_F(event_loop_test, runs_what_other_threads_post) {
  constexpr int each = 1'000;
  std::array<std::vector<int>, 2> seen;
  std::vector<std::thread> threads;
  for (auto& list : seen)
    threads.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        events.post([&, i] {
          list.push_back(i);
          if (seen[0].size() + seen[1].size() == 2 * each) events.stop();
        });
    });
  events.run();
  for (auto& thread : threads)
    thread.join();
  for (const auto& list : seen) {
    EXPECT_EQ(list.size(), each);
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end())) << "each thread's in its order";
  }
}

TEST_F(event_loop_test, wakes_up_for_what_is_posted) {
  bool ran = false;
  std::thread poster([&] { events.post([&] { ran = true; }); });
  events.run_once(long_enough);
  poster.join();
  EXPECT_TRUE(ran);
}

TEST_F(event_loop_test, runs_what_is_posted_before_those_who_wait_have_their_turn) {
  const auto fresh = source("fresh");
  const auto begun = source("begun");
  fresh->wait(turn::fresh);
  begun->wait(turn::at_once);
  events.post(logging("posted"));
  turn_once();
  EXPECT_EQ(log, (names{"posted", "begun", "fresh"}));
}

TEST_F(event_loop_test, runs_what_is_deferred_once_the_caller_has_returned) {
  due_source caller(events, [&] {
    events.defer(logging("deferred"));
    log.push_back("caller");
  });
  const auto other = source("other");
  caller.wait(turn::at_once);
  other->wait(turn::at_once);
  turn_once();
  EXPECT_EQ(log, (names{"caller", "other", "deferred"}));
}

TEST_F(event_loop_test, does_not_sleep_while_something_is_deferred) {
  events.defer(logging("deferred"));
  events.run_once(std::chrono::hours(1));
  EXPECT_EQ(log, names{"deferred"});
}

TEST_F(event_loop_test, lets_others_have_their_turn_before_what_a_deferred_one_defers) {
  std::function<void()> again = [&] {
    log.push_back("again");
    events.defer(again);
  };
  events.defer(again);
  const auto other = source("other");
  other->wait(turn::at_once);
  turn_once();
  EXPECT_EQ(log, (names{"again", "other", "again"}));
}

// -- its end ----------------------------------------------------------

TEST_F(event_loop_test, stops_and_can_be_run_again) {
  for (int runs = 1; runs <= 2; ++runs) {
    events.defer([&] {
      log.push_back("task");
      events.stop();
    });
    events.run();
    EXPECT_EQ(log.size(), static_cast<std::size_t>(runs));
  }
  events.stop(); // before it runs
  events.run();
  std::thread stopper([&] { events.stop(); });
  events.run();
  stopper.join();
}

TEST_F(event_loop_test, loses_no_task_when_one_throws) {
  events.defer(logging("first"));
  events.defer([] { throw std::runtime_error("a task's"); });
  events.post(logging("posted"));
  events.post([] { throw std::runtime_error("a posted one's"); });
  events.post([&] { events.stop(); });
  events.defer(logging("last"));
  EXPECT_THROW(events.run(), std::runtime_error);
  EXPECT_EQ(log, names{"first"});
  EXPECT_THROW(events.run(), std::runtime_error);
  events.run();
  EXPECT_EQ(log, (names{"first", "last", "posted"}));
}

TEST_F(event_loop_test, loses_nobody_who_waits_when_one_throws) {
  due_source throws(events, [] { throw std::runtime_error("a waiter's"); });
  const auto before = source("before");
  const auto after = source("after");
  const auto fresh = source("fresh");
  fresh->wait(turn::fresh);
  before->wait(turn::at_once);
  throws.wait(turn::at_once);
  after->wait(turn::at_once);
  EXPECT_THROW(turn_once(), std::runtime_error);
  EXPECT_EQ(log, names{"before"});
  turn_once();
  EXPECT_EQ(log, (names{"before", "after", "fresh"}));
}

// -- whose turn it is -------------------------------------------------

TEST_F(event_loop_test, calls_first_who_came_first) {
  std::vector<std::unique_ptr<due_source>> all;
  names expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back(std::to_string(i));
    all.push_back(source(expected.back()));
    all.back()->wait(turn::at_once);
  }
  turn_once();
  EXPECT_EQ(log, expected);
}

TEST_F(event_loop_test, gives_who_waits_again_the_next_turn) {
  due_source again(events, [&] {
    log.push_back("again");
    again.wait(turn::at_once);
  });
  const auto other = source("other");
  again.wait(turn::at_once);
  other->wait(turn::at_once);
  turn_once();
  EXPECT_EQ(log, (names{"again", "other"}));
  turn_once();
  EXPECT_EQ(log, (names{"again", "other", "again"}));
}

TEST_F(event_loop_test, lets_one_destroy_another_that_is_due_with_it) {
  std::vector<std::unique_ptr<due_source>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(std::make_unique<due_source>(events, [&, i] {
      log.push_back(std::to_string(i));
      if (i == 1) {
        all[0].reset();
        all[2].reset();
        all[4].reset();
      }
    }));
  for (const auto& each : all)
    each->wait(turn::at_once);
  turn_once();
  EXPECT_EQ(log, (names{"0", "1", "3"}));
}

TEST_F(event_loop_test, lets_one_destroy_another_of_which_it_has_just_heard) {
  std::vector<std::unique_ptr<due_source>> all;
  for (int i = 0; i < 2; ++i)
    all.push_back(std::make_unique<due_source>(events, [&, i] {
      log.push_back(std::to_string(i));
      all[static_cast<std::size_t>(1 - i)].reset();
    }));
  for (const auto& each : all) {
    each->watch();
    each->wait(turn::at_once);
  }
  turn_once();
  EXPECT_TRUE(log.empty());
  for (const auto& each : all)
    each->send();
  events.run_once(long_enough);
  EXPECT_EQ(log.size(), 1U);
}

TEST_F(event_loop_test, ends_what_was_begun_before_more_is_begun) {
  const auto fresh = source("fresh");
  const auto begun = source("begun");
  fresh->wait(turn::fresh);
  begun->wait(turn::at_once);
  turn_once();
  EXPECT_EQ(log, (names{"begun", "fresh"}));
}

/// Many who would each begin something new, again and again, and one that was begun.
TEST_F(event_loop_test, begins_only_so_much_before_what_was_begun_has_its_turn) {
  constexpr int flood = 100;
  int fresh_calls = 0;
  std::vector<std::unique_ptr<due_source>> all;
  for (std::size_t i = 0; i < flood; ++i) {
    all.push_back(std::make_unique<due_source>(events, [&, i] {
      ++fresh_calls;
      all[i]->wait(turn::fresh);
    }));
    all.back()->wait(turn::fresh);
  }
  int begun_calls = 0;
  due_source begun(events, [&] {
    ++begun_calls;
    begun.wait(turn::at_once);
  });
  begun.wait(turn::at_once);
  for (int turns = 1; turns <= 10; ++turns) {
    turn_once();
    EXPECT_EQ(begun_calls, turns);
    EXPECT_GT(fresh_calls, turns - 1) << "nor are those starved";
    EXPECT_LT(fresh_calls, turns * flood / 2);
  }
}

TEST_F(event_loop_test, lets_who_is_woken_or_heard_of_again_keep_its_place) {
  constexpr int flood = 100;
  std::vector<std::unique_ptr<due_source>> all;
  int waited = 0; ///< how many others were called before
  bool called = false;
  for (std::size_t i = 0; i < flood; ++i) {
    all.push_back(std::make_unique<due_source>(events, [&, i] {
      if (!called) ++waited;
      all[i]->wait(turn::fresh);
    }));
    all.back()->wait(turn::fresh);
  }
  due_source listening(events, [&] { called = true; });
  listening.watch();
  listening.wait(turn::fresh);
  for (int turns = 0; turns < flood && !called; ++turns) {
    listening.send(); // a connection more to accept
    turn_once();
  }
  EXPECT_TRUE(called);
  EXPECT_LT(waited, flood + flood / 2);
}

// -- deadlines --------------------------------------------------------

TEST_F(event_loop_test, sleeps_until_a_deadline_and_fires_it) {
  deadline d;
  const auto from = clock::now();
  d.arm(
      events.wheel(), 1ms + deadline_wheel::tick, [](void* e) { static_cast<event_loop*>(e)->stop(); },
      &events);
  const auto armed = events.wheel().now();
  events.run();
  EXPECT_FALSE(d.armed());
  EXPECT_LE(armed, from);
  EXPECT_GE(clock::now(), armed + 1ms + deadline_wheel::tick) << "never early";
}

TEST_F(event_loop_test, takes_the_time_once_a_turn) {
  const auto before = clock::now();
  turn_once();
  const auto after = clock::now();
  EXPECT_GE(events.wheel().now(), before);
  EXPECT_LE(events.wheel().now(), after);
}

TEST_F(event_loop_test, can_be_armed_from_a_callback_and_wakes_up_for_it) {
  deadline d;
  events.defer([&] {
    d.arm(
        events.wheel(), 1ms, [](void* e) { static_cast<event_loop*>(e)->stop(); }, &events);
  });
  events.run();
  EXPECT_FALSE(d.armed());
}

} // namespace
} // namespace limpet::net
