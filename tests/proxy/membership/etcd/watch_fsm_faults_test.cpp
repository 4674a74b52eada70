#include "proxy/membership/etcd/watch_fsm.hpp"
#include "tests/proxy/membership/etcd/fake_store.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace limpet::etcd {
namespace {

using test::fake_store;

/// Runs a machine against a fake store as the glue would, one operation at a time, with one operation
/// failing.
class simulation {
public:
  explicit simulation(int failing_operation) : failing_(failing_operation) { take(fsm_.start()); }

  fake_store store;

  int operations() const noexcept { return operation_; }
  const watch_status& status() const noexcept { return fsm_.status(); }
  const std::map<std::string, std::string>& content() const noexcept { return replica_.content; }

  /// Everything that is under way ends, but time does not go on.
  void settle() {
    while (is_listing_ || has_events()) {
      if (is_listing_) {
        finish_list();
      } else {
        deliver();
      }
    }
  }

  /// The timer, if one is armed.
  void let_time_pass() {
    if (!std::exchange(is_timer_armed_, false)) return;
    take(fsm_.timer_expired());
  }

  /// Somebody asks for a list.
  void ask() {
    EXPECT_EQ(fsm_.is_listing(), is_listing_);
    take(fsm_.refresh());
    EXPECT_TRUE(is_listing_) << "whoever asked would wait for ever";
  }

  void compact() { compact_pending_ = watch_from_.has_value(); }
  /// The next event gets lost on its way, and nobody says so.
  void lose_next_event() { loses_next_ = true; }

private:
  bool fails() { return operation_++ == failing_; }

  bool has_events() const {
    return compact_pending_ || (watch_from_ && !store.events_from(*watch_from_).empty()) || is_opening_;
  }

  void finish_list() {
    is_listing_ = false;
    take(fails() ? fsm_.list_failed({errc::timed_out, "no answer in time"}) : fsm_.listed(store.list()));
  }

  void deliver() {
    if (fails()) {
      watch_from_.reset();
      compact_pending_ = is_opening_ = false;
      return take(fsm_.watch_failed({errc::unreachable, "connection reset"}));
    }
    watch_response response = store.message({});
    if (std::exchange(is_opening_, false)) {
      response.created = true;
    } else if (std::exchange(compact_pending_, false)) {
      watch_from_.reset();
      response.canceled = true;
      response.compact_revision = 1;
    } else {
      const auto events = store.events_from(*watch_from_);
      watch_from_ = events.front().kv.mod_revision + 1;
      if (std::exchange(loses_next_, false)) return;
      response.events = {events.front()};
    }
    take(fsm_.watched(response));
  }

  void take(const watch_fsm::step& step) {
    replica_.apply(step.changes);
    if (step.close_watch) {
      watch_from_.reset();
      is_opening_ = compact_pending_ = false;
    }
    if (step.list) {
      EXPECT_FALSE(is_listing_) << "two lists at once";
      is_listing_ = true;
    }
    if (step.open_watch) {
      watch_from_ = step.open_watch;
      is_opening_ = true;
    }
    if (step.timer) is_timer_armed_ = true;
    EXPECT_TRUE(is_listing_ || is_timer_armed_) << "nothing would ever happen again";
  }

  watch_fsm fsm_{{}, 1};
  test::replica replica_;
  int failing_;
  int operation_ = 0;
  bool is_listing_ = false;
  bool is_timer_armed_ = false;
  bool is_opening_ = false;
  bool compact_pending_ = false;
  bool loses_next_ = false;
  std::optional<std::int64_t> watch_from_;
};

/// A day in the life of a pool.
void run_script(simulation& sim) {
  sim.store.put("a", "1");
  sim.settle();
  sim.store.put("b", "1");
  sim.store.put("a", "2");
  sim.settle();
  sim.let_time_pass(); // a re-list, or a retry
  sim.store.remove("b");
  sim.settle();
  sim.compact();
  sim.store.put("c", "1");
  sim.settle();
  sim.let_time_pass();
  sim.settle();
  sim.store.remove("a");
  sim.lose_next_event();
  sim.settle();
  sim.let_time_pass();
  sim.settle();
  sim.store.put("d", "1");
  sim.let_time_pass();
  sim.settle();
  sim.store.put("e", "1");
  sim.ask();
  sim.settle();
  sim.store.remove("e");
  sim.lose_next_event();
  sim.settle();
  sim.ask();
  sim.settle();
  sim.ask(); // while the watch has its time to tell what it lost
  sim.let_time_pass();
  sim.settle();
}

void come_to_rest(simulation& sim) {
  for (int i = 0; i < 6; ++i) {
    sim.let_time_pass();
    sim.settle();
  }
}

TEST(watch_fsm_faults, whatever_operation_fails_the_store_is_known_in_the_end) {
  simulation flawless(-1);
  run_script(flawless);
  come_to_rest(flawless);
  const int operations = flawless.operations();
  ASSERT_GT(operations, 15);
  EXPECT_EQ(flawless.content(), flawless.store.content());
  EXPECT_EQ(flawless.status().differences, 2u) << "the lost events";

  for (int failing = 0; failing < operations; ++failing) {
    SCOPED_TRACE("failing operation " + std::to_string(failing));
    simulation sim(failing);
    run_script(sim);
    come_to_rest(sim);
    come_to_rest(sim); // the failing operation may have been the last of the first
    EXPECT_EQ(sim.content(), sim.store.content());
    EXPECT_EQ(sim.status().known_until, sim.store.revision());
    EXPECT_TRUE(sim.status().listed);
    EXPECT_FALSE(sim.status().stale);
    EXPECT_GE(sim.status().errors, 1u);
  }
}

TEST(watch_fsm_faults, random_days_end_well) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::minstd_rand random(seed);
    simulation sim(static_cast<int>(random() % 60));
    for (int i = 0; i < 60; ++i) {
      const std::string key(1, static_cast<char>('a' + random() % 4));
      switch (random() % 8) {
      case 0:
      case 1:
        sim.store.put(key, std::to_string(i));
        break;
      case 2:
        sim.store.remove(key);
        break;
      case 3:
        sim.let_time_pass();
        break;
      case 4:
        sim.compact();
        break;
      case 5:
        sim.lose_next_event();
        break;
      case 6:
        sim.settle();
        break;
      case 7:
        sim.ask();
        break;
      }
    }
    sim.settle();
    come_to_rest(sim);
    ASSERT_EQ(sim.content(), sim.store.content());
    ASSERT_EQ(sim.status().known_until, sim.store.revision());
  }
}

} // namespace
} // namespace limpet::etcd
