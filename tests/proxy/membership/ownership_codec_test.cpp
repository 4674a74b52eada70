#include "proxy/membership/ownership_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::membership {
namespace {

using ownership::record;
using ownership::record_state;

const ownership_terms ours{"blue", "weighted-rendezvous/1", "d1", "l1"};

routing::member member(const std::string& id, const std::string& incarnation = "i") {
  return {
      .id = id, .incarnation = incarnation, .address = "10.0.0.1:80", .weight = 2, .zone = "z", .state = {}};
}

record prepare() {
  record r;
  r.state = record_state::prepare;
  r.revision = r.epoch = 40;
  r.members = {member("a"), member("b", "2"), member("c")};
  r.members_rev = 39;
  r.base = {member("a"), member("b", "1"), member("d")};
  r.base_epoch = 20;
  r.members.front().state = routing::member_state::draining;
  return r;
}

record committed() {
  record r;
  r.revision = 41;
  r.epoch = 40;
  r.members = {member("a")};
  r.members_rev = 39;
  return r;
}

void expect_same(const record& one, const record& other) {
  EXPECT_EQ(one.state, other.state);
  EXPECT_EQ(one.revision, other.revision);
  EXPECT_EQ(one.epoch, other.epoch);
  EXPECT_EQ(one.members, other.members);
  EXPECT_EQ(one.members_rev, other.members_rev);
  EXPECT_EQ(one.base, other.base);
  EXPECT_EQ(one.base_epoch, other.base_epoch);
}

TEST(ownership_codec, records_come_back_as_they_were) {
  for (const auto& r : {prepare(), committed()}) {
    const auto read = decode_record(encode_record(r, ours), r.revision, ours);
    ASSERT_TRUE(read) << read.error().reason;
    expect_same(*read, r);
  }
}

TEST(ownership_codec, the_base_is_stored_as_a_difference) {
  const auto text = encode_record(prepare(), ours);
  EXPECT_EQ(
      text,
      R"({"cluster":"blue","placement":"weighted-rendezvous/1","keys_digest":"d1","limits":"l1","state":"PREPARE",)"
      R"("members_rev":39,"members":[["a","i","10.0.0.1:80",2,"z","draining"],)"
      R"(["b","2","10.0.0.1:80",2,"z","ready"],["c","i","10.0.0.1:80",2,"z","ready"]],"base_epoch":20,)"
      R"("base":{"put":[["a","i","10.0.0.1:80",2,"z","ready"],["b","1","10.0.0.1:80",2,"z","ready"],)"
      R"(["d","i","10.0.0.1:80",2,"z","ready"]],"without":["c"]}})");
}

TEST(ownership_codec, ten_thousand_members_are_far_below_what_etcd_takes) {
  record r = prepare();
  r.members.clear();
  for (int i = 10'000; i < 20'000; ++i)
    r.members.push_back({.id = "backend-" + std::to_string(i) + ".eu-west-1.example",
                         .incarnation = "0123456789abcdef",
                         .address = "10.20.30.40:" + std::to_string(i),
                         .weight = 100,
                         .zone = "eu-west-1a",
                         .state = {}});
  r.base = r.members;
  r.base.pop_back();
  const auto text = encode_record(r, ours);
  EXPECT_LT(text.size(), view_bytes_max * 3 / 4) << "with room for base64 and a transaction around it";
  const auto read = decode_record(text, r.revision, ours);
  ASSERT_TRUE(read);
  expect_same(*read, r);
}

TEST(ownership_codec, records_of_other_terms_are_refused_and_named) {
  const auto text = encode_record(committed(), ours);
  const auto reason = [&](ownership_terms t) { return decode_record(text, 41, t).error().reason; };
  EXPECT_EQ(reason({"green", ours.placement, ours.keys_digest, ours.limits}),
            "its cluster is \"blue\", and ours \"green\"");
  EXPECT_EQ(reason({ours.cluster, "other/1", ours.keys_digest, ours.limits}),
            "its placement is \"weighted-rendezvous/1\", and ours \"other/1\"");
  EXPECT_EQ(reason({ours.cluster, ours.placement, "d2", ours.limits}),
            "its keys_digest is \"d1\", and ours \"d2\"");
  EXPECT_EQ(reason({ours.cluster, ours.placement, ours.keys_digest, "l2"}),
            "its limits is \"l1\", and ours \"l2\"");
}

TEST(ownership_codec, whatever_is_damaged_is_refused) {
  const auto whole = encode_record(prepare(), ours);
  for (std::size_t end = 0; end < whole.size(); ++end)
    ASSERT_FALSE(decode_record(whole.substr(0, end), 40, ours)) << end;
  const std::vector<std::pair<std::string, std::string>> changes = {
      {R"("PREPARE")", R"("COMMITED")"},
      {R"("members_rev":39)", R"("members_rev":-1)"},
      {R"("members_rev":39,)", ""},
      {R"(["c","i")", R"(["A","i")"},
      {R"(["c","i")", R"(["b","i")"},
      {R"("10.0.0.1:80",2)", R"("10.0.0.1",2)"},
      {R"("10.0.0.1:80",2)", R"("10.0.0.1:80",0)"},
      {R"("draining")", R"("dreaming")"},
      {R"("without":["c"])", R"("without":[1])"},
      {R"("base":{)", R"("bass":{)"},
      {R"("base_epoch":20)", R"("base_epoch":40)"},
      {R"([["a","i",)", R"([["a",7,)"},
  };
  for (const auto& [from, to] : changes) {
    auto text = whole;
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    EXPECT_FALSE(decode_record(text, 40, ours)) << to;
  }
  EXPECT_FALSE(decode_record(encode_record(committed(), ours), 40, ours))
      << "committed before it was prepared";
  EXPECT_FALSE(decode_record("[]", 1, ours));
  EXPECT_FALSE(decode_record(std::string(view_bytes_max + 1, ' '), 1, ours));
}

TEST(ownership_codec, routers_and_acknowledgements) {
  EXPECT_EQ(complaint_of_router(encode_router(ours), ours), "");
  EXPECT_EQ(
      complaint_of_router(encode_router(ours), {"green", ours.placement, ours.keys_digest, ours.limits}),
      "its cluster is \"blue\", and ours \"green\"");
  EXPECT_NE(complaint_of_router("{}", ours), "");
  EXPECT_NE(complaint_of_router("x", ours), "");
  EXPECT_EQ(*decode_acknowledgement(encode_acknowledgement(77)), 77u);
  for (const auto* bad : {"", "0", "-1", "7x", " 7", "18446744073709551616"})
    EXPECT_FALSE(decode_acknowledgement(bad)) << bad;
}

} // namespace
} // namespace limpet::membership
