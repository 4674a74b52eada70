#include "proxy/membership/snapshot.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace limpet::membership {
namespace {

namespace fs = std::filesystem;

const member_list list{.members = {{.id = "a",
                                    .incarnation = "i",
                                    .address = "a:1",
                                    .weight = 2,
                                    .zone = "z",
                                    .state = routing::member_state::draining},
                                   {.id = "b",
                                    .incarnation = "",
                                    .address = "unix:/b",
                                    .weight = 1,
                                    .zone = "",
                                    .state = routing::member_state::ready}},
                       .epoch = 18'446'744'073'709'551'615u,
                       .stale = false};

TEST(snapshot, comes_back_stale) {
  const auto decoded = decode_snapshot("chat", encode_snapshot("chat", list));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->members, list.members);
  EXPECT_EQ(decoded->epoch, list.epoch);
  EXPECT_TRUE(decoded->stale);
}

TEST(snapshot, cut_anywhere_it_is_refused) {
  const std::string whole = encode_snapshot("chat", list);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    ASSERT_FALSE(decode_snapshot("chat", whole.substr(0, cut))) << cut;
  }
}

TEST(snapshot, what_is_refused) {
  EXPECT_FALSE(decode_snapshot("shop", encode_snapshot("chat", list))) << "another pool's";
  for (
      const char* text :
      {"[]", "{}", R"({"version":2,"pool":"chat","epoch":1,"members":[]})",
       R"({"version":1,"pool":"chat","members":[]})",
       R"({"version":1,"pool":"chat","epoch":-1,"members":[]})",
       R"({"version":1,"pool":"chat","epoch":1,"members":{}})",
       R"({"version":1,"pool":"chat","epoch":1,"members":[5]})",
       R"({"version":1,"pool":"chat","epoch":1,"members":[{"id":"a"}]})",
       R"({"version":1,"pool":"chat","epoch":1,"members":[{"id":"a","value":{"address":"none"}}]})",
       R"({"version":1,"pool":"chat","epoch":1,"members":[{"id":"a","value":{"address":"a:1"}},{"id":"a","value":{"address":"a:2"}}]})"}) {
    EXPECT_FALSE(decode_snapshot("chat", text)) << text;
  }
}

TEST(snapshot_file, is_replaced_whole_and_leaves_nothing_else_behind) {
  const test::temporary_folder folder;
  const snapshot_file file(folder.path(), "chat");
  EXPECT_FALSE(file.read()) << "not there yet";
  ASSERT_EQ(file.write({.members = {}, .epoch = 1, .stale = false}), std::nullopt);
  ASSERT_EQ(file.write(list), std::nullopt);
  const auto back = file.read();
  ASSERT_TRUE(back);
  EXPECT_EQ(back->members, list.members);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(snapshot_file, a_failed_write_keeps_the_old_one_and_says_why) {
  const test::temporary_folder folder;
  EXPECT_TRUE(snapshot_file(folder.path() + "/none", "chat").write(list));

  fs::create_directory(folder.path() + "/chat.json"); // a rename cannot replace a folder
  EXPECT_TRUE(snapshot_file(folder.path(), "chat").write(list));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "no temporary file stays";
  EXPECT_FALSE(snapshot_file(folder.path(), "chat").read());
}

TEST(snapshot_file, garbage_on_disk_is_no_list) {
  const test::temporary_folder folder;
  std::ofstream(folder.path() + "/chat.json") << "{\"version\":1";
  const auto read = snapshot_file(folder.path(), "chat").read();
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().reason.find("chat.json"), std::string::npos);
}

} // namespace
} // namespace limpet::membership
