#include "proxy/ops/drain_progress.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace limpet::ops {
namespace {

using state = drain_progress::state;

drain_progress read(std::string_view pools, std::string_view pool, std::string_view member) {
  return read_drain_progress(boost::json::parse(R"({"pools":)" + std::string(pools) + "}").as_object(), pool,
                             member);
}

constexpr std::string_view two_pools = R"([
  {"name":"chat","members":[
    {"id":"a","state":"draining","connections":5,"live":{"requests":2,"event_streams":0,"tunnels":1}},
    {"id":"b","state":"ready","connections":0,"live":{"requests":0,"event_streams":0,"tunnels":0}}]},
  {"name":"app","members":[
    {"id":"b","state":"draining","connections":3,"live":{"requests":0,"event_streams":0,"tunnels":0}}]}])";

TEST(drain_progress, what_is_left) {
  const auto a = read(two_pools, "chat", "a");
  EXPECT_EQ(a, (drain_progress{state::draining, "chat", 2, 0, 1, 5, "", ""}));
  EXPECT_FALSE(a.is_over());
  EXPECT_EQ(progress_text(a), "draining, 2 requests and 1 tunnel left (5 connections)");
  EXPECT_EQ(read(two_pools, "", "a"), a) << "one pool alone has it";
}

TEST(drain_progress, each_kind_counts) {
  for (const auto* live :
       {R"("requests":1,"event_streams":0,"tunnels":0)", R"("requests":0,"event_streams":1,"tunnels":0)",
        R"("requests":0,"event_streams":0,"tunnels":1)"}) {
    const auto one =
        read(R"([{"name":"p","members":[{"id":"a","state":"draining","live":{)" + std::string(live) + "}}]}]",
             "p", "a");
    EXPECT_EQ(one.where, state::draining);
    EXPECT_FALSE(one.is_over()) << live;
  }
  EXPECT_EQ(progress_text({state::draining, "p", 1, 2, 3, 1, "", ""}),
            "draining, 1 request, 2 event streams and 3 tunnels left (1 connection)");
}

TEST(drain_progress, it_is_over_when_nothing_is_left_or_nobody_is_there) {
  const auto over = read(two_pools, "app", "b");
  EXPECT_TRUE(over.is_over()) << "idle connections hold nothing up";
  EXPECT_EQ(progress_text(over), "draining, nothing left (3 connections)");
  const auto gone = read(two_pools, "app", "a");
  EXPECT_TRUE(gone.is_over());
  EXPECT_EQ(progress_text(gone), "not in its view, nothing left");
}

TEST(drain_progress, who_has_left_the_view_is_waited_for_while_something_is_left) {
  const auto left = read(
      R"([{"name":"p","members":[],"left":[{"id":"a","live":{"requests":0,"event_streams":0,"tunnels":15}}]}])",
      "p", "a");
  EXPECT_EQ(left.where, state::gone);
  EXPECT_FALSE(left.is_over());
  EXPECT_EQ(progress_text(left), "not in its view, 15 tunnels left");
}

TEST(drain_progress, of_who_has_left_only_the_incarnation_that_was_seen_counts) {
  constexpr std::string_view pools = R"([{"name":"p","members":[],"left":[
    {"id":"a","incarnation":"1","live":{"requests":0,"event_streams":0,"tunnels":15}},
    {"id":"b","incarnation":"2","live":{"requests":9,"event_streams":9,"tunnels":9}},
    {"id":"a","incarnation":"2","live":{"requests":1,"event_streams":2,"tunnels":3}}]}])";
  const auto members = boost::json::parse(R"({"pools":)" + std::string(pools) + "}").as_object();
  EXPECT_EQ(progress_text(read_drain_progress(members, "p", "a", "2")),
            "not in its view, 1 request, 2 event streams and 3 tunnels left");
  const auto nothing = read_drain_progress(members, "p", "a", "3");
  EXPECT_EQ(nothing.where, state::gone);
  EXPECT_TRUE(nothing.is_over());
  EXPECT_EQ(progress_text(read(pools, "", "a")),
            "not in its view, 1 request, 2 event streams and 18 tunnels left")
      << "who never saw it there cannot tell which it is";
}

TEST(drain_progress, who_is_there_tells_its_incarnation) {
  constexpr std::string_view pools = R"([{"name":"p",
    "members":[{"id":"a","incarnation":"2","state":"draining","live":{"requests":0,"event_streams":0,"tunnels":0}}],
    "left":[{"id":"a","incarnation":"1","live":{"requests":0,"event_streams":0,"tunnels":15}}]}])";
  const auto a = read(pools, "p", "a");
  EXPECT_EQ(a.incarnation, "2");
  EXPECT_TRUE(a.is_over()) << "what is left of the one before is not drained with it";
}

TEST(drain_progress, a_proxy_that_has_not_heard_of_it_is_waited_for) {
  const auto early = read(two_pools, "chat", "b");
  EXPECT_EQ(early.where, state::ready);
  EXPECT_FALSE(early.is_over());
  EXPECT_EQ(progress_text(early), "not draining, nothing left (0 connections)");
}

TEST(drain_progress, what_cannot_be_told_is_not_over) {
  for (
      const auto& [pools, pool, member] : std::initializer_list<std::array<std::string_view, 3>>{
          {two_pools, "", "b"},
          {two_pools, "nowhere", "a"},
          {R"([{"name":"p","members":[{"id":"a","state":"draining","connections":0}]}])", "p", "a"},
          {R"([{"name":"p","members":[{"id":"a","state":"draining","live":{"requests":0,"tunnels":0}}]}])",
           "p", "a"},
          {R"([{"name":"p","members":[{"id":"a","state":"draining","live":{"requests":-1,"event_streams":0,"tunnels":0}}]}])",
           "p", "a"},
          {R"([{"name":"p","members":[{"id":"a","state":"draining","live":7}]}])", "p", "a"}}) {
    const auto progress = read(pools, pool, member);
    EXPECT_EQ(progress.where, state::unknown) << pools;
    EXPECT_FALSE(progress.is_over());
    EXPECT_FALSE(progress_text(progress).empty());
  }
  EXPECT_EQ(read("7", "p", "a").where, state::unknown);
  EXPECT_EQ(read(R"([7,{"members":"x"},{"name":"p","members":[null,{"id":5}]}])", "p", "a").where,
            state::gone);
}

} // namespace
} // namespace limpet::ops
