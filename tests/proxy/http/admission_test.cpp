#include "proxy/http/client_connection.hpp"
#include "tests/proxy/net/support.hpp"
#include "tests/routing/ownership/test_records.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace limpet::http {
namespace {

using namespace std::chrono_literals;
using ownership::committed;
using ownership::member;
using ownership::prepare;

constexpr std::uint32_t app = 7, other = 8; ///< numbers of pools

/// What the access log would have of each request.
struct told_records final : record_sink {
  struct one {
    std::string method, why, pool;
    access_record::seconds parked;
  };
  std::vector<one> all;

  void write(const access_record& r) override {
    all.push_back({std::string(r.method), std::string(r.why), std::string(r.pool), r.parked});
  }
};

/// One worker whose pool hands over by a barrier, and a control thread's work done by hand. Its members
/// cannot be reached: a request that is placed ends with that.
class admission_test : public testing::Test, strict_listener {
protected:
  admission_test() {
    process.strict = this;
    worker.records = &records;
    fence->set(net::boot_now() + 1h);
  }
  ~admission_test() override {
    clients.clear();
    EXPECT_TRUE(on.run_until([&] { return worker.connections.empty(); }));
  }

  static std::shared_ptr<pool_snapshot> make_pool(std::uint32_t number, const std::string& name,
                                                  const std::vector<routing::member>& members) {
    auto pool = std::make_shared<pool_snapshot>();
    pool->number = number;
    pool->settings.name = name;
    pool->settings.session.key.emplace_back().name = "X-User-Id";
    pool->settings.barrier.parking.time = 1h; // longer than any test waits
    pool->placement.on_unreachable = routing::fail_over::refuse;
    pool->view = routing::view(members, 1);
    pool->state = std::make_shared<pool_state>();
    for (const auto& m : pool->view.members()) {
      auto& target = pool->targets.emplace_back();
      target.number = number * 100 + static_cast<std::uint32_t>(m.id[0]);
      target.shared = std::make_shared<net::reachability>();
    }
    return pool;
  }
  void publish(std::shared_ptr<pool_snapshot> pool) {
    pool->compare(nullptr);
    auto s = std::make_shared<snapshot>();
    s->number = ++snapshots;
    s->table = routing::route_table(std::vector<routing::route_match>{{"", "/"}});
    s->pools.push_back(pool);
    s->routes.push_back({0, {}, pool});
    s->index_members();
    worker.publish(s);
  }
  void publish(const ownership::record& r, std::uint64_t incarnation = 1, std::uint64_t lapses = 0,
               std::uint32_t number = app) {
    auto pool = make_pool(number, number == app ? "app" : "other", r.committed_members());
    pool->strict = net::strict_view{std::make_shared<const ownership::owners>(r), fence, incarnation, lapses};
    publish(pool);
  }

  void ask() { ask_by("GET"); }
  void ask_by(const std::string& method) {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    client_connection::start(worker, net::unique_fd(fds[1]),
                             *net::socket_address::parse("127.0.0.1:1", net::socket_address::use::connect));
    net::write_now(clients.emplace_back(fds[0]).get(),
                   method + " / HTTP/1.1\r\nHost: x\r\nX-User-Id: alice\r\n\r\n");
  }
  std::size_t parked(std::uint32_t number = app) const {
    return worker.strict_of(number)->parked().requests();
  }
  void ask_and_wait_until_parked() {
    const auto before = parked();
    ask();
    ASSERT_TRUE(on.run_until([&] { return parked() == before + 1; }));
  }
  /// Its pool goes, and its session moves in the next one, too.
  void park_again() {
    publish(prepare(6, {member("b")}, {member("c")}), 1, 0, other);
    ASSERT_EQ(parked(), 0u);
    ASSERT_EQ(parked(other), 1u);
  }
  bool wait_for_records(std::size_t count) {
    return on.run_until([&] { return records.all.size() == count; });
  }

  net::loop on;
  process_state process;
  worker_state worker{on.events, process};
  told_records records;
  std::shared_ptr<net::write_fence> fence = std::make_shared<net::write_fence>();
  std::deque<net::unique_fd> clients;
  std::uint64_t snapshots = 0;
  net::strict_word said; ///< the last

private:
  void on_word(std::uint32_t, const net::strict_word& word) override { said = word; }
};

TEST_F(admission_test, requests_that_are_parked_as_their_pool_goes_are_routed_anew_at_once) {
  publish(prepare(5, {member("a")}, {member("b")}));
  ask_and_wait_until_parked(), ask_and_wait_until_parked();
  publish(make_pool(other, "other", {}));
  ASSERT_TRUE(wait_for_records(2));
  for (const auto& r : records.all) {
    EXPECT_EQ(r.pool, "other");
    EXPECT_EQ(r.why, "no_members");
  }
  EXPECT_EQ(parked(), 0u);
}

TEST_F(admission_test, a_pool_that_comes_back_parks_again) {
  publish(prepare(5, {member("a")}, {member("b")}));
  publish(make_pool(other, "other", {}));
  publish(prepare(6, {member("a")}, {member("b")}));
  ask_and_wait_until_parked();
  publish(committed(7, {member("b")}));
  ASSERT_TRUE(wait_for_records(1));
  EXPECT_EQ(records.all[0].pool, "app");
}

TEST_F(admission_test, requests_of_a_session_are_placed_in_the_order_in_which_they_came) {
  publish(prepare(5, {member("a")}, {member("b")}));
  ask_and_wait_until_parked();
  ask_by("DELETE"); // read in the turn that brings the commit
  on.events.post([&] { publish(committed(6, {member("b")})); });
  ASSERT_TRUE(wait_for_records(2));
  EXPECT_EQ(records.all[0].method, "GET");
}

TEST_F(admission_test, a_pool_that_goes_is_left_once_nothing_of_it_is_in_flight) {
  publish(committed(5, {member("a")}));
  ownership::in_flight one;
  auto& ledger = worker.strict_of(app)->ledger();
  ledger.choose(one, 1);
  publish(make_pool(other, "other", {}));
  ASSERT_TRUE(on.run_until([&] { return said.incarnation == 1; }));
  EXPECT_FALSE(said.has_left);
  worker.strict_of(app)->end(one);
  ASSERT_TRUE(on.run_until([&] { return said.has_left; }));
  publish(committed(5, {member("a")}), 2);
  ASSERT_TRUE(on.run_until([&] { return said.incarnation == 2; }));
  EXPECT_FALSE(said.has_left) << "it is back";
}

TEST_F(admission_test, requests_that_are_parked_as_the_fence_is_shut_are_refused_at_once) {
  const auto moving = prepare(5, {member("a")}, {member("b")});
  publish(moving);
  ask_and_wait_until_parked(), ask_and_wait_until_parked();
  fence->set(ownership::long_ago);
  publish(moving, 1, 1);
  ASSERT_TRUE(wait_for_records(2));
  ask();
  ASSERT_TRUE(wait_for_records(3));
  for (const auto& r : records.all)
    EXPECT_EQ(r.why, "fenced");
}

TEST_F(admission_test, requests_that_are_parked_as_an_incarnation_ends_are_refused_at_once) {
  const auto moving = prepare(5, {member("a")}, {member("b")});
  publish(moving);
  ask_and_wait_until_parked();
  fence->set(ownership::long_ago); // until the next has registered
  publish(moving, 2, 0);
  ASSERT_TRUE(wait_for_records(1));
  EXPECT_EQ(records.all[0].why, "fenced");
}

TEST_F(admission_test, one_that_is_parked_again_has_one_time_for_all) {
  publish(prepare(5, {member("a")}, {member("b")}));
  ask_and_wait_until_parked();
  const auto until = worker.strict_of(app)->parked().next_expiry();
  park_again();
  EXPECT_EQ(worker.strict_of(other)->parked().next_expiry(), until);
  publish(committed(8, {member("c")}), 1, 0, other);
}

TEST_F(admission_test, the_log_has_all_the_time_that_one_was_parked) {
  publish(prepare(5, {member("a")}, {member("b")}));
  ask_and_wait_until_parked();
  const auto begin = net::clock::now();
  ASSERT_TRUE(on.run_until([&] { return net::clock::now() > begin + 20ms; }));
  const auto first = net::clock::now() - begin;
  park_again();
  publish(committed(8, {member("c")}), 1, 0, other);
  ASSERT_TRUE(wait_for_records(1));
  EXPECT_GE(records.all[0].parked, first);
}

} // namespace
} // namespace limpet::http
