#include "proxy/ops/member_drains.hpp"
#include "tests/proxy/ops/example.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

namespace limpet::ops {
namespace {

using testing::HasSubstr;
using kind = drain_outcome::kind;

/// The example's pools, with chat and shop from etcd and app as it is.
struct member_drains_test : testing::Test {
  example example_;
  std::vector<pool_facts> pools;

  member_drains_test() {
    for (const auto* name : {"chat", "shop"})
      example_.pool(name).settings.members.source = config::source_kind::etcd;
    membership::source_status source;
    source.ready = true;
    for (const auto& p : example_.snapshot->pools)
      pools.push_back({p, source});
    pools[1].drains = {{"s9", {"ops", "2026-01-31T09:30:00Z"}, false}};
  }

  std::string target_of(std::string_view query, drain_verb verb = drain_verb::begin) const {
    const auto found = find_drain_target(pools, query, verb);
    if (const auto* target = std::get_if<drain_target>(&found))
      return target->pool + ' ' + target->member + ' ' + target->by;
    return "refused";
  }
  drain_answer refusal_of(std::string_view query, drain_verb verb = drain_verb::begin) const {
    const auto found = find_drain_target(pools, query, verb);
    const auto* answer = std::get_if<drain_answer>(&found);
    return answer ? *answer : drain_answer{0, {}};
  }
};

TEST_F(member_drains_test, the_pool_may_be_left_out_where_one_alone_has_the_member) {
  EXPECT_EQ(target_of("member=s1"), "shop s1 admin");
  EXPECT_EQ(target_of("pool=shop&member=s1&by=alice%40desk"), "shop s1 alice@desk");
  EXPECT_EQ(target_of("member=c"), "chat c admin") << "it may be draining already";
  EXPECT_EQ(target_of("member=s1", drain_verb::undo), "shop s1 ");
}

TEST_F(member_drains_test, an_id_in_two_pools_needs_the_pool) {
  example_.pool("shop").view = routing::view({example_.pool("chat").view.members()[0]}, 8);
  const auto answer = refusal_of("member=a");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(boost::json::serialize(answer.content.at("pools")), R"(["chat","shop"])");
  EXPECT_EQ(target_of("pool=shop&member=a"), "shop a admin");
}

TEST_F(member_drains_test, a_query_that_says_too_little_or_too_much) {
  for (const auto* query :
       {"", "pool=chat", "member=", "member=a&member=b", "member=a&pool=x&pool=y", "member=a&colour=red",
        "member=%zz", "member=a%2Fb", "member=a%20b", "member=a&by=%0A"}) {
    const auto answer = refusal_of(query);
    EXPECT_EQ(answer.status, 400u) << query;
    EXPECT_TRUE(answer.content.contains("error"));
  }
  EXPECT_EQ(refusal_of("member=a&by=" + std::string(129, 'x')).status, 400u);
}

TEST_F(member_drains_test, what_is_unknown_is_told_with_what_there_is) {
  auto answer = refusal_of("pool=nowhere&member=a");
  EXPECT_EQ(answer.status, 404u);
  EXPECT_THAT(boost::json::serialize(answer.content),
              HasSubstr(R"({"name":"chat","members":["a","b","c"]})"));
  answer = refusal_of("pool=chat&member=z");
  EXPECT_EQ(answer.status, 404u);
  EXPECT_EQ(boost::json::serialize(answer.content),
            R"({"error":"pool chat has no member z","pools":[{"name":"chat","members":["a","b","c"]}]})");
  EXPECT_EQ(refusal_of("member=z").status, 404u);
  EXPECT_EQ(refusal_of("pool=app&member=z").status, 404u);
}

TEST_F(member_drains_test, a_long_inventory_is_cut) {
  std::vector<routing::member> many(1000);
  for (std::size_t i = 0; i < many.size(); ++i)
    many[i].id = "m" + std::to_string(i);
  example_.pool("chat").view = routing::view(many, 1);
  const auto answer = refusal_of("pool=chat&member=z");
  EXPECT_EQ(answer.content.at("pools").at(0).at("members").as_array().size(), 200u);
}

TEST_F(member_drains_test, other_sources_say_how_it_is_done_there) {
  auto answer = refusal_of("member=x");
  EXPECT_EQ(answer.status, 409u);
  EXPECT_EQ(
      boost::json::serialize(answer.content),
      R"({"error":"the members of pool app stand in the configuration: give the member `state: draining` )"
      R"(there, and reload"})");
  auto& members = example_.pool("app").settings.members;
  members.source = config::source_kind::file;
  members.file_path = "/etc/limpet/app.yaml";
  answer = refusal_of("member=x", drain_verb::undo);
  EXPECT_EQ(answer.status, 409u);
  EXPECT_THAT(boost::json::serialize(answer.content), HasSubstr("/etc/limpet/app.yaml"));
}

TEST_F(member_drains_test, members_that_are_not_known_yet) {
  pools[0].source.ready = false;
  example_.pool("chat").view = {};
  EXPECT_EQ(refusal_of("pool=chat&member=a").status, 503u);
}

TEST_F(member_drains_test, a_drain_of_a_member_that_is_not_there_can_be_undone) {
  EXPECT_EQ(target_of("member=s9", drain_verb::undo), "shop s9 ");
  EXPECT_EQ(target_of("pool=chat&member=gone", drain_verb::undo), "chat gone ")
      << "this proxy may not have heard of it";
  EXPECT_EQ(refusal_of("member=s9").status, 404u) << "but none is begun";
  EXPECT_EQ(refusal_of("member=z", drain_verb::undo).status, 404u);
}

TEST_F(member_drains_test, what_came_of_it) {
  const drain_target target{"chat", "a", "admin"};
  const auto said = [&](drain_verb verb, drain_outcome outcome) {
    const auto answer = answer_of(target, verb, outcome, pools);
    return std::to_string(answer.status) + ' ' + boost::json::serialize(answer.content);
  };
  EXPECT_EQ(said(drain_verb::begin, {}), R"(200 {"pool":"chat","member":"a","drain":"begun"})");
  EXPECT_EQ(said(drain_verb::begin, {kind::nothing_to_do}),
            R"(200 {"pool":"chat","member":"a","drain":"begun earlier"})");
  EXPECT_EQ(said(drain_verb::undo, {}), R"(200 {"pool":"chat","member":"a","drain":"undone"})");
  EXPECT_EQ(said(drain_verb::undo, {kind::nothing_to_do}),
            R"(404 {"error":"pool chat has no drain of member a"})");
  EXPECT_THAT(said(drain_verb::begin, {kind::no_answer, "timed out"}), testing::StartsWith("503 "));
  EXPECT_EQ(said(drain_verb::begin, {kind::refused, "permission denied"}),
            R"(502 {"error":"permission denied"})");
}

TEST_F(member_drains_test, a_drain_that_will_not_do_what_was_meant_says_why) {
  const auto notes_of = [&](const char* member, drain_verb verb = drain_verb::begin) {
    const auto answer = answer_of({"chat", member, "admin"}, verb, {}, pools);
    const auto* notes = answer.content.if_contains("notes");
    return notes != nullptr ? boost::json::serialize(*notes) : std::string();
  };
  EXPECT_EQ(notes_of("a"), "") << "b is ready too";
  const auto now = std::chrono::steady_clock::now();
  auto& rails = pools[0].rails.emplace();
  rails.suspended = now;
  EXPECT_THAT(notes_of("a"), HasSubstr("the pool is suspended"));
  rails.suspended.reset();
  rails.held = {{"a", now, now, 2, 3}};
  EXPECT_THAT(notes_of("a"), HasSubstr("only held in the view"));
  EXPECT_EQ(notes_of("b"), "");
  auto members = example_.pool("chat").view.members();
  example_.pool("chat").view = routing::view({members[0], members[2]}, 43);
  rails.held.clear();
  EXPECT_THAT(notes_of("a"), HasSubstr("no other member of the pool is ready"));
  EXPECT_EQ(notes_of("a", drain_verb::undo), "");
}

TEST_F(member_drains_test, the_list_has_pools_from_etcd_alone) {
  EXPECT_EQ(boost::json::serialize(drains_json(pools)),
            R"({"pools":[{"name":"chat","stale":false,"drains":[]},{"name":"shop","stale":false,"drains":[)"
            R"({"member":"s9","by":"ops","at":"2026-01-31T09:30:00Z","member_is_there":false}]}]})");
}

} // namespace
} // namespace limpet::ops
