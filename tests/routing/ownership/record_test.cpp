#include "routing/ownership/record.hpp"

#include <gtest/gtest.h>

#include "tests/routing/ownership/test_records.hpp"

namespace limpet::ownership {
namespace {

using routing::view;

constexpr std::uint64_t any_key = 0x1234567890abcdef;

TEST(Owners, of_a_committed_record_are_its_members_and_no_key_moves) {
  const owners o(committed(9, {member("a")}));
  EXPECT_EQ(o.revision(), 9u);
  EXPECT_EQ(o.epoch(), 8u);
  EXPECT_EQ(o.owner(any_key), 0u);
  EXPECT_FALSE(o.moves(any_key));
}

TEST(Owners, of_a_prepare_are_those_of_its_base) {
  const owners o(prepare(9, {member("a")}, {member("b")}));
  EXPECT_EQ(o.epoch(), 3u) << "the last committed one";
  EXPECT_EQ(o.serving().members()[o.owner(any_key)].id, "a");
  EXPECT_TRUE(o.moves(any_key));
}

TEST(Owners, are_compared_by_id_incarnation_and_address) {
  EXPECT_FALSE(owners(prepare(9, {member("a")}, {member("a")})).moves(any_key));
  EXPECT_TRUE(owners(prepare(9, {member("a", "1")}, {member("a", "2")})).moves(any_key));
  auto elsewhere = member("a");
  elsewhere.address = "10.0.0.2:80";
  EXPECT_TRUE(owners(prepare(9, {member("a")}, {elsewhere})).moves(any_key));
  auto heavier = member("a");
  heavier.weight = 7;
  EXPECT_FALSE(owners(prepare(9, {member("a")}, {heavier})).moves(any_key)) << "the only one";
}

TEST(Owners, a_key_moves_from_nobody_and_to_nobody) {
  EXPECT_TRUE(owners(prepare(9, {}, {member("a")})).moves(any_key));
  EXPECT_TRUE(owners(prepare(9, {member("a")}, {})).moves(any_key));
  EXPECT_FALSE(owners(prepare(9, {}, {})).moves(any_key));
  EXPECT_EQ(owners(prepare(9, {}, {member("a")})).owner(any_key), view::npos);
}

TEST(Owners, a_member_that_drains_loses_its_keys) {
  auto draining = member("a");
  draining.state = routing::member_state::draining;
  const owners o(prepare(9, {member("a"), member("b")}, {draining, member("b")}));
  unsigned moved = 0;
  for (std::uint64_t key = 1; key < 100; ++key) {
    const auto hash = key * 0x9e3779b97f4a7c15;
    EXPECT_EQ(o.moves(hash), o.serving().members()[o.owner(hash)].id == "a");
    moved += o.moves(hash);
  }
  EXPECT_GT(moved, 20u);
  EXPECT_LT(moved, 80u);
}

TEST(Record, of_nothing_has_no_owners) {
  const owners o{record{}};
  EXPECT_EQ(o.revision(), 0u);
  EXPECT_EQ(o.owner(any_key), view::npos);
  EXPECT_FALSE(o.moves(any_key));
}

TEST(Record, a_prepare_has_the_last_committed_members_as_its_base) {
  const auto first = make_prepare(committed(9, {member("a")}), {member("b")}, 20);
  EXPECT_EQ(first.base, members{member("a")});
  EXPECT_EQ(first.base_epoch, 8u);
  EXPECT_EQ(first.members_rev, 20u);

  const auto superseding = make_prepare(prepare(12, {member("a")}, {member("b")}), {member("c")}, 30);
  EXPECT_EQ(superseding.base, members{member("a")}) << "and never what was not committed";
  EXPECT_EQ(superseding.base_epoch, 3u);

  EXPECT_TRUE(make_prepare(record{}, {member("a")}, 2).base.empty());
}

TEST(Record, a_commit_has_the_members_and_the_epoch_of_its_prepare) {
  const auto made = make_commit(prepare(12, {member("a")}, {member("b")}, 30));
  EXPECT_EQ(made.state, record_state::committed);
  EXPECT_EQ(made.epoch, 12u);
  EXPECT_EQ(made.members, members{member("b")});
  EXPECT_EQ(made.members_rev, 30u);
  EXPECT_TRUE(made.base.empty());
}

TEST(Record, whoever_is_there_with_another_incarnation_is_lost) {
  EXPECT_FALSE(lost_any({}, {member("a")}));
  EXPECT_FALSE(lost_any({member("a")}, {member("a"), member("b")}));
  EXPECT_TRUE(lost_any({member("a"), member("b")}, {member("a")}));
  EXPECT_TRUE(lost_any({member("a", "1")}, {member("a", "2")}));
}

} // namespace
} // namespace limpet::ownership
