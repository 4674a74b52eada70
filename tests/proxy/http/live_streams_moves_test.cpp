#include "tests/proxy/http/live_streams_fixture.hpp"

namespace limpet::http {
namespace {

// -- members that do not answer -----------------------------------------------

TEST_F(live_streams_test, those_that_failed_over_go_back_once_their_owner_answers) {
  const auto hash = routing::hash_bytes("a session");
  const auto order = routing::ranking(pool->view, hash);
  const auto id = [&](std::size_t i) { return pool->view.members()[order[i].member].id; };
  auto& owner = *target_of(id(0)).shared;
  owner.failed(net::clock::now());
  auto& away = open_on(id(1), routing::placement_key::of_request(hash), stream_kind::tunnel, true);
  auto& home = open_on(id(1), {});
  worker.streams.look_for_recoveries();
  settle();
  EXPECT_THAT(away.told, IsEmpty());
  const auto asked = home.asked;

  owner.connected();
  worker.streams.look_for_recoveries();
  EXPECT_TRUE(on.run_until([&] { return !away.told.empty(); }));
  EXPECT_THAT(away.told, ElementsAre("let go: rebalanced"));
  EXPECT_EQ(home.asked, asked) << "others are not asked";
}

TEST_F(live_streams_test, nobody_goes_to_an_owner_that_may_only_be_tried_again) {
  const auto hash = routing::hash_bytes("a session");
  const auto order = routing::ranking(pool->view, hash);
  const auto id = [&](std::size_t i) { return pool->view.members()[order[i].member].id; };
  auto& owner = *target_of(id(0)).shared;
  owner.failed(net::clock::now() - 5s);
  ASSERT_TRUE(owner.reachable(net::clock::now())) << "the pause is over: one request may try";
  auto& away = open_on(id(1), routing::placement_key::of_request(hash), stream_kind::tunnel, true);
  publish();
  settle();
  EXPECT_THAT(away.told, IsEmpty());
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(live_streams_test, a_joiner_that_does_not_answer_takes_nobody_until_it_does) {
  const auto opened = open_many(60);
  auto& joiner = *target_of("d").shared;
  joiner.failed(net::clock::now());
  set({"a", "b", "c", "d"});
  settle();
  EXPECT_EQ(told_count(opened), 0u);
  joiner.connected();
  worker.streams.look_for_recoveries();
  EXPECT_TRUE(on.run_until([&] { return let_go(parting::moved) > 0; }));
  for (const auto* s : opened)
    EXPECT_EQ(s->asked > 1, owner_of(*s) == "d") << "only those that are away are asked again";
}

TEST_F(live_streams_test, where_members_are_checked_a_joiner_takes_nobody_before_it_has_passed) {
  settings.health.emplace();
  publish();
  const auto opened = open_many(60);
  set({"a", "b", "c", "d"});
  settle();
  EXPECT_EQ(waiting(), 0u) << "nor is its time still to come";
  EXPECT_EQ(told_count(opened), 0u);
  target_of("d").shared->prove();
  worker.streams.look_for_recoveries();
  EXPECT_TRUE(on.run_until([&] { return let_go(parting::moved) > 0; }));
  for (const auto* s : opened)
    EXPECT_EQ(s->asked > 1, owner_of(*s) == "d") << "only those that are away are asked again";
}

TEST_F(live_streams_test, behind_the_fence_nothing_is_endless) {
  const auto& tunnel = open(1);
  const auto& events = open(2, stream_kind::event_stream);
  const auto& request = open(3, stream_kind::request);
  worker.streams.end_endless(pool->number);
  EXPECT_THAT(tunnel.told, ElementsAre("ended: fenced"));
  EXPECT_THAT(events.told, ElementsAre("ended: fenced"));
  EXPECT_THAT(request.told, ElementsAre("let go: fenced")) << "an answer has its time";
  EXPECT_EQ(request.within, settings.on_remove.deadline);
  worker.streams.end_all(pool->number);
  EXPECT_THAT(request.told, ElementsAre("let go: fenced", "ended: fenced"));
}

TEST_F(live_streams_test, nothing_endless_begins_behind_the_fence) {
  hands_over_by_a_barrier = true;
  settings.on_remove.action = config::removal_action::keep;
  publish();
  auto& events = open(1, stream_kind::request);
  const auto placed_by = snapshots;
  const auto before = pool;
  fence->set(ownership::long_ago);
  for (const bool is_gone : {false, true}) {
    has_pool = !is_gone;
    publish();
    auto& tunnel = streams.emplace_back();
    worker.streams.add(tunnel, {*before, target_of("a"), placed_by, stream_kind::tunnel});
    EXPECT_THAT(tunnel.told, ElementsAre("ended: fenced")) << is_gone;
  }
  worker.streams.becomes_event_stream(events, placed_by, false);
  EXPECT_THAT(events.told, ElementsAre("ended: fenced"));
}

TEST_F(live_streams_test, a_pool_that_comes_back_as_available_has_no_fence) {
  hands_over_by_a_barrier = true;
  publish();
  open(1);
  fence->set(ownership::long_ago);
  has_pool = false;
  publish();
  has_pool = true;
  hands_over_by_a_barrier = false;
  publish();
  EXPECT_THAT(open_on("a", {}, stream_kind::tunnel, true).told, IsEmpty());
}

TEST_F(live_streams_test, where_a_hand_off_waits_for_them_many_go_faster_than_the_pace) {
  hands_over_by_a_barrier = true;
  settings.rebalance.per_second = 1;
  settings.on_remove.deadline = 100ms;
  publish();
  const auto opened = open_many(200);
  prepare({"a", "b", "c", "d"});
  const auto moved = handed_over(opened);
  EXPECT_TRUE(on.run_until([&] { return let_go(parting::moved) >= moved.size(); }))
      << "which would take most of a minute";
  EXPECT_EQ(told_count(opened), moved.size());
  EXPECT_EQ(state->waiting_to_move, 0u);
}

TEST_F(live_streams_test, it_is_those_of_all_workers_that_a_hand_off_waits_for) {
  constexpr std::size_t workers = 16;
  hands_over_by_a_barrier = true;
  settings.rebalance.per_second = 1;
  settings.on_remove.deadline = 1s;
  while (others.size() < workers - 1)
    others.emplace_back(on.events, process);
  publish();
  const auto opened = open_many(200);
  for (auto* s : opened)
    worker.streams.remove(*s);
  prepare({"a", "b", "c", "d"});
  auto moved = handed_over(opened);
  ASSERT_GE(moved.size(), workers);
  moved.resize(workers);
  prepare({"a", "b", "c"});                   // nobody moves
  for (std::size_t i = 0; i < workers; ++i) { // one each, which the rate would be enough for
    auto& at = i == 0 ? worker : others[i - 1];
    at.streams.add(*moved[i], {*pool, target_of(owner_of(*moved[i])), snapshots, stream_kind::tunnel});
  }
  prepare({"a", "b", "c", "d"});
  on.events.run_once(0ms);
  EXPECT_EQ(state->waiting_to_move, workers);
  EXPECT_TRUE(on.run_until([&] { return told_count(moved) == workers; })) << "16 seconds at the rate";
  EXPECT_EQ(state->waiting_to_move, 0u);
}

// -- a hand-off that is superseded -----------------------------------------------

TEST_F(live_streams_test, whose_session_moves_no_more_stays) {
  hands_over_by_a_barrier = true;
  publish();
  const auto requests = open_many(60, stream_kind::request);
  const auto tunnels = open_many(60);
  const std::vector<std::string> without{"a", "b", "c"}, with{"a", "b", "c", "d"};
  prepare(with);
  const auto moved = handed_over(requests);
  ASSERT_FALSE(moved.empty());
  EXPECT_TRUE(on.run_until([&] { return told_count(requests) + told_count(tunnels) == 2 * moved.size(); }));
  for (auto* s : handed_over(tunnels))
    s->may_stay = false; // a close frame has gone out
  const auto closed = handed_over(tunnels);
  prepare(without);
  settle();
  for (const auto* s : moved)
    EXPECT_THAT(s->told, ElementsAre("let go: rebalanced", "stays"));
  prepare(with);
  settle();
  for (const auto* s : moved)
    EXPECT_THAT(s->told, ElementsAre("let go: rebalanced", "stays", "let go: rebalanced"));
  for (const auto* s : closed)
    EXPECT_THAT(s->told, ElementsAre("let go: rebalanced"));
}

TEST_F(live_streams_test, a_session_that_still_moves_is_not_taken_back) {
  hands_over_by_a_barrier = true;
  publish();
  const auto requests = open_many(60, stream_kind::request);
  prepare({"a", "b", "c", "d"});
  settle();
  prepare({"a", "b", "c", "d"});
  settle();
  EXPECT_GT(told_count(requests), 0u);
  for (const auto* s : handed_over(requests))
    EXPECT_THAT(s->told, ElementsAre("let go: rebalanced"));
}

TEST_F(live_streams_test, what_was_let_go_behind_the_fence_is_not_taken_back) {
  hands_over_by_a_barrier = true;
  publish();
  const auto requests = open_many(60, stream_kind::request);
  const std::vector<std::string> without{"a", "b", "c"}, with{"a", "b", "c", "d"};
  prepare(with);
  settle();
  const auto moved = handed_over(requests);
  worker.streams.end_endless(pool->number);
  prepare(without);
  settle();
  for (const auto* s : requests)
    EXPECT_EQ(s->told.size(), 1u) << "of the hand-off or of the fence";
  EXPECT_EQ(let_go(parting::fenced), requests.size() - moved.size());
}

// -- other settings, while something is under way -------------------------------

TEST_F(live_streams_test, what_was_kept_goes_once_it_shall_not_be_kept) {
  settings.on_remove.action = config::removal_action::keep;
  publish();
  auto& tunnel = open_on("a", {});
  set({"b", "c"});
  settle();
  EXPECT_THAT(tunnel.told, IsEmpty());
  settings.on_remove.action = config::removal_action::drain;
  publish();
  EXPECT_TRUE(on.run_until([&] { return !tunnel.told.empty(); }));
  EXPECT_THAT(tunnel.told, ElementsAre("let go: member_removed"));
  EXPECT_GT(tunnel.within, 59min) << "the deadline counts from then on";
}

TEST_F(live_streams_test, a_joiners_sessions_go_once_there_is_a_pace) {
  settings.rebalance.per_second = 0;
  publish();
  const auto opened = open_many(60);
  set({"a", "b", "c", "d"});
  settle();
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(told_count(opened), 0u);
  settings.rebalance.per_second = 1'000'000;
  publish();
  EXPECT_TRUE(on.run_until([&] { return let_go(parting::moved) > 0; }));
}

TEST_F(live_streams_test, another_pace_for_moving_changes_no_deadline_of_those_that_leave) {
  hold_all();
  settings.on_remove.deadline = 50ms;
  publish();
  auto& tunnel = open_on("a", {});
  set({"b", "c"});
  EXPECT_TRUE(on.run_until([&] {
    settings.rebalance.jitter_percent = settings.rebalance.jitter_percent == 0 ? 100 : 0;
    publish();
    return !tunnel.told.empty();
  }));
  EXPECT_THAT(tunnel.told, ElementsAre("ended: member_removed"));
}

} // namespace
} // namespace limpet::http
