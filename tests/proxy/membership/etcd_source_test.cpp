#include "proxy/membership/etcd_source.hpp"
#include "proxy/membership/member_codec.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/proxy/membership/tcp_relay.hpp"
#include "tests/support/etcd_process.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace limpet::membership {
namespace {

using namespace std::chrono_literals;
using test::etcd_process;

const std::string members = "/limpet/chat/members/";
const std::string drains = "/limpet/chat/drains/";

std::string value_of(const std::string& id) {
  return R"({"address":")" + id +
         R"(:1","incarnation":"i","weight":1,"zone":"","state":"ready","metadata":{}})";
}

std::shared_ptr<etcd::client> client_of(std::vector<std::string> endpoints) {
  etcd::client_options options;
  options.endpoints = std::move(endpoints);
  options.timeout = 2s;
  return std::make_shared<etcd::client>(options);
}

/// A source, and what it has published.
struct observed_source {
  observed_source(test::test_io& on, std::vector<std::string> endpoints, std::string snapshot_folder = "",
                  std::chrono::milliseconds relist = 10min)
      : io(on), source(on.context.get_executor(), client_of(std::move(endpoints)),
                       {.pool = "chat",
                        .prefix = "/limpet",
                        .relist = relist,
                        .snapshot_folder = std::move(snapshot_folder)}) {
    source.start([this](member_list list) {
      ++publications;
      latest = std::move(list);
    });
  }

  /// The ids in order, each with "!" where it is draining.
  std::string ids() const {
    std::string all;
    for (const auto& member : latest ? latest->members : std::vector<routing::member>()) {
      all += member.id + (member.state == routing::member_state::draining ? "!" : "") + " ";
    }
    return all;
  }

  void wait_for(const std::string& wanted) {
    io.run_until([&] { return latest && ids() == wanted; }, "members '" + wanted + "', not '" + ids() + "'");
  }
  void wait_for_stale(bool wanted) {
    io.run_until([&] { return latest && latest->stale == wanted; }, wanted ? "a stale list" : "a fresh list");
  }

  test::test_io& io;
  std::optional<member_list> latest;
  int publications = 0;
  etcd_source source;
};

struct etcd_source_test : testing::Test {
  test::test_io io;
  etcd_process server;

  void put(const std::string& id) { server.control({"put", members + id, value_of(id)}); }
  void remove(const std::string& id) { server.control({"del", members + id}); }
};

TEST_F(etcd_source_test, members_and_drains_come_and_go) {
  put("a");
  observed_source seen(io, {server.url()});
  seen.wait_for("a ");
  EXPECT_FALSE(seen.latest->stale);
  EXPECT_EQ(seen.latest->epoch, 2u);
  EXPECT_EQ(seen.latest->members.at(0).address, "a:1");
  put("b");
  seen.wait_for("a b ");
  EXPECT_EQ(seen.latest->epoch, 3u);
  server.control({"put", "/foreign", "x"});
  server.control({"put", drains + "a", ""});
  seen.wait_for("a! b ");
  EXPECT_EQ(seen.latest->epoch, 5u) << "a foreign change between them does not count";
  server.control({"del", drains + "a"});
  seen.wait_for("a b ");
  remove("a");
  seen.wait_for("b ");
  EXPECT_EQ(seen.latest->epoch, 7u) << "a removal counts";
  const source_status status = seen.source.status();
  EXPECT_EQ(status.kind, "etcd");
  EXPECT_TRUE(status.ready);
  EXPECT_FALSE(status.stale);
  EXPECT_EQ(status.revision, 7u);
  EXPECT_EQ(status.errors, 0u) << status.last_error;
}

TEST_F(etcd_source_test, an_empty_pool_is_published) {
  observed_source seen(io, {server.url()});
  seen.wait_for("");
  EXPECT_TRUE(seen.source.status().ready);
}

TEST_F(etcd_source_test, other_pools_are_not_seen) {
  server.control({"put", "/limpet/chat2/members/x", value_of("x")});
  server.control({"put", "/limpet/chat/membersx", value_of("x")});
  server.control({"put", "/limpet/chat/routers/x", value_of("x")});
  put("a");
  observed_source seen(io, {server.url()});
  seen.wait_for("a ");
}

TEST_F(etcd_source_test, a_bad_value_keeps_the_member_as_it_was_and_counts_once) {
  put("a");
  observed_source seen(io, {server.url()}, "", 100ms);
  seen.wait_for("a ");
  server.control({"put", members + "a", "garbage"});
  server.control({"put", members + "new", R"({"address":5})"});
  put("b");
  seen.wait_for("a b ");
  EXPECT_EQ(seen.source.status().invalid_values, 2u);
  // Lists read it again and again; it is the same bad value.
  put("c");
  seen.wait_for("a b c ");
  EXPECT_EQ(seen.source.status().invalid_values, 2u);
}

TEST_F(etcd_source_test, killed_and_restarted_in_the_middle_of_a_watch) {
  put("a");
  put("b");
  observed_source seen(io, {server.url()});
  seen.wait_for("a b ");
  server.kill();
  seen.wait_for_stale(true);
  EXPECT_EQ(seen.ids(), "a b ") << "the last list stays";
  EXPECT_TRUE(seen.source.status().stale);
  server.start();
  remove("a");
  put("c");
  seen.wait_for("b c ");
  seen.wait_for_stale(false);
  put("d");
  seen.wait_for("b c d ");
}

TEST_F(etcd_source_test, started_after_the_source) {
  put("a");
  server.kill();
  observed_source seen(io, {server.url()});
  io.run_until([&] { return seen.source.status().errors >= 2; }, "failed attempts");
  EXPECT_EQ(seen.publications, 0) << "nothing is known, and an empty list would be a lie";
  EXPECT_FALSE(seen.source.status().ready);
  server.start();
  seen.wait_for("a ");
}

TEST_F(etcd_source_test, compacted_while_it_was_cut_off) {
  put("a");
  put("b");
  test::tcp_relay relay(io.context, server.url());
  observed_source seen(io, {relay.url()});
  seen.wait_for("a b ");
  relay.cut();
  remove("a");
  put("c");
  remove("c");
  put("d");
  server.compact();
  seen.wait_for_stale(true);
  relay.mend();
  seen.wait_for("b d ");
  put("e");
  seen.wait_for("b d e ");
}

TEST_F(etcd_source_test, compacted_under_an_open_watch) {
  put("a");
  observed_source seen(io, {server.url()});
  seen.wait_for("a ");
  remove("a");
  put("b");
  server.compact();
  put("c");
  seen.wait_for("b c ");
}

TEST_F(etcd_source_test, a_watch_that_tells_nothing_any_more_is_found_out_by_the_relist) {
  put("a");
  put("b");
  test::tcp_relay relay(io.context, server.url());
  observed_source seen(io, {relay.url()}, "", 200ms);
  seen.wait_for("a b ");
  io.run_until([&] { return relay.has_watch(); }, "the watch");
  relay.black_hole_watches();
  remove("a");
  seen.wait_for("b ");
  io.run_until([&] { return seen.source.status().relist_differences > 0; }, "the difference to be counted");
  const auto publications = seen.publications;
  put("c");
  seen.wait_for("b c ");
  EXPECT_GT(seen.publications, publications);
}

TEST_F(etcd_source_test, a_refresh_brings_what_a_silent_watch_does_not) {
  put("a");
  test::tcp_relay relay(io.context, server.url());
  observed_source seen(io, {relay.url()});
  seen.wait_for("a ");
  io.run_until([&] { return relay.has_watch(); }, "the watch");
  EXPECT_EQ(seen.source.status().known_until, 2u);
  relay.black_hole_watches();
  put("b");
  server.control({"put", "/foreign", "x"});
  std::string at_the_end;
  EXPECT_TRUE(seen.source.refresh([&](bool well) { at_the_end = well ? seen.ids() : "failed"; }));
  EXPECT_FALSE(seen.source.refresh([](bool) {})) << "one is under way";
  io.run_until([&] { return !at_the_end.empty(); }, "the end of the list");
  EXPECT_EQ(at_the_end, "a b ") << "published before it is told";
  EXPECT_EQ(seen.source.status().known_until, 4u) << "the store's revision";
  EXPECT_EQ(seen.source.status().revision, 3u) << "the epoch";
  EXPECT_EQ(seen.source.status().refreshes, 1u);
}

TEST_F(etcd_source_test, a_refresh_in_vain_says_so_and_none_is_told_after_a_stop) {
  put("a");
  observed_source seen(io, {server.url()});
  seen.wait_for("a ");
  server.kill();
  std::optional<bool> told;
  seen.source.refresh([&](bool well) { told = well; });
  io.run_until([&] { return told.has_value(); }, "the end of the list");
  EXPECT_FALSE(*told);
  told.reset();
  seen.source.refresh([&](bool well) { told = well; });
  seen.source.stop();
  seen.source.refresh([&](bool well) { told = well; });
  server.start();
  observed_source witness(io, {server.url()});
  witness.wait_for("a ");
  EXPECT_FALSE(told);
}

TEST_F(etcd_source_test, a_removal_that_was_only_listed_is_known) {
  put("a");
  put("b");
  remove("b");
  observed_source seen(io, {server.url()});
  seen.wait_for("a ");
  EXPECT_EQ(seen.latest->epoch, 2u);
  EXPECT_EQ(seen.source.status().known_until, 4u);
}

TEST_F(etcd_source_test, an_etcd_restored_to_an_earlier_state_is_believed) {
  put("a");
  put("b");
  put("c");
  observed_source seen(io, {server.url()});
  seen.wait_for("a b c ");
  server.kill();
  server.forget_data();
  server.start();
  put("z");
  seen.wait_for("z ");
  EXPECT_EQ(seen.latest->epoch, 2u) << "the new history's";
  EXPECT_EQ(seen.source.status().restores, 1u);
}

TEST_F(etcd_source_test, a_cold_start_goes_on_from_the_snapshot) {
  const test::temporary_folder folder;
  put("a");
  put("b");
  {
    observed_source first(io, {server.url()}, folder.path());
    first.wait_for("a b ");
    ASSERT_EQ(snapshot_file(folder.path(), "chat").write(*first.latest), std::nullopt);
  }
  server.kill();
  observed_source second(io, {server.url()}, folder.path());
  second.wait_for("a b ");
  EXPECT_TRUE(second.latest->stale);
  EXPECT_EQ(second.latest->epoch, 3u);
  EXPECT_TRUE(second.source.status().ready);
  server.start();
  remove("a");
  second.wait_for("b ");
  second.wait_for_stale(false);
}

TEST_F(etcd_source_test, a_snapshot_that_cannot_be_read_is_no_harm) {
  put("a");
  observed_source seen(io, {server.url()}, "/nonexistent/folder");
  seen.wait_for("a ");
  seen.source.stop();
  server.kill();
  observed_source cold(io, {server.url()}, "/nonexistent/folder");
  io.run_until([&] { return cold.source.status().errors >= 1; }, "a failed attempt");
  EXPECT_EQ(cold.publications, 0);
}

TEST_F(etcd_source_test, nothing_is_published_after_a_stop_even_from_within) {
  put("a");
  observed_source seen(io, {server.url()});
  seen.wait_for("a ");
  seen.source.stop();
  seen.source.stop();
  const int publications = seen.publications;
  put("b");
  observed_source witness(io, {server.url()});
  witness.wait_for("a b ");
  EXPECT_EQ(seen.publications, publications);

  int calls = 0;
  etcd_source inner(io.context.get_executor(), client_of({server.url()}),
                    {.pool = "chat", .prefix = "/limpet", .snapshot_folder = {}});
  inner.start([&](const member_list&) {
    ++calls;
    inner.stop();
  });
  io.run_until([&] { return calls == 1; }, "the first list");
  put("c");
  witness.wait_for("a b c ");
  EXPECT_EQ(calls, 1);
}

TEST_F(etcd_source_test, may_go_at_any_moment) {
  put("a");
  for (int steps = 0; steps < 40; ++steps) {
    auto source = std::make_unique<etcd_source>(
        io.context.get_executor(), client_of({server.url()}),
        etcd_source::options{.pool = "chat", .prefix = "/limpet", .snapshot_folder = {}});
    source->start([](const member_list&) {});
    for (int i = 0; i < steps; ++i) {
      io.context.restart();
      io.context.poll_one();
    }
    source.reset();
    io.context.restart();
    io.context.poll();
  }
}

TEST(etcd_source_cluster, one_of_three_may_be_killed_and_come_back) {
  test::test_io io;
  auto servers = etcd_process::make_cluster(3);
  const auto put = [&](std::size_t at, const std::string& id) {
    servers.at(at)->control({"put", members + id, value_of(id)});
  };
  put(0, "a");
  observed_source seen(io, {servers[0]->url(), servers[1]->url(), servers[2]->url()});
  seen.wait_for("a ");
  std::string wanted = "a ";
  // Each in turn, so that one of them is the one that is being watched, and one the leader.
  for (std::size_t victim = 0; victim < 3; ++victim) {
    servers.at(victim)->kill();
    const std::string id = "b" + std::to_string(victim);
    test::wait_until(
        [&] {
          try {
            put((victim + 1) % 3, id);
            return true;
          } catch (const std::runtime_error&) {
            return false; // while another leader is elected
          }
        },
        "a write");
    wanted += id + " ";
    seen.wait_for(wanted);
    servers.at(victim)->start();
  }
}

TEST(etcd_source_cluster, a_member_without_a_quorum_is_left) {
  test::test_io io;
  auto servers = etcd_process::make_cluster(3);
  servers[2]->control({"put", members + "a", value_of("a")});
  observed_source seen(io, {servers[2]->url()});
  seen.wait_for("a ");
  servers[0]->kill();
  servers[1]->kill();
  seen.wait_for_stale(true);
  EXPECT_EQ(seen.ids(), "a ");
  servers[0]->start();
  seen.wait_for_stale(false);
}

} // namespace
} // namespace limpet::membership
