#include "proxy/membership/member_table.hpp"

#include <gtest/gtest.h>

namespace limpet::membership {
namespace {

using routing::member;
using routing::member_state;

std::string value_of(const std::string& address, const std::string& more = "") {
  return R"({"address":")" + address + "\"" + more + "}";
}

struct member_table_test : testing::Test {
  member_table table{pool_keys("/limpet", "chat")};
  std::int64_t revision = 10;

  std::optional<std::string> put(const std::string& key, const std::string& value) {
    ++revision;
    return table.apply({"/limpet/chat/" + key, value, revision, revision});
  }
  void remove(const std::string& key) { table.apply({"/limpet/chat/" + key, std::nullopt, ++revision, 0}); }

  std::string addresses() const {
    std::string all;
    for (const member& one : table.members()) {
      all += one.id + "=" + one.address + (one.state == member_state::draining ? "!" : "") + " ";
    }
    return all;
  }
};

TEST(pool_keys, what_every_proxy_watches_lies_in_one_range_without_the_other_keys_of_a_pool) {
  const pool_keys keys("/limpet", "chat");
  const auto is_inside = [&](const std::string& key) {
    return key >= keys.range_begin() && key < keys.range_end();
  };
  EXPECT_TRUE(is_inside("/limpet/chat/members/a"));
  EXPECT_TRUE(is_inside("/limpet/chat/members/~"));
  EXPECT_TRUE(is_inside("/limpet/chat/drains/a"));
  EXPECT_TRUE(is_inside("/limpet/chat/alive/p.1"));
  for (const char* other : {"/limpet/chat/acks/p", "/limpet/chat/routers/p", "/limpet/chat/view",
                            "/limpet/chat/membersx/a", "/limpet/chat2/members/a", "/limpet/cha/members/a"}) {
    EXPECT_FALSE(is_inside(other)) << other;
  }
}

TEST_F(member_table_test, members_come_change_and_go) {
  put("members/b", value_of("b:1"));
  put("members/a", value_of("a:1"));
  EXPECT_EQ(addresses(), "a=a:1 b=b:1 ");
  put("members/a", value_of("a:2"));
  remove("members/b");
  EXPECT_EQ(addresses(), "a=a:2 ");
  remove("members/never");
  EXPECT_EQ(addresses(), "a=a:2 ");
}

TEST_F(member_table_test, proxies_that_hand_over_by_a_barrier_are_known_and_are_no_change_of_members) {
  put("members/a", value_of("a:1"));
  put("alive/p.2", "{}");
  put("alive/p.1", "whatever");
  EXPECT_EQ(table.barrier_proxies(), (std::set<std::string, std::less<>>{"p.1", "p.2"}));
  EXPECT_EQ(table.epoch(), 11u);
  remove("alive/p.1");
  remove("alive/never");
  EXPECT_EQ(table.barrier_proxies(), (std::set<std::string, std::less<>>{"p.2"}));
  EXPECT_EQ(table.epoch(), 11u);
}

TEST_F(member_table_test, the_epoch_is_the_last_changes_revision_and_counts_removals) {
  EXPECT_EQ(table.epoch(), 0u);
  put("members/a", value_of("a:1"));
  EXPECT_EQ(table.epoch(), 11u);
  remove("members/a");
  EXPECT_EQ(table.epoch(), 12u);
  put("drains/a", "");
  EXPECT_EQ(table.epoch(), 13u);
  put("leader", "x");
  EXPECT_EQ(table.epoch(), 13u) << "a foreign key between the two";
  table.apply({"/limpet/chat/members/a", value_of("a:1"), 5, 5});
  EXPECT_EQ(table.epoch(), 13u) << "lists come in the order of keys, not of revisions";
}

TEST_F(member_table_test, another_history_has_its_own_epochs) {
  put("members/a", value_of("a:1"));
  table.restart_epoch();
  table.apply({"/limpet/chat/members/a", value_of("a:1"), 3, 3});
  EXPECT_EQ(table.epoch(), 3u);
}

TEST_F(member_table_test, drains_are_told_with_those_of_members_that_are_not_there) {
  put("members/a", value_of("a:1"));
  put("drains/b", "");
  put("drains/a", R"({"by":"ops","at":"2026-01-31T09:30:00Z"})");
  put("drains/not a name", "{}");
  const std::vector<operator_drain> expected{{"a", {"ops", "2026-01-31T09:30:00Z"}, true}, {"b", {}, false}};
  EXPECT_EQ(table.drains(), expected);
  put("members/b", value_of("b:1"));
  EXPECT_TRUE(table.drains().at(1).is_there);
  put("drains/a", R"({"by":"others"})");
  EXPECT_EQ(table.drains().at(0).note.by, "others");
  remove("drains/a");
  EXPECT_EQ(table.drains().size(), 1u);
}

TEST_F(member_table_test, a_drain_key_drains_whatever_the_member_says) {
  put("drains/a", "");
  put("members/a", value_of("a:1"));
  put("members/b", value_of("b:1", R"(,"state":"draining")"));
  EXPECT_EQ(addresses(), "a=a:1! b=b:1! ");
  put("members/a", value_of("a:2"));
  EXPECT_EQ(addresses(), "a=a:2! b=b:1! ");
  remove("drains/a");
  remove("drains/b");
  EXPECT_EQ(addresses(), "a=a:2 b=b:1! ");
}

TEST_F(member_table_test, a_bad_value_leaves_the_member_as_it_was_and_a_new_one_out) {
  put("members/a", value_of("a:1"));
  EXPECT_TRUE(put("members/a", "garbage"));
  EXPECT_TRUE(put("members/b", "garbage"));
  EXPECT_TRUE(put("members/x/y", value_of("x:1")));
  EXPECT_EQ(addresses(), "a=a:1 ");
  EXPECT_EQ(table.invalid_values(), 3u);
  EXPECT_FALSE(put("members/b", value_of("b:1"))) << "mended";
  EXPECT_EQ(addresses(), "a=a:1 b=b:1 ");
  remove("members/a");
  EXPECT_EQ(addresses(), "b=b:1 ");
}

TEST_F(member_table_test, a_bad_value_leaves_the_member_as_a_list_has_it_that_all_know) {
  put("members/a", value_of("h:1")), put("members/b", value_of("h:2")), put("members/c", value_of("h:3"));
  put("members/a", "damaged"), put("members/b", "damaged"), put("drains/b", "{}"),
      put("members/d", "damaged");
  const std::vector<member> before{{.id = "b", .incarnation = {}, .address = "h:9", .zone = {}},
                                   {.id = "e", .incarnation = {}, .address = "h:8", .zone = {}}};
  const auto after = table.members_after(before);
  ASSERT_EQ(after.size(), 2u) << "what this table knew of a before is not known to all";
  EXPECT_EQ(after[0].address, "h:9");
  EXPECT_EQ(after[0].state, member_state::draining);
  EXPECT_EQ(after[1].id, "c");
  put("members/b", value_of("h:2"));
  EXPECT_EQ(table.members_after(before)[0].address, "h:2");
  remove("members/a");
  EXPECT_EQ(table.members_after({{.id = "a", .incarnation = {}, .address = "h:1", .zone = {}}}).size(), 2u)
      << "it is gone";
}

TEST_F(member_table_test, the_keys_creation_stands_in_for_an_incarnation) {
  table.apply({"/limpet/chat/members/a", value_of("a:1"), 30, 20});
  table.apply({"/limpet/chat/members/b", value_of("b:1", R"(,"incarnation":"own")"), 30, 20});
  EXPECT_EQ(table.members().at(0).incarnation, "20");
  EXPECT_EQ(table.members().at(1).incarnation, "own");
}

TEST_F(member_table_test, the_first_ten_thousand_are_the_members) {
  for (std::size_t i = 0; i < member_table::members_max + 2; ++i) {
    put("members/m" + std::to_string(100'000 + i), value_of("a:1"));
  }
  EXPECT_EQ(table.members().size(), member_table::members_max);
  EXPECT_EQ(table.left_out(), 2u);
  EXPECT_EQ(table.members().back().id, "m109999")
      << "the same ones on every proxy, whatever order they came in";
  remove("members/m100000");
  EXPECT_EQ(table.members().back().id, "m110000");
}

} // namespace
} // namespace limpet::membership
