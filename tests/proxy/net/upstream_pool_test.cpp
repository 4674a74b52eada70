#include "proxy/net/listen_socket.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/upstream_pool.hpp"
#include "tests/proxy/net/support.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <utility>
#include <vector>

namespace limpet::net {
namespace {

using namespace std::chrono_literals;

constexpr auto idle = 4'000ms;
constexpr std::uint32_t idle_max = 8;

/// A member that listens on a unix socket: what it sends and that it closes is there at once.
class upstream_pool_test : public testing::Test {
protected:
  static member_endpoint endpoint_of(const listen_sockets& at) {
    const auto address = socket_address::of_socket(at.fds[0].get());
    return {address.data(), address.size()};
  }
  static member_target member(std::uint32_t number, std::vector<member_endpoint> endpoints) {
    return {number, number, std::move(endpoints), std::make_shared<reachability>()};
  }

  upstream_ptr dial(const member_target& to) {
    auto dialled = on.run(pool.dial(to, 5'000ms));
    EXPECT_FALSE(dialled.error) << dialled.error.message();
    accepted.emplace_back(::accept4(listening.fds[0].get(), nullptr, nullptr, SOCK_CLOEXEC));
    return std::move(dialled.connection);
  }
  /// A connection that was dialled and came back; its file descriptor tells it apart.
  int give_back_one(const member_target& to) {
    auto connection = dial(to);
    const int fd = connection->io.native_handle();
    pool.give_back(std::move(connection), idle, idle_max);
    return fd;
  }
  int take(const member_target& from) {
    taken.push_back(pool.take(from));
    return taken.back() ? taken.back()->io.native_handle() : -1;
  }

  loop on;
  temporary_folder folder;
  listen_sockets listening = open_listen_sockets("unix:" + folder.file("m"), 1).value();
  std::vector<unique_fd> accepted; ///< the member's ends
  upstream_pool pool{on.events};
  std::vector<upstream_ptr> taken;
  const member_target a = member(1, {endpoint_of(listening)});
  const member_target b = member(2, {endpoint_of(listening)});
};

// -- dialling ---------------------------------------------------------

TEST_F(upstream_pool_test, dials) {
  const auto connection = dial(a);
  ASSERT_TRUE(connection);
  EXPECT_FALSE(connection->reused);
  EXPECT_EQ(connection->member_number(), 1U);
  EXPECT_EQ(write_now(connection->io, "hello"), 5U);
  char bytes[8];
  EXPECT_EQ(::recv(accepted[0].get(), bytes, sizeof bytes, 0), 5);
}

TEST_F(upstream_pool_test, counts_what_is_open) {
  auto one = dial(a);
  const auto two = dial(a);
  EXPECT_EQ(pool.open_count(), 2U);
  EXPECT_EQ(pool.idle_count(), 0U);
  EXPECT_EQ(a.shared->connections, 2U);
  one.reset();
  EXPECT_EQ(pool.open_count(), 1U);
  EXPECT_EQ(a.shared->connections, 1U);
}

TEST_F(upstream_pool_test, cannot_dial_a_name_that_is_not_resolved) {
  const auto dialled = on.run(pool.dial(member(1, {}), 5'000ms));
  EXPECT_FALSE(dialled.connection);
  EXPECT_EQ(dialled.error, asio::error::host_not_found);
}

TEST_F(upstream_pool_test, tells_why_nobody_answers) {
  const auto gone = open_listen_sockets("127.0.0.1:0", 1).value().address;
  const auto address = *socket_address::parse(gone, socket_address::use::connect);
  const auto to = member(1, {{address.data(), address.size()}});
  const auto dialled = on.run(pool.dial(to, 5'000ms));
  EXPECT_FALSE(dialled.connection);
  EXPECT_EQ(dialled.error, asio::error::connection_refused);
  EXPECT_EQ(pool.open_count(), 0U);
  EXPECT_EQ(to.shared->connections, 0U);
}

TEST_F(upstream_pool_test, tries_the_endpoints_in_order) {
  const auto gone = open_listen_sockets("127.0.0.1:0", 1).value().address;
  const auto address = *socket_address::parse(gone, socket_address::use::connect);
  const auto both = member(1, {{address.data(), address.size()}, endpoint_of(listening)});
  EXPECT_TRUE(dial(both));
}

TEST_F(upstream_pool_test, gives_up_dialling_at_the_deadline) {
  // A queue that is full answers no more: the system drops what comes.
  const auto full = open_listen_sockets("127.0.0.1:0", 1).value();
  ASSERT_EQ(::listen(full.fds[0].get(), 0), 0);
  const auto address = socket_address::of_socket(full.fds[0].get());
  std::vector<unique_fd> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(waiting.back().get(), address.data(), address.size());
  }
  const auto to = member(1, {endpoint_of(full), endpoint_of(listening)});
  const auto dialled = on.run(pool.dial(to, 30ms));
  EXPECT_FALSE(dialled.connection); // the second endpoint has no time left
  EXPECT_EQ(dialled.error, asio::error::timed_out);
}

// -- idle connections -------------------------------------------------

TEST_F(upstream_pool_test, gives_out_first_what_came_back_last) {
  auto one = dial(a);
  auto two = dial(a);
  const int first = one->io.native_handle();
  const int second = two->io.native_handle();
  pool.give_back(std::move(one), idle, idle_max);
  pool.give_back(std::move(two), idle, idle_max);
  EXPECT_EQ(pool.idle_count(), 2U);
  EXPECT_EQ(take(a), second);
  EXPECT_TRUE(taken.back()->reused);
  EXPECT_EQ(take(a), first);
  EXPECT_EQ(take(a), -1);
  EXPECT_EQ(pool.idle_count(), 0U);
  EXPECT_EQ(pool.open_count(), 2U);
}

TEST_F(upstream_pool_test, keeps_members_apart_that_share_an_address) {
  const int of_a = give_back_one(a);
  EXPECT_EQ(take(b), -1);
  EXPECT_EQ(take(a), of_a);
}

TEST_F(upstream_pool_test, drops_a_connection_that_the_member_has_closed) {
  const int good = give_back_one(a);
  give_back_one(a);
  accepted[1] = {};
  EXPECT_EQ(take(a), good);
  EXPECT_EQ(pool.open_count(), 1U);
  EXPECT_EQ(pool.idle_count(), 0U);
}

TEST_F(upstream_pool_test, drops_a_connection_with_bytes_that_nobody_asked_for) {
  give_back_one(a);
  ASSERT_EQ(::send(accepted[0].get(), "H", 1, 0), 1);
  EXPECT_EQ(take(a), -1);
  EXPECT_EQ(pool.open_count(), 0U);
  EXPECT_EQ(a.shared->connections, 0U);
}

TEST_F(upstream_pool_test, drops_idle_connections_that_are_old) {
  give_back_one(a);
  on.pass(idle + 2 * deadline_wheel::tick);
  EXPECT_EQ(pool.open_count(), 0U);
  EXPECT_EQ(pool.idle_count(), 0U);
  EXPECT_EQ(take(a), -1);
}

TEST_F(upstream_pool_test, drops_the_old_one_and_keeps_the_younger) {
  auto one = dial(a);
  auto two = dial(a);
  const int younger = two->io.native_handle();
  pool.give_back(std::move(one), idle, idle_max);
  pool.give_back(std::move(two), 10 * idle, idle_max);
  on.pass(idle + 2 * deadline_wheel::tick);
  EXPECT_EQ(pool.idle_count(), 1U);
  EXPECT_EQ(take(a), younger);
}

TEST_F(upstream_pool_test, does_not_age_what_is_in_use) {
  give_back_one(a);
  ASSERT_NE(take(a), -1);
  on.pass(10 * idle);
  EXPECT_EQ(pool.open_count(), 1U);
  EXPECT_EQ(pool.idle_count(), 0U);
  EXPECT_FALSE(taken.back()->io.interrupted());
}

TEST_F(upstream_pool_test, keeps_only_so_many_idle) {
  auto one = dial(a);
  auto two = dial(a);
  auto of_b = dial(b);
  pool.give_back(std::move(one), idle, 1);
  pool.give_back(std::move(two), idle, 1);
  pool.give_back(std::move(of_b), idle, 1); // each member has its own
  EXPECT_EQ(pool.idle_count(), 2U);
  EXPECT_EQ(pool.open_count(), 2U);
}

TEST_F(upstream_pool_test, keeps_none_where_told) {
  pool.give_back(dial(a), 0ms, idle_max);
  pool.give_back(dial(a), idle, 0);
  EXPECT_EQ(pool.open_count(), 0U);
}

TEST_F(upstream_pool_test, keeps_no_connection_that_was_interrupted) {
  auto connection = dial(a);
  connection->io.interrupt(asio::error::operation_aborted);
  pool.give_back(std::move(connection), idle, idle_max);
  EXPECT_EQ(pool.open_count(), 0U);
}

TEST_F(upstream_pool_test, forgets_the_deadline_of_the_exchange) {
  auto connection = dial(a);
  connection->io.expires_after(1'000ms);
  pool.give_back(std::move(connection), 10 * idle, idle_max);
  on.pass(idle);
  ASSERT_NE(take(a), -1);
  ASSERT_EQ(::send(accepted[0].get(), "a", 1, 0), 1);
  EXPECT_FALSE(on.run(taken.back()->io.readable())) << "not timed_out";
}

TEST_F(upstream_pool_test, drops_the_connections_of_members_that_have_gone) {
  give_back_one(a);
  const int of_b = give_back_one(b);
  pool.drop_members([](std::uint32_t number) { return number == 2; });
  EXPECT_EQ(pool.open_count(), 1U);
  EXPECT_EQ(pool.idle_count(), 1U);
  EXPECT_EQ(take(a), -1);
  EXPECT_EQ(take(b), of_b);
}

TEST_F(upstream_pool_test, drops_all_that_is_idle_and_nothing_in_use) {
  const auto busy = dial(a);
  give_back_one(a);
  give_back_one(b);
  pool.drop_all();
  EXPECT_EQ(pool.open_count(), 1U);
  EXPECT_EQ(pool.idle_count(), 0U);
}

// -- what the loop hears of idle connections --------------------------

TEST_F(upstream_pool_test, drops_a_connection_that_the_member_closes_when_it_hears_of_it) {
  give_back_one(a);
  const int good = give_back_one(a);
  on.poll();
  EXPECT_EQ(pool.idle_count(), 2U);
  accepted[0] = {};
  EXPECT_TRUE(on.run_until([&] { return pool.idle_count() == 1; }));
  EXPECT_EQ(pool.open_count(), 1U);
  EXPECT_EQ(a.shared->connections, 1U);
  EXPECT_EQ(take(a), good);
}

TEST_F(upstream_pool_test, drops_a_connection_on_which_the_member_speaks_when_it_hears_of_it) {
  give_back_one(a);
  write_now(accepted[0].get(), "H");
  EXPECT_TRUE(on.run_until([&] { return pool.open_count() == 0; }));
}

TEST_F(upstream_pool_test, asks_the_system_only_where_told) {
  const int one = give_back_one(a);
  on.poll(); // now it is known that there is nothing to read
  accepted[0] = {};
  taken.push_back(pool.take(a, upstream_pool::check::heard));
  ASSERT_TRUE(taken.back()) << "nobody has heard of the end yet";
  EXPECT_EQ(taken.back()->io.native_handle(), one);

  give_back_one(a);
  on.poll();
  accepted[1] = {};
  EXPECT_FALSE(pool.take(a, upstream_pool::check::asked));
}

TEST_F(upstream_pool_test, asks_the_system_where_something_may_have_come) {
  give_back_one(a); // nobody has tried to read
  accepted[0] = {};
  EXPECT_FALSE(pool.take(a, upstream_pool::check::heard));
  EXPECT_EQ(pool.open_count(), 0U);
}

/// Reads an answer into just the room that it needs: whether there is more is not known then.
upstream_ptr with_an_answer_read(upstream_ptr connection, int member, loop& on) {
  std::array<std::byte, 4> room;
  write_now(member, "abcd");
  EXPECT_FALSE(on.run(connection->io.readable()));
  EXPECT_EQ(connection->io.read_some(room).bytes, room.size());
  EXPECT_TRUE(connection->io.may_read());
  return connection;
}

TEST_F(upstream_pool_test, keeps_a_connection_whose_answer_just_filled_its_room) {
  auto connection = dial(a);
  const int good = connection->io.native_handle();
  pool.give_back(with_an_answer_read(std::move(connection), accepted[0].get(), on), idle, idle_max);
  on.poll();
  EXPECT_EQ(pool.idle_count(), 1U);
  EXPECT_EQ(take(a), good);

  pool.give_back(std::move(taken.back()), idle, idle_max);
  on.poll();
  accepted[0] = {}; // it is still heard of
  EXPECT_TRUE(on.run_until([&] { return pool.idle_count() == 0; }));
}

TEST_F(upstream_pool_test, gives_out_at_once_a_connection_whose_answer_just_filled_its_room) {
  auto connection = dial(a);
  pool.give_back(with_an_answer_read(std::move(connection), accepted[0].get(), on), idle, idle_max);
  EXPECT_TRUE(pool.take(a, upstream_pool::check::heard));
}

TEST_F(upstream_pool_test, leaves_what_is_in_use_to_its_user) {
  give_back_one(a);
  on.poll();
  ASSERT_NE(take(a), -1);
  write_now(accepted[0].get(), "answer");
  EXPECT_FALSE(on.run(taken.back()->io.readable()));
  EXPECT_EQ(read_now(taken.back()->io), "answer");
  EXPECT_EQ(pool.open_count(), 1U);
}

// -- how many are busy ------------------------------------------------

TEST_F(upstream_pool_test, counts_what_is_busy_where_there_is_a_limit) {
  member_target limited = a;
  limited.counts_busy = true;
  auto connection = dial(limited);
  EXPECT_EQ(a.shared->busy, 1U);
  pool.give_back(std::move(connection), idle, idle_max);
  EXPECT_EQ(a.shared->busy, 0U);
  ASSERT_NE(take(limited), -1);
  EXPECT_EQ(a.shared->busy, 1U);
  taken.clear();
  EXPECT_EQ(a.shared->busy, 0U);
}

TEST_F(upstream_pool_test, does_not_count_what_is_busy_where_there_is_none) {
  auto connection = dial(a);
  EXPECT_EQ(a.shared->busy, 0U);
  pool.give_back(std::move(connection), idle, idle_max);
  ASSERT_NE(take(a), -1);
  EXPECT_EQ(a.shared->busy, 0U);
  taken.clear();
  EXPECT_EQ(a.shared->busy, 0U);
}

TEST_F(upstream_pool_test, counts_right_when_a_limit_comes_or_goes) {
  member_target limited = a;
  limited.counts_busy = true;
  const auto before = dial(a);
  auto after = dial(limited);
  EXPECT_EQ(a.shared->busy, 1U);
  pool.give_back(std::move(after), idle, idle_max);
  ASSERT_NE(take(a), -1); // the limit has gone again
  EXPECT_EQ(a.shared->busy, 0U);
  taken.clear();
  EXPECT_EQ(a.shared->busy, 0U);
}

TEST_F(upstream_pool_test, counts_what_stays_before_there_is_a_limit) {
  auto tunnel = dial(a);
  tunnel->stays_busy();
  tunnel->stays_busy();
  EXPECT_EQ(a.shared->busy, 1U);
  pool.give_back(std::move(tunnel), idle, idle_max);
  EXPECT_EQ(a.shared->busy, 0U);
}

} // namespace
} // namespace limpet::net
