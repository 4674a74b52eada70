#include "tests/proxy/http/live_streams_fixture.hpp"

namespace limpet::http {
namespace {

// -- the index ----------------------------------------------------------

TEST_F(live_streams_test, counts_by_member_and_kind) {
  auto& tunnel = open_on("a", {});
  open_on("a", {});
  auto& request = open_on("b", {}, stream_kind::request);
  const auto live = [&](const std::string& id, stream_kind kind) {
    return counted(metric::live_streams, target_of(id).label, static_cast<std::uint32_t>(kind));
  };
  EXPECT_EQ(live("a", stream_kind::tunnel), 2u);
  EXPECT_EQ(live("b", stream_kind::request), 1u);
  worker.streams.becomes_event_stream(request, snapshots, false);
  EXPECT_EQ(live("b", stream_kind::request), 0u);
  EXPECT_EQ(live("b", stream_kind::event_stream), 1u);
  worker.streams.remove(tunnel);
  worker.streams.remove(request);
  EXPECT_FALSE(tunnel.is_listed());
  EXPECT_EQ(live("a", stream_kind::tunnel), 1u);
  EXPECT_EQ(live("b", stream_kind::event_stream), 0u);
}

TEST_F(live_streams_test, a_stream_that_is_destroyed_is_listed_no_more) {
  {
    told_stream s;
    worker.streams.add(s, {*pool, target_of("a"), snapshots, stream_kind::tunnel});
  }
  set({"b", "c"});
  settle();
  EXPECT_EQ(let_go(parting::removed), 0u);
}

// -- members that leave ---------------------------------------------------

TEST_F(live_streams_test, streams_of_a_removed_member_go_and_no_others_are_asked) {
  const auto opened = open_many(90);
  std::map<std::string, std::size_t> owned;
  for (const auto* s : opened)
    ++owned[owner_of(*s)];
  const auto a = target_of("a").number;
  set({"b", "c"});
  EXPECT_TRUE(on.run_until([&] { return let_go(parting::removed) == owned["a"]; }));
  for (const auto* s : opened) {
    if (s->number == a)
      EXPECT_THAT(s->told, ElementsAre("let go: member_removed"));
    else
      EXPECT_TRUE(s->told.empty() && s->asked == 0) << "not even looked at";
  }
  EXPECT_LE(opened[0]->within, 1h);
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(live_streams_test, a_member_that_comes_back_keeps_those_who_wait) {
  hold_all();
  const auto opened = open_many(60);
  set({"b", "c"});
  settle();
  EXPECT_GT(waiting(), 0u);
  set({"a", "b", "c"});
  settle();
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(told_count(opened), 0u);
}

TEST_F(live_streams_test, another_incarnation_is_another_member) {
  auto& s = open_on("a", {});
  auto& other = open_on("b", {});
  member("a").incarnation = "second";
  publish();
  EXPECT_TRUE(on.run_until([&] { return !s.told.empty(); }));
  EXPECT_THAT(s.told, ElementsAre("let go: member_removed"));
  EXPECT_THAT(other.told, IsEmpty());
}

TEST_F(live_streams_test, requests_are_left_to_finish) {
  auto& request = open_on("a", {}, stream_kind::request);
  auto& events = open_on("a", {}, stream_kind::event_stream);
  set({"b", "c"});
  EXPECT_TRUE(on.run_until([&] { return !events.told.empty(); }));
  EXPECT_THAT(request.told, IsEmpty());
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(live_streams_test, a_request_that_turns_out_to_be_an_event_stream_goes_too) {
  auto& s = open_on("a", {}, stream_kind::request);
  const auto placed_by = snapshots;
  set({"b", "c"});
  settle();
  worker.streams.becomes_event_stream(s, placed_by, false);
  EXPECT_TRUE(on.run_until([&] { return !s.told.empty(); }));
  EXPECT_THAT(s.told, ElementsAre("let go: member_removed"));
}

TEST_F(live_streams_test, what_is_left_at_the_deadline_is_ended) {
  hold_all();
  settings.on_remove.deadline = 50ms;
  publish();
  auto& request = open_on("a", {}, stream_kind::request);
  auto& tunnel = open_on("a", {});
  auto& other = open_on("b", {});
  set({"b", "c"});
  EXPECT_TRUE(on.run_until([&] { return cut(parting::removed) == 2; }));
  EXPECT_THAT(request.told, ElementsAre("ended: member_removed"));
  EXPECT_THAT(tunnel.told, ElementsAre("ended: member_removed"));
  EXPECT_THAT(other.told, IsEmpty());
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(live_streams_test, the_deadline_of_a_member_that_came_back_does_not_count) {
  hold_all();
  settings.on_remove.deadline = 50ms;
  publish();
  auto& back = open_on("a", {});
  auto& gone = open_on("b", {});
  set({"c"});
  set({"a", "c"});
  EXPECT_TRUE(on.run_until([&] { return !gone.told.empty(); })) << "whose time is over no sooner";
  on.poll();
  EXPECT_THAT(back.told, IsEmpty());
}

TEST_F(live_streams_test, keep_lets_nobody_go) {
  settings.on_remove.action = config::removal_action::keep;
  settings.on_remove.deadline = 20ms;
  publish();
  const auto opened = open_many(30);
  auto& probe = open_on("a", {});
  set({"b", "c"});
  drain("b");
  on.run_until([&, at = net::clock::now()] { return net::clock::now() > at + 100ms; });
  EXPECT_EQ(told_count(opened), 0u);
  EXPECT_GT(probe.asked, 0) << "it was looked at";
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(live_streams_test, close_does_not_wait) {
  hold_all();
  settings.on_remove.action = config::removal_action::close;
  publish();
  auto& tunnel = open_on("a", {});
  auto& events = open_on("a", {}, stream_kind::event_stream);
  auto& request = open_on("a", {}, stream_kind::request);
  set({"b", "c"});
  settle();
  EXPECT_THAT(tunnel.told, ElementsAre("let go: member_removed"));
  EXPECT_THAT(events.told, ElementsAre("let go: member_removed"));
  EXPECT_LE(tunnel.within, 2s);
  EXPECT_THAT(request.told, ElementsAre("ended: member_removed"));
}

TEST_F(live_streams_test, a_pool_that_the_configuration_lost_lets_all_go) {
  auto& s = open_on("a", {});
  auto& request = open_on("b", {}, stream_kind::request);
  has_pool = false;
  publish();
  EXPECT_TRUE(on.run_until([&] { return !s.told.empty(); }));
  EXPECT_THAT(request.told, IsEmpty());
  worker.streams.remove(s);
  worker.streams.remove(request);
  publish();
  publish();
  has_pool = true;
  publish();
  auto& again = open_on("a", {});
  settle();
  EXPECT_THAT(again.told, IsEmpty());
}

// -- members that drain -----------------------------------------------------

TEST_F(live_streams_test, a_draining_member_lets_its_sessions_go_but_for_the_pinned) {
  policy.pin = true;
  publish();
  auto& pinned = open_on("a", {routing::placement_key::origin::token, 5, routing::hash_bytes("a"),
                               routing::hash_bytes("first")});
  auto& free = open_on("a", {});
  auto& other = open_on("b", {});
  drain("a");
  EXPECT_TRUE(on.run_until([&] { return !free.told.empty(); }));
  EXPECT_THAT(free.told, ElementsAre("let go: member_draining"));
  EXPECT_THAT(pinned.told, IsEmpty());
  EXPECT_THAT(other.told, IsEmpty());
  set({"b", "c"});
  EXPECT_TRUE(on.run_until([&] { return !pinned.told.empty(); }));
  EXPECT_THAT(pinned.told, ElementsAre("let go: member_removed"));
}

TEST_F(live_streams_test, close_is_for_members_that_were_removed) {
  settings.on_remove.action = config::removal_action::close;
  publish();
  auto& request = open_on("a", {}, stream_kind::request);
  auto& tunnel = open_on("a", {});
  drain("a");
  EXPECT_TRUE(on.run_until([&] { return !tunnel.told.empty(); }));
  EXPECT_THAT(request.told, IsEmpty());
  set({"b", "c"});
  EXPECT_TRUE(on.run_until([&] { return !request.told.empty(); }));
}

TEST_F(live_streams_test, a_draining_member_keeps_what_nobody_else_can_take) {
  set({"a"});
  auto& s = open_on("a", {});
  drain("a");
  settle();
  EXPECT_THAT(s.told, IsEmpty());
  members.push_back({"b"});
  publish();
  EXPECT_TRUE(on.run_until([&] { return !s.told.empty(); }));
}

// -- owners that change -------------------------------------------------------

TEST_F(live_streams_test, a_joiner_takes_just_what_it_owns) {
  const auto opened = open_many(200);
  auto& keyless = open_on("a", {});
  set({"a", "b", "c", "d"});
  const auto taken = static_cast<std::size_t>(
      std::ranges::count_if(opened, [&](const auto* s) { return owner_of(*s) == "d"; }));
  EXPECT_NEAR(static_cast<double>(taken), 50, 20);
  EXPECT_TRUE(on.run_until([&] { return let_go(parting::moved) >= taken; }));
  on.poll();
  EXPECT_EQ(let_go(parting::moved), taken);
  for (const auto* s : opened)
    EXPECT_EQ(s->told.empty(), owner_of(*s) != "d");
  EXPECT_THAT(keyless.told, IsEmpty());
}

TEST_F(live_streams_test, without_rebalance_a_joiner_moves_nobody) {
  settings.rebalance.per_second = 0;
  publish();
  const auto opened = open_many(100);
  set({"a", "b", "c", "d"});
  settle();
  EXPECT_EQ(told_count(opened), 0u);
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(live_streams_test, requests_are_not_moved) {
  const auto opened = open_many(100, stream_kind::request);
  set({"a", "b", "c", "d"});
  on.events.run_once(0ms);
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(told_count(opened), 0u);
}

TEST_F(live_streams_test, a_joiner_that_leaves_again_leaves_those_who_wait_where_they_are) {
  settings.rebalance.per_second = 20;
  publish();
  const auto opened = open_many(100);
  set({"a", "b", "c", "d"});
  on.events.run_once(0ms);
  EXPECT_GT(waiting(), 10u);
  set({"a", "b", "c"});
  EXPECT_TRUE(on.run_until([&] { return waiting() == 0; })) << "nobody takes up another's time";
  EXPECT_EQ(told_count(opened), 0u);
}

TEST_F(live_streams_test, one_that_waits_to_move_and_loses_its_member_leaves_with_it) {
  hold_moving();
  const auto opened = open_many(100);
  set({"a", "b", "c", "d"});
  settle();
  set({"b", "c", "d"});
  const auto on_a = static_cast<std::size_t>(
      std::ranges::count(opened, target_of("a").number, [](auto* s) { return s->number; }));
  EXPECT_TRUE(on.run_until([&] { return let_go(parting::removed) == on_a; }));
  EXPECT_EQ(let_go(parting::moved), 0u);
}

TEST_F(live_streams_test, the_question_is_asked_once_more_when_the_time_comes) {
  settings.rebalance.per_second = 20;
  publish();
  const auto opened = open_many(40);
  set({"a", "b", "c", "d"});
  on.events.run_once(0ms); // all of them are looked at, and no time passes for those who wait
  EXPECT_GT(waiting(), 0u);
  target_of("d").shared->failed(net::clock::now()); // of which only the next look can know
  EXPECT_TRUE(on.run_until([&] { return waiting() == 0; }));
  EXPECT_EQ(told_count(opened), 0u);
  EXPECT_EQ(let_go(parting::moved), 0u);
}

TEST_F(live_streams_test, thousands_are_looked_at_in_slices) {
  settings.rebalance.per_second = 0;
  publish();
  const auto opened = open_many(20'000);
  set({"a", "b", "c", "d"});
  const auto asked = [&] { return std::ranges::count_if(opened, [](auto* s) { return s->asked > 0; }); };
  int turns = 0;
  for (; asked() < 20'000 && turns < 10'000; ++turns) {
    const auto before = asked();
    on.events.run_once(0ms);
    EXPECT_LT(asked() - before, 20'000) << "the others have their turn in between";
  }
  EXPECT_EQ(asked(), 20'000);
  EXPECT_GT(turns, 1);
}

TEST_F(live_streams_test, one_that_was_placed_by_an_older_view_is_looked_at_when_it_comes) {
  const auto old_pool = pool;
  const auto old = snapshots;
  set({"b", "c"});
  told_stream tunnel, request;
  worker.streams.add(tunnel, {*old_pool, target_of("a"), old, stream_kind::tunnel});
  worker.streams.add(request, {*old_pool, target_of("a"), old, stream_kind::request});
  EXPECT_TRUE(on.run_until([&] { return !tunnel.told.empty(); }));
  EXPECT_THAT(tunnel.told, ElementsAre("let go: member_removed"));
  EXPECT_THAT(request.told, IsEmpty());
}

} // namespace
} // namespace limpet::http
