#include "config/members_file.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::config::test {
namespace {

using routing::member;
using routing::member_state;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<member> both{{"a", "7", "10.0.0.7:9001", 2, "eu", member_state::draining},
                               {"b", "", "unix:/run/$b.sock", 1, "", member_state::ready}};

TEST(members_file, is_yaml) {
  const auto r = parse_members(
      "members:\n"
      "  - {id: a, address: '10.0.0.7:9001', weight: 2, zone: eu, state: draining, incarnation: 7}\n"
      "  - {id: b, address: 'unix:/run/$b.sock'}\n",
      "m");
  EXPECT_THAT(lines(r.errors), ElementsAre());
  EXPECT_EQ(r.members, both);
}

TEST(members_file, or_json) {
  const auto r = parse_members(R"({"members": [
      {"id": "a", "address": "10.0.0.7:9001", "weight": 2, "zone": "eu", "state": "draining",
       "incarnation": "7"},
      {"id":"b","address":"unix:/run/$b.sock"}]})",
                               "m");
  EXPECT_THAT(lines(r.errors), ElementsAre());
  EXPECT_EQ(r.members, both);
}

TEST(members_file, says_all_that_is_wrong_and_where) {
  const auto r = parse_members(
      "members:\n  - {id: a, adress: 'h:1'}\n  - {id: a, address: 'h:2', weight: 0}\nmembres: []\n", "m");
  EXPECT_THAT(lines(r.errors),
              ElementsAre("2:5 members[0]: must have \"address\" (`host:port`, `[v6]:port` or `unix:/path`.)",
                          "2:13 members[0]: unknown key \"adress\" (did you mean \"address\"?)",
                          "3:10 members[1]: the id \"a\" is taken (it is first given in line 2)",
                          "3:37 members[1].weight: must be 1 to 65535",
                          "4:1 unknown key \"membres\" (did you mean \"members\"?)"));
}

TEST(members_file, without_members_is_a_mistake_and_not_an_empty_pool) {
  EXPECT_FALSE(parse_members("", "m").ok());
  EXPECT_FALSE(parse_members("members: []", "m").ok());
  EXPECT_FALSE(parse_members("members:", "m").ok());
  EXPECT_FALSE(parse_members("[]", "m").ok());
  EXPECT_FALSE(parse_members("members: [", "m").ok());
  EXPECT_FALSE(parse_members("members: [~]", "m").ok());
}

TEST(members_file, is_read_from_disk) {
  const temporary_file file("members: [{id: a, address: 'h:1'}]\n");
  EXPECT_TRUE(load_members(file.path()).ok());
  EXPECT_THAT(to_string(load_members("/nowhere").errors.at(0)), HasSubstr("No such file"));
}

} // namespace
} // namespace limpet::config::test
