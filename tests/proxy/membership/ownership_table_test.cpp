#include "proxy/membership/ownership_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::membership {
namespace {

using testing::HasSubstr;

const ownership_terms ours{"blue", "p", "k", "l"};

struct OwnershipTable : testing::Test {
  ownership_table table{pool_keys("/limpet", "app"), ownership_keys("/limpet", "app"), ours};

  void put(const std::string& key, const std::string& value, std::int64_t revision = 5) {
    table.apply(
        {.key = "/limpet/app/" + key, .value = value, .revision = revision, .create_revision = revision});
  }
  void remove(const std::string& key) {
    table.apply({.key = "/limpet/app/" + key, .value = {}, .revision = 9});
  }
  static std::string record_of(std::uint64_t epoch) {
    ownership::record r;
    r.epoch = epoch;
    return encode_record(r, ours);
  }
};

TEST_F(OwnershipTable, puts_together_what_stands_in_three_places) {
  put("routers/p.1", encode_router(ours));
  put("alive/p.1", encode_router(ours));
  put("acks/p.1", "7");
  put("routers/q.1", encode_router(ours));
  put("alive/gone.1", encode_router(ours));
  const auto routers = table.routers();
  ASSERT_EQ(routers.size(), 2u) << "who is not in routers/ is in no barrier set";
  EXPECT_EQ(routers[0].incarnation, "p.1");
  EXPECT_TRUE(routers[0].alive);
  EXPECT_EQ(routers[0].acknowledged, 7u);
  EXPECT_FALSE(routers[1].alive);
  EXPECT_EQ(routers[1].acknowledged, 0u);
  EXPECT_TRUE(table.has_routers("p.1"));
  remove("alive/p.1");
  EXPECT_FALSE(table.has_alive("p.1"));
  remove("routers/p.1"), remove("acks/p.1");
  EXPECT_EQ(table.routers().size(), 1u);
  EXPECT_EQ(table.complaint(), "");
}

TEST_F(OwnershipTable, keeps_the_newest_record) {
  EXPECT_EQ(table.record().revision, 0u);
  put("view", record_of(3), 6);
  EXPECT_EQ(table.record().revision, 6u);
  put("view", record_of(3), 4);
  EXPECT_EQ(table.record().revision, 6u);
}

TEST_F(OwnershipTable, complains_of_what_is_not_ours_until_that_is_gone) {
  put("view", record_of(3), 6);
  put("view", "{}", 7);
  EXPECT_THAT(table.complaint(), HasSubstr("/limpet/app/view is not ours"));
  EXPECT_EQ(table.record().revision, 6u);
  put("view", record_of(3), 8);
  EXPECT_EQ(table.complaint(), "");
  put("acks/p.1", "soon");
  EXPECT_THAT(table.complaint(), HasSubstr("acks/p.1 is not ours: it is not a revision"));
  remove("acks/p.1");
  EXPECT_EQ(table.complaint(), "");
  put("alive/p.1", encode_router({"green", "p", "k", "l"}));
  EXPECT_THAT(table.complaint(), HasSubstr("its cluster is \"green\", and ours \"blue\""));
  remove("alive/p.1");
  EXPECT_EQ(table.complaint(), "");
}

TEST_F(OwnershipTable, a_record_that_was_there_is_not_deleted) {
  remove("view");
  EXPECT_EQ(table.complaint(), "");
  put("view", record_of(3), 6);
  remove("view");
  EXPECT_THAT(table.complaint(), HasSubstr("it was deleted"));
}

TEST_F(OwnershipTable, no_record_knows_members_of_the_future) {
  ownership::record r;
  r.members_rev = 6;
  put("view", encode_record(r, ours), 6);
  EXPECT_EQ(table.record().revision, 6u);
  r.members_rev = 8;
  put("view", encode_record(r, ours), 7);
  EXPECT_THAT(table.complaint(), HasSubstr("a revision that was not there yet"));
  EXPECT_EQ(table.record().revision, 6u);
}

TEST_F(OwnershipTable, has_the_members_too) {
  put("members/a", R"({"address":"10.0.0.1:1"})");
  put("drains/a", "{}");
  ASSERT_EQ(table.members().members().size(), 1u);
  EXPECT_EQ(table.members().members()[0].state, routing::member_state::draining);
}

TEST_F(OwnershipTable, a_member_has_an_address_that_is_the_same_for_all_proxies) {
  const etcd::change named{.key = "/limpet/app/members/a", .value = R"({"address":"h:1"})", .revision = 5};
  EXPECT_THAT(table.apply(named).value_or(""), HasSubstr("host name"));
  EXPECT_TRUE(table.members().members().empty());
  ownership::record r;
  r.members = {{.id = "a", .incarnation = "1", .address = "h:1", .zone = {}}};
  put("view", encode_record(r, ours), 6);
  EXPECT_THAT(table.complaint(), HasSubstr("an entry that is no member"));
}

TEST_F(OwnershipTable, what_proxies_with_other_settings_have_left_is_no_reason_to_stop) {
  ownership::record r;
  put("view", encode_record(r, {"blue", "p", "k", "others"}), 6);
  put("routers/p.1", encode_router({"blue", "p", "k", "others"}));
  EXPECT_EQ(table.left_view(), 0) << "one is there";
  EXPECT_THAT(table.complaint(), HasSubstr("its limits is"));
  remove("routers/p.1");
  EXPECT_EQ(table.left_view(), 6);
  EXPECT_EQ(table.complaint(), "");
  EXPECT_EQ(table.record().revision, 0u);
  put("routers/p.2", encode_router(ours));
  EXPECT_THAT(table.complaint(), HasSubstr("its limits is")) << "who is there now is to agree with it, too";
  remove("view"), remove("routers/p.2");
  EXPECT_EQ(table.left_view(), 0);
  EXPECT_EQ(table.complaint(), "");
}

TEST_F(OwnershipTable, another_clusters_or_a_damaged_record_is_never_begun_anew) {
  ownership::record r;
  put("view", encode_record(r, {"green", "p", "k", "others"}), 6);
  EXPECT_EQ(table.left_view(), 0);
  EXPECT_THAT(table.complaint(), HasSubstr("its cluster is"));
  put("view", "{}", 7);
  EXPECT_EQ(table.left_view(), 0);
  EXPECT_NE(table.complaint(), "");
}

} // namespace
} // namespace limpet::membership
