#include "proxy/membership/file_source.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace limpet::membership {
namespace {

namespace fs = std::filesystem;

std::string members_text(const std::vector<std::string>& ids) {
  std::string text = "members:\n";
  for (const std::string& id : ids) {
    text += "  - {id: " + id + ", address: \"127.0.0.1:9001\"}\n";
  }
  return text;
}

struct file_source_test : testing::Test {
  test::test_io io;
  test::temporary_folder folder;
  std::string path = folder.path() + "/members.yaml";
  std::optional<file_source> source;
  std::optional<member_list> latest;
  int publications = 0;

  void start(const std::string& at) {
    source.emplace(io.context.get_executor(), "shop", at);
    source->start([this](member_list list) {
      ++publications;
      latest = std::move(list);
    });
  }

  void write(const std::string& text) const { std::ofstream(path) << text; }
  void replace(const std::string& text) const {
    std::ofstream(path + ".new") << text;
    fs::rename(path + ".new", path);
  }

  std::string ids() const {
    std::string all;
    for (const auto& member : latest ? latest->members : std::vector<routing::member>()) {
      all += member.id + " ";
    }
    return all;
  }
  void wait_for(const std::string& wanted) {
    io.run_until([&] { return ids() == wanted && !latest->stale; },
                 "members '" + wanted + "', not '" + ids() + "'");
  }
};

TEST_F(file_source_test, publishes_before_start_returns) {
  write(members_text({"a", "b"}));
  start(path);
  EXPECT_EQ(ids(), "a b ");
  EXPECT_EQ(latest->epoch, 1u);
  EXPECT_FALSE(latest->stale);
  EXPECT_TRUE(source->status().ready);
  EXPECT_EQ(source->status().kind, "file");
}

TEST_F(file_source_test, follows_writes_and_replacements) {
  write(members_text({"a"}));
  start(path);
  replace(members_text({"a", "b"}));
  wait_for("a b ");
  EXPECT_EQ(latest->epoch, 2u);
  replace(members_text({"c"}));
  wait_for("c ");
  write(members_text({"d"}));
  wait_for("d ");
  EXPECT_EQ(latest->epoch, 4u);
}

TEST_F(file_source_test, a_file_that_is_not_there_yet_is_waited_for) {
  start(path);
  EXPECT_EQ(publications, 0);
  EXPECT_FALSE(source->status().ready);
  EXPECT_TRUE(source->status().stale);
  write(members_text({"a"}));
  wait_for("a ");
  EXPECT_FALSE(source->status().stale);
}

TEST_F(file_source_test, and_so_is_its_folder) {
  path = folder.path() + "/later/members.yaml";
  start(path);
  fs::create_directory(folder.path() + "/later");
  write(members_text({"a"}));
  wait_for("a ");
  replace(members_text({"b"}));
  wait_for("b ");
}

TEST_F(file_source_test, a_file_that_does_not_parse_keeps_the_last_good_list) {
  write(members_text({"a"}));
  start(path);
  replace("members: [\n");
  io.run_until([&] { return latest->stale; }, "the complaint");
  EXPECT_EQ(ids(), "a ");
  EXPECT_EQ(latest->epoch, 1u);
  EXPECT_EQ(source->status().invalid_values, 1u);
  EXPECT_NE(source->status().last_error.find("members.yaml"), std::string::npos)
      << source->status().last_error;
  replace("members:\n  - {id: a}\n");
  io.run_until([&] { return source->status().invalid_values == 2; }, "the second complaint");
  EXPECT_EQ(publications, 2) << "still stale: nothing new to publish";
  replace(members_text({"a"}));
  wait_for("a ");
  EXPECT_EQ(latest->epoch, 1u) << "the same list is the same epoch";
  EXPECT_TRUE(source->status().last_error.empty());
}

TEST_F(file_source_test, a_file_that_goes_away_keeps_the_last_good_list) {
  write(members_text({"a"}));
  start(path);
  fs::remove(path);
  io.run_until([&] { return latest->stale; }, "the complaint");
  EXPECT_EQ(ids(), "a ");
  EXPECT_EQ(source->status().invalid_values, 0u);
  write(members_text({"b"}));
  wait_for("b ");
}

TEST_F(file_source_test, a_link_that_is_moved_is_followed) {
  // As Kubernetes mounts a ConfigMap: members.yaml -> ..data/members.yaml, ..data -> a folder, which is
  // replaced.
  for (const char* version : {"1", "2"}) {
    fs::create_directory(folder.path() + "/v" + version);
    std::ofstream(folder.path() + "/v" + version + "/members.yaml")
        << members_text({std::string("m") + version});
  }
  fs::create_symlink("v1", folder.path() + "/..data");
  fs::create_symlink("..data/members.yaml", path);
  start(path);
  EXPECT_EQ(ids(), "m1 ");
  fs::create_symlink("v2", folder.path() + "/..new");
  fs::rename(folder.path() + "/..new", folder.path() + "/..data");
  wait_for("m2 ");
}

TEST_F(file_source_test, a_folder_that_is_replaced_is_followed) {
  path = folder.path() + "/etc/members.yaml";
  fs::create_directory(folder.path() + "/etc");
  write(members_text({"a"}));
  start(path);
  fs::rename(folder.path() + "/etc", folder.path() + "/old");
  fs::create_directory(folder.path() + "/etc");
  write(members_text({"b"}));
  wait_for("b ");
  replace(members_text({"c"}));
  wait_for("c ");
}

TEST_F(file_source_test, nothing_is_published_after_a_stop) {
  write(members_text({"a"}));
  start(path);
  source->stop();
  source->stop();
  replace(members_text({"b"}));
  file_source witness(io.context.get_executor(), "shop", path);
  std::string seen;
  witness.start([&](const member_list& list) { seen = list.members.at(0).id; });
  replace(members_text({"c"}));
  io.run_until([&] { return seen == "c"; }, "the witness");
  EXPECT_EQ(publications, 1);
}

} // namespace
} // namespace limpet::membership
