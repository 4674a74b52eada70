#include "proxy/agent/registration_fsm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace limpet::agent {
namespace {

using namespace std::chrono_literals;
using fsm = registration_fsm;
using routing::member_state;

constexpr fsm::options timing{.lease_ttl = 6'000ms, .drain = 10'000ms};

/// One etcd key and its leases, with time.
struct fake_etcd {
  struct key {
    std::string incarnation;
    member_state state = member_state::ready;
    std::int64_t lease = 0;
    std::int64_t mod_revision = 0;
    std::uint32_t weight = 1;
  };

  fsm::time_point now{std::chrono::hours(1)};
  std::optional<key> value;
  std::map<std::int64_t, fsm::time_point> leases; ///< with their ends
  std::int64_t revision = 1;
  std::int64_t next_lease = 100;
  bool is_look_broken = false;
  std::vector<std::uint32_t> weights; ///< of all values that were put

  void put(std::string incarnation, member_state state, std::int64_t lease, std::uint32_t weight = 1) {
    value = key{std::move(incarnation), state, lease, ++revision, weight};
    weights.push_back(weight);
  }
  fsm::exists found() const { return {value->incarnation, value->lease, value->mod_revision, value->weight}; }
  void revoke(std::int64_t lease) {
    leases.erase(lease);
    if (value && value->lease == lease) value.reset();
  }
  void advance(std::chrono::milliseconds time) {
    now += time;
    const auto ended = leases;
    for (const auto& [lease, end] : ended) {
      if (end <= now) revoke(lease);
    }
  }

  fsm::outcome perform(const fsm::wait&) { return fsm::done(); }
  fsm::outcome perform(const fsm::delete_leftover&) {
    value.reset();
    return fsm::done();
  }
  fsm::outcome perform(const fsm::grant_lease&) {
    leases[++next_lease] = now + timing.lease_ttl;
    return fsm::granted{next_lease};
  }
  fsm::outcome perform(const fsm::create& step) {
    if (!value && !leases.contains(step.lease)) return fsm::lease_gone();
    if (value) return found();
    put(step.incarnation, member_state::ready, step.lease, step.weight);
    return fsm::done();
  }
  fsm::outcome perform(const fsm::adopt& step) {
    if (!value) return fsm::absent();
    if (value->mod_revision != step.mod_revision) {
      return found();
    }
    if (!leases.contains(step.lease)) return fsm::lease_gone();
    put(step.incarnation, member_state::ready, step.lease, step.weight);
    return fsm::done();
  }
  fsm::outcome perform(const fsm::raise_weight& step) {
    if (!value) return fsm::absent();
    if (value->lease != step.lease) return found();
    put(step.incarnation, value->state, step.lease, step.weight);
    return fsm::done();
  }
  fsm::outcome perform(const fsm::mark_draining& step) {
    if (!value) return fsm::absent();
    if (value->lease != step.lease) return found();
    put(step.incarnation, member_state::draining, step.lease, step.weight);
    return fsm::done();
  }
  fsm::outcome perform(const fsm::keep_alive& step) {
    if (!leases.contains(step.lease)) return fsm::lease_gone();
    leases[step.lease] = now + timing.lease_ttl;
    return fsm::done();
  }
  fsm::outcome perform(const fsm::look& step) {
    if (is_look_broken) return fsm::failed();
    if (!value) return fsm::absent();
    if (value->lease == step.lease && value->incarnation == step.incarnation) return fsm::done();
    return found();
  }
  fsm::outcome perform(const fsm::revoke& step) {
    if (!leases.contains(step.lease)) return fsm::lease_gone();
    revoke(step.lease);
    return fsm::done();
  }
};

enum class fault { none, not_done, answer_lost };

struct registration_fsm_test : testing::Test {
  fake_etcd etcd;
  fsm machine{timing, 1};
  int operations = 0;
  std::function<fault(int)> fault_of = [](int) { return fault::none; };

  fsm::outcome perform(const fsm::action& action) {
    const fault now = fault_of(operations++);
    if (now == fault::not_done) return fsm::failed();
    const auto outcome = std::visit([this](const auto& step) { return etcd.perform(step); }, action);
    return now == fault::answer_lost ? fsm::failed() : outcome;
  }

  /// All that can be done now; the time until which there is nothing to do.
  fsm::time_point settle() {
    for (int i = 0; i < 100; ++i) {
      if (machine.is_over(etcd.now)) return etcd.now;
      const fsm::action action = machine.next(etcd.now);
      if (const auto* idle = std::get_if<fsm::wait>(&action)) return idle->until;
      machine.finished(perform(action), etcd.now);
    }
    ADD_FAILURE() << "no end of operations";
    return etcd.now;
  }

  void pass(std::chrono::milliseconds time) {
    const auto end = etcd.now + time;
    for (int i = 0; i < 10'000; ++i) {
      const auto until = settle();
      if (until > end) break;
      etcd.advance(std::chrono::duration_cast<std::chrono::milliseconds>(until - etcd.now) + 1ms);
    }
    if (etcd.now < end) etcd.advance(std::chrono::duration_cast<std::chrono::milliseconds>(end - etcd.now));
    settle();
  }

  std::string registered() const {
    if (!etcd.value) return "";
    return etcd.value->incarnation + (etcd.value->state == member_state::draining ? " draining" : "");
  }
};

TEST_F(registration_fsm_test, nothing_happens_before_the_backend_is_well) {
  EXPECT_EQ(settle(), fsm::time_point::max());
  EXPECT_EQ(operations, 0);
  machine.healthy("i1");
  settle();
  EXPECT_EQ(registered(), "i1");
  EXPECT_TRUE(machine.is_registered());
}

TEST_F(registration_fsm_test, deletes_what_is_left_over_and_then_creates) {
  etcd.put("before", member_state::ready, 7);
  machine.healthy("i1");
  std::vector<std::size_t> order;
  for (;;) {
    const auto action = machine.next(etcd.now);
    if (std::holds_alternative<fsm::wait>(action)) break;
    order.push_back(action.index());
    machine.finished(perform(action), etcd.now);
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{fsm::action(fsm::delete_leftover{}).index(),
                                             fsm::action(fsm::grant_lease{}).index(),
                                             fsm::action(fsm::create{}).index()}));
  EXPECT_EQ(registered(), "i1");
}

TEST_F(registration_fsm_test, keeps_the_lease_alive) {
  machine.healthy("i1");
  settle();
  const auto revision = etcd.value->mod_revision;
  pass(60s);
  EXPECT_EQ(registered(), "i1");
  EXPECT_EQ(etcd.value->mod_revision, revision) << "not written again";
}

TEST_F(registration_fsm_test, a_lost_lease_is_replaced_and_the_incarnation_stays) {
  machine.healthy("i1");
  settle();
  etcd.revoke(etcd.value->lease);
  EXPECT_EQ(registered(), "");
  pass(3s);
  EXPECT_EQ(registered(), "i1");
}

TEST_F(registration_fsm_test, an_outage_longer_than_the_lease_is_survived) {
  machine.healthy("i1");
  settle();
  fault_of = [](int) { return fault::not_done; };
  pass(30s);
  EXPECT_EQ(registered(), "") << "the lease has run out";
  fault_of = [](int) { return fault::none; };
  pass(5s);
  EXPECT_EQ(registered(), "i1");
}

TEST_F(registration_fsm_test, failures_are_retried_ever_more_slowly) {
  fault_of = [](int) { return fault::not_done; };
  machine.healthy("i1");
  pass(60s);
  EXPECT_GT(operations, 25);
  EXPECT_LT(operations, 90) << "about every two seconds";
}

TEST_F(registration_fsm_test, not_well_is_taken_out_and_comes_back_as_another) {
  machine.healthy("i1");
  settle();
  machine.unhealthy();
  settle();
  EXPECT_EQ(registered(), "");
  EXPECT_TRUE(etcd.leases.empty());
  EXPECT_EQ(settle(), fsm::time_point::max());
  machine.healthy("i2");
  settle();
  EXPECT_EQ(registered(), "i2");
}

TEST_F(registration_fsm_test, well_again_before_the_old_key_was_taken_out_still_goes_through_a_removal) {
  machine.healthy("i1");
  settle();
  const auto created = etcd.revision;
  machine.unhealthy();
  machine.healthy("i2");
  const auto first = machine.next(etcd.now);
  EXPECT_TRUE(std::holds_alternative<fsm::revoke>(first));
  machine.finished(perform(first), etcd.now);
  EXPECT_EQ(registered(), "");
  settle();
  EXPECT_EQ(registered(), "i2");
  EXPECT_GT(etcd.revision, created);
}

TEST_F(registration_fsm_test, drains_and_ends) {
  machine.healthy("i1");
  settle();
  machine.drain(etcd.now);
  settle();
  EXPECT_EQ(registered(), "i1 draining");
  pass(9s);
  EXPECT_EQ(registered(), "i1 draining") << "its lease is kept alive";
  EXPECT_FALSE(machine.is_over(etcd.now));
  pass(2s);
  EXPECT_EQ(registered(), "");
  EXPECT_TRUE(machine.is_over(etcd.now));
  EXPECT_FALSE(machine.has_lease());
}

TEST_F(registration_fsm_test, a_drain_takes_no_notice_of_health) {
  machine.healthy("i1");
  settle();
  machine.drain(etcd.now);
  machine.unhealthy();
  machine.healthy("i2");
  settle();
  EXPECT_EQ(registered(), "i1 draining");
}

TEST_F(registration_fsm_test, a_drain_without_a_registration_is_over_at_once) {
  machine.drain(etcd.now);
  EXPECT_TRUE(machine.is_over(etcd.now));
}

TEST_F(registration_fsm_test, a_stop_ends_a_drain) {
  machine.healthy("i1");
  settle();
  machine.drain(etcd.now);
  settle();
  machine.stop(etcd.now);
  settle();
  EXPECT_EQ(registered(), "");
  EXPECT_TRUE(machine.is_over(etcd.now));
}

TEST_F(registration_fsm_test, an_end_that_etcd_does_not_hear_of_is_given_up_when_the_lease_runs_out) {
  machine.healthy("i1");
  settle();
  fault_of = [](int) { return fault::not_done; };
  machine.stop(etcd.now);
  pass(5s);
  EXPECT_FALSE(machine.is_over(etcd.now));
  pass(2s);
  EXPECT_TRUE(machine.is_over(etcd.now));
  EXPECT_TRUE(machine.has_lease());
}

TEST_F(registration_fsm_test, a_grant_that_answers_after_the_stop_is_revoked) {
  machine.healthy("i1");
  machine.finished(perform(machine.next(etcd.now)), etcd.now);
  const auto grant = machine.next(etcd.now);
  ASSERT_TRUE(std::holds_alternative<fsm::grant_lease>(grant));
  machine.stop(etcd.now);
  machine.finished(perform(grant), etcd.now);
  EXPECT_FALSE(machine.is_over(etcd.now));
  settle();
  EXPECT_TRUE(machine.is_over(etcd.now));
  EXPECT_TRUE(etcd.leases.empty());
}

TEST_F(registration_fsm_test, of_two_agents_with_one_id_the_later_has_it_and_they_do_not_fight) {
  fsm second{timing, 2};
  machine.healthy("first");
  settle();
  second.healthy("second");
  for (;;) {
    const auto action = second.next(etcd.now);
    if (std::holds_alternative<fsm::wait>(action)) break;
    second.finished(std::visit([this](const auto& step) { return etcd.perform(step); }, action), etcd.now);
  }
  EXPECT_EQ(registered(), "second");
  // The first one's lease lives on, and when it is lost the key is not taken back.
  etcd.revoke(etcd.next_lease - 1);
  const auto lease = etcd.value->lease;
  for (int i = 0; i < 20; ++i) {
    etcd.leases[lease] = etcd.now + timing.lease_ttl;
    pass(1s);
    ASSERT_EQ(registered(), "second");
  }
  EXPECT_TRUE(machine.is_superseded());
  // When the second leaves, the first is there again.
  etcd.revoke(lease);
  pass(8s);
  EXPECT_EQ(registered(), "first");
  EXPECT_FALSE(machine.is_superseded());
}

TEST_F(registration_fsm_test, a_key_under_an_earlier_lease_of_its_own_is_adopted) {
  machine.healthy("i1");
  settle();
  // The answer to a keepalive says that the lease is gone, but the key still stands.
  const auto old = etcd.value->lease;
  etcd.leases.erase(old);
  pass(3s);
  ASSERT_EQ(registered(), "i1");
  EXPECT_NE(etcd.value->lease, old);
}

TEST_F(registration_fsm_test, a_key_that_is_deleted_alone_is_put_again_under_the_same_lease) {
  machine.healthy("i1");
  settle();
  const auto lease = etcd.value->lease;
  etcd.value.reset();
  pass(5s);
  EXPECT_EQ(registered(), "i1");
  EXPECT_EQ(etcd.value->lease, lease);
  EXPECT_TRUE(machine.is_registered());
}

TEST_F(registration_fsm_test, a_key_that_a_successor_has_just_deleted_is_left_to_it) {
  machine.healthy("first");
  settle();
  etcd.advance(2s);
  machine.finished(perform(machine.next(etcd.now)), etcd.now); // the keep-alive
  etcd.value.reset();
  settle(); // sees that the key is gone
  etcd.advance(100ms);
  settle();
  EXPECT_EQ(registered(), "");
  etcd.leases[7] = etcd.now + timing.lease_ttl;
  etcd.put("second", member_state::ready, 7);
  pass(1s);
  EXPECT_EQ(registered(), "second");
  EXPECT_TRUE(machine.is_superseded());
}

TEST_F(registration_fsm_test, a_put_of_others_under_the_key_is_told_and_not_fought) {
  for (const std::int64_t holder : {std::int64_t(0), std::int64_t(7)}) {
    etcd = fake_etcd();
    machine = fsm(timing, 1);
    machine.healthy("i1");
    settle();
    etcd.leases[7] = etcd.now + 1h;
    etcd.put("foreign", member_state::ready, holder);
    const auto revision = etcd.revision;
    pass(30s);
    EXPECT_EQ(registered(), "foreign");
    EXPECT_EQ(etcd.revision, revision) << "not written";
    EXPECT_FALSE(machine.is_registered());
    EXPECT_TRUE(machine.is_superseded());
    EXPECT_EQ(machine.holder_lease(), holder);
    etcd.value.reset();
    pass(8s);
    EXPECT_EQ(registered(), "i1");
    EXPECT_FALSE(machine.is_superseded());
  }
}

TEST_F(registration_fsm_test, a_look_that_fails_does_not_keep_the_lease_from_being_kept_alive) {
  machine.healthy("i1");
  settle();
  const auto lease = etcd.value->lease;
  etcd.is_look_broken = true;
  pass(60s);
  EXPECT_EQ(registered(), "i1");
  EXPECT_EQ(etcd.value->lease, lease);
}

TEST_F(registration_fsm_test, a_draining_key_is_looked_at_and_stays_draining) {
  machine.healthy("i1");
  settle();
  machine.drain(etcd.now);
  settle();
  const auto revision = etcd.revision;
  pass(9s);
  EXPECT_EQ(registered(), "i1 draining");
  EXPECT_EQ(etcd.revision, revision) << "not written again";
}

TEST_F(registration_fsm_test, an_incarnation_that_changes_during_a_look_is_no_other_agent) {
  machine.healthy("i1");
  settle();
  etcd.advance(2s);
  machine.finished(perform(machine.next(etcd.now)), etcd.now);
  const auto look = machine.next(etcd.now);
  ASSERT_TRUE(std::holds_alternative<fsm::look>(look));
  machine.healthy("i2");
  machine.finished(perform(look), etcd.now);
  EXPECT_FALSE(machine.is_superseded());
  settle();
  EXPECT_EQ(registered(), "i2");
}

/// A life with everything in it, with one operation failing, in either way.
void live(registration_fsm_test& test) {
  test.etcd.put("leftover", member_state::ready, 7);
  test.machine.healthy("i1");
  test.pass(10s);
  if (test.etcd.value) test.etcd.revoke(test.etcd.value->lease);
  test.pass(10s);
  EXPECT_EQ(test.registered(), "i1");
  test.etcd.value.reset();
  test.pass(10s);
  EXPECT_EQ(test.registered(), "i1");
  test.machine.unhealthy();
  test.pass(10s);
  EXPECT_EQ(test.registered(), "");
  test.machine.healthy("i2");
  test.pass(10s);
  EXPECT_EQ(test.registered(), "i2");
  test.machine.drain(test.etcd.now);
  test.pass(5s);
  EXPECT_EQ(test.registered(), "i2 draining");
  test.pass(10s);
  EXPECT_EQ(test.registered(), "");
  EXPECT_TRUE(test.machine.is_over(test.etcd.now));
  EXPECT_FALSE(test.machine.has_lease());
}

TEST_F(registration_fsm_test, whatever_operation_fails_it_comes_right) {
  live(*this);
  const int in_all = operations;
  ASSERT_GT(in_all, 15);
  for (const fault kind : {fault::not_done, fault::answer_lost}) {
    for (int failing = 0; failing < in_all; ++failing) {
      SCOPED_TRACE("operation " + std::to_string(failing) +
                   (kind == fault::not_done ? " not done" : " unanswered"));
      etcd = fake_etcd();
      machine = fsm(timing, 1);
      operations = 0;
      fault_of = [=](int operation) { return operation == failing ? kind : fault::none; };
      live(*this);
    }
  }
}

// -- slow start ---------------------------------------------------------

using weights = std::vector<std::uint32_t>;

struct slow_start_test : registration_fsm_test {
  /// Ten minutes, so that a step is 66.7 s.
  static fsm::options growing(std::uint32_t weight, std::chrono::milliseconds time = 600s) {
    auto options = timing;
    options.weight = weight;
    options.slow_start = time;
    return options;
  }
  slow_start_test() { machine = fsm(growing(100), 1); }

  std::uint32_t weight() const { return etcd.value ? etcd.value->weight : 0; }
};

TEST_F(slow_start_test, without_it_the_weight_is_there_at_once) {
  machine = fsm(growing(100, 0s), 1);
  machine.healthy("i1");
  pass(60s);
  EXPECT_EQ(etcd.weights, weights{100});
  EXPECT_EQ(machine.weight(), 100u);
}

TEST_F(slow_start_test, the_weight_grows_in_ten_steps_the_last_at_the_end) {
  machine.healthy("i1");
  settle();
  EXPECT_EQ(weight(), 10u);
  pass(66s);
  EXPECT_EQ(weight(), 10u);
  pass(1s);
  EXPECT_EQ(weight(), 20u);
  pass(532s);
  EXPECT_EQ(weight(), 90u);
  pass(2s);
  EXPECT_EQ(weight(), 100u);
  EXPECT_EQ(etcd.weights, (weights{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}));
  const auto revision = etcd.revision;
  pass(1h);
  EXPECT_EQ(etcd.revision, revision) << "not written again";
}

TEST_F(slow_start_test, no_step_is_less_than_one_and_the_first_is_never_nothing) {
  const std::pair<std::uint32_t, weights> cases[] = {
      {1, {1}},
      {2, {1, 2}},
      {7, {1, 2, 3, 4, 5, 6, 7}},
      {15, {1, 3, 4, 6, 7, 9, 10, 12, 13, 15}},
      {65'535, {6'553, 13'107, 19'660, 26'214, 32'767, 39'321, 45'874, 52'428, 58'981, 65'535}}};
  for (const auto& [weight, wanted] : cases) {
    etcd = fake_etcd();
    machine = fsm(growing(weight), 1);
    machine.healthy("i1");
    pass(601s);
    EXPECT_EQ(etcd.weights, wanted) << weight;
  }
}

TEST_F(slow_start_test, a_lost_lease_or_key_does_not_begin_it_anew) {
  machine.healthy("i1");
  pass(300s);
  ASSERT_EQ(weight(), 50u);
  etcd.revoke(etcd.value->lease);
  pass(10s);
  EXPECT_EQ(weight(), 50u);
  etcd.value.reset();
  pass(10s);
  EXPECT_EQ(weight(), 50u);
  pass(300s);
  EXPECT_EQ(weight(), 100u);
  EXPECT_TRUE(std::is_sorted(etcd.weights.begin(), etcd.weights.end()));
}

TEST_F(slow_start_test, what_was_taken_out_and_comes_back_begins_anew) {
  machine.healthy("i1");
  pass(700s);
  machine.unhealthy();
  settle();
  machine.healthy("i1"); // the same process, but its sessions are elsewhere by now
  settle();
  EXPECT_EQ(weight(), 10u);
  pass(700s);
  machine.healthy("i2"); // another, without a check that failed between
  settle();
  EXPECT_EQ(registered(), "i2");
  EXPECT_EQ(weight(), 10u);
}

TEST_F(slow_start_test, who_got_the_key_back_from_another_begins_anew) {
  machine.healthy("i1");
  pass(700s);
  etcd.leases[7] = etcd.now + 20s;
  etcd.put("foreign", member_state::ready, 7);
  pass(15s);
  ASSERT_TRUE(machine.is_superseded());
  pass(20s);
  EXPECT_EQ(registered(), "i1");
  EXPECT_EQ(weight(), 10u);
}

TEST_F(slow_start_test, a_drain_keeps_the_weight_that_there_is) {
  machine.healthy("i1");
  pass(300s);
  machine.drain(etcd.now);
  settle();
  EXPECT_EQ(registered(), "i1 draining");
  EXPECT_EQ(weight(), 50u);
  pass(9s);
  EXPECT_EQ(weight(), 50u);
  pass(2s);
  EXPECT_TRUE(machine.is_over(etcd.now));
}

TEST_F(slow_start_test, an_outage_is_made_up_for_and_keeps_no_lease_waiting) {
  machine.healthy("i1");
  settle();
  fault_of = [](int) { return fault::not_done; };
  pass(300s);
  fault_of = [](int) { return fault::none; };
  pass(10s);
  EXPECT_EQ(weight(), 50u) << "in one step";
  EXPECT_EQ(etcd.weights, (weights{10, 50}));
}

TEST_F(slow_start_test, an_etcd_that_takes_no_puts_still_keeps_the_lease_alive) {
  machine.healthy("i1");
  settle();
  const auto lease = etcd.value->lease;
  for (int i = 0; i < 3'000; ++i) {
    const auto action = machine.next(etcd.now);
    if (const auto* idle = std::get_if<fsm::wait>(&action)) {
      etcd.advance(std::chrono::ceil<std::chrono::milliseconds>(idle->until - etcd.now));
    } else if (std::holds_alternative<fsm::raise_weight>(action)) {
      machine.finished(fsm::failed(), etcd.now);
    } else {
      machine.finished(perform(action), etcd.now);
    }
    ASSERT_TRUE(etcd.value && etcd.value->lease == lease) << i;
  }
  EXPECT_EQ(weight(), 10u);
}

/// A life with a slow start, a loss of its lease in the middle, and a drain.
void grow(slow_start_test& test) {
  test.machine.healthy("i1");
  test.pass(200s);
  if (test.etcd.value) test.etcd.revoke(test.etcd.value->lease);
  test.pass(180s);
  EXPECT_EQ(test.weight(), 60u);
  test.pass(250s);
  EXPECT_EQ(test.weight(), 100u);
  test.machine.drain(test.etcd.now);
  test.pass(5s);
  EXPECT_EQ(test.registered(), "i1 draining");
  EXPECT_EQ(test.weight(), 100u);
  EXPECT_TRUE(std::is_sorted(test.etcd.weights.begin(), test.etcd.weights.end())) << "it never falls";
  test.pass(10s);
  EXPECT_EQ(test.registered(), "");
  EXPECT_TRUE(test.machine.is_over(test.etcd.now));
}

TEST_F(slow_start_test, whatever_operation_fails_it_comes_right) {
  grow(*this);
  const int in_all = operations;
  ASSERT_GT(in_all, 300);
  for (const fault kind : {fault::not_done, fault::answer_lost}) {
    for (int failing = 0; failing < in_all; ++failing) {
      SCOPED_TRACE("operation " + std::to_string(failing) +
                   (kind == fault::not_done ? " not done" : " unanswered"));
      etcd = fake_etcd();
      machine = fsm(growing(100), 1);
      operations = 0;
      fault_of = [=](int operation) { return operation == failing ? kind : fault::none; };
      grow(*this);
    }
  }
}

} // namespace
} // namespace limpet::agent
