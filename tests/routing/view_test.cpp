#include "routing/view.hpp"
#include "tests/routing/test_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace limpet::routing {
namespace {

using testing::make_member;

TEST(view, is_empty_by_default) {
  const view v;
  EXPECT_TRUE(v.members().empty());
  EXPECT_TRUE(v.classes().empty());
  EXPECT_EQ(v.find("a"), view::npos);
  EXPECT_EQ(v.find_by_id_hash(hash_bytes("a")), view::npos);
}

TEST(view, sorts_by_id_and_finds_members) {
  const view v({make_member("c"), make_member("a"), make_member("b")}, 7);
  ASSERT_EQ(v.members().size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) {
    const std::string& id = v.members()[i].id;
    EXPECT_EQ(id, std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(v.find(id), i);
    EXPECT_EQ(v.find_by_id_hash(hash_bytes(id)), i);
    EXPECT_EQ(v.hashes(i), (view::member_hashes{hash_bytes(id), hash_bytes("first")}));
  }
  EXPECT_EQ(v.find("aa"), view::npos);
  EXPECT_EQ(v.find("d"), view::npos);
  EXPECT_EQ(v.find_by_id_hash(hash_bytes("d")), view::npos);
  EXPECT_EQ(v.epoch(), 7u);
}

TEST(view, keeps_the_first_of_several_with_one_id) {
  const view v({make_member("a", 2), make_member("b"), make_member("a", 3)}, 1);
  ASSERT_EQ(v.members().size(), 2u);
  EXPECT_EQ(v.members()[0].weight, 2u);
}

TEST(view, clamps_weights) {
  const view v({make_member("a", 0), make_member("b", 4'000'000'000)}, 1);
  EXPECT_EQ(v.members()[0].weight, 1u);
  EXPECT_EQ(v.members()[1].weight, member_weight_max);
}

TEST(view, groups_ready_members_by_weight) {
  const view v({make_member("a", 2), make_member("b", 1), make_member("c", 2),
                make_member("d", 3, member_state::draining)},
               1);
  ASSERT_EQ(v.classes().size(), 2u);
  EXPECT_EQ(v.classes()[0].weight, 1u);
  EXPECT_EQ(v.classes()[0].members, std::vector<std::uint32_t>{1});
  EXPECT_EQ(v.classes()[1].weight, 2u);
  EXPECT_EQ(v.classes()[1].members, (std::vector<std::uint32_t>{0, 2}));
}

struct change {
  const char* of;
  std::function<void(member&)> apply;
};

class view_checksum : public ::testing::TestWithParam<change> {};

TEST_P(view_checksum, changes_with_each_thing_that_placement_reads) {
  std::vector<member> members{make_member("a"), make_member("b")};
  const std::uint64_t before = view(members, 1).checksum();
  GetParam().apply(members[1]);
  EXPECT_NE(view(members, 1).checksum(), before);
}

INSTANTIATE_TEST_SUITE_P(of, view_checksum,
                         ::testing::Values(change{"id", [](member& m) { m.id = "c"; }},
                                           change{"incarnation", [](member& m) { m.incarnation = "second"; }},
                                           change{"address", [](member& m) { m.address = "10.0.0.2:9000"; }},
                                           change{"weight", [](member& m) { m.weight = 2; }},
                                           change{"state",
                                                  [](member& m) { m.state = member_state::draining; }}),
                         [](const auto& test) { return std::string(test.param.of); });

TEST(view, checksum_knows_neither_order_nor_epoch_nor_zone) {
  std::vector<member> members{make_member("a"), make_member("b"), make_member("c")};
  const std::uint64_t before = view(members, 1).checksum();
  std::ranges::reverse(members);
  members[0].zone = "east";
  EXPECT_EQ(view(members, 2).checksum(), before);
}

TEST(view, checksum_tells_where_one_text_ends_and_the_next_begins) {
  member left = make_member("a");
  left.incarnation = "xy";
  left.address = "z";
  member right = left;
  right.incarnation = "x";
  right.address = "yz";
  EXPECT_NE(view({left}, 1).checksum(), view({right}, 1).checksum());
}

TEST(view, checksum_fits_a_double) {
  for (std::uint32_t weight = 1; weight < 200; ++weight)
    EXPECT_LT(view({make_member("a", weight)}, 1).checksum(), std::uint64_t{1} << 52);
}

} // namespace
} // namespace limpet::routing
