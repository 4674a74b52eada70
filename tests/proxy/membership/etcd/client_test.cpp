#include "proxy/membership/etcd/client.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/proxy/membership/tcp_relay.hpp"
#include "tests/support/etcd_process.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <thread>

namespace limpet::etcd {
namespace {

using namespace std::chrono_literals;
using test::etcd_process;

client_options at(std::vector<std::string> endpoints) {
  client_options options;
  options.endpoints = std::move(endpoints);
  return options;
}

struct client_test : testing::Test {
  test::test_io io;
  etcd_process server;
  client etcd{at({server.url()})};

  void put(const std::string& key, const std::string& value) {
    ASSERT_TRUE(io.await(etcd.put({.key = key, .value = value, .lease = 0})));
  }
};

TEST_F(client_test, puts_reads_and_deletes) {
  EXPECT_TRUE(io.await(etcd.range({.key = "a", .range_end = {}}))->kvs.empty());
  const std::string bytes("\0\xff binary", 9);
  put("a", bytes);
  const auto found = io.await(etcd.range({.key = "a", .range_end = {}}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->kvs.size(), 1u);
  EXPECT_EQ(found->kvs[0].value, bytes);
  EXPECT_EQ(found->kvs[0].create_revision, 2);
  EXPECT_EQ(found->header.revision, 2);
  EXPECT_EQ(io.await(etcd.delete_range({.key = "a", .range_end = {}}))->deleted, 1);
  EXPECT_EQ(io.await(etcd.delete_range({.key = "a", .range_end = {}}))->deleted, 0);
}

TEST_F(client_test, a_range_is_read_whole_page_by_page) {
  // More than one page of 500; written by transactions of 100.
  for (int batch = 0; batch < 12; ++batch) {
    txn_request many;
    for (int i = 0; i < 100; ++i) {
      many.success.push_back(
          put_request{.key = "p/" + std::to_string(10'000 + batch * 100 + i), .value = "v", .lease = 0});
    }
    ASSERT_TRUE(io.await(etcd.txn(std::move(many))));
  }
  put("q", "outside");
  const auto all = io.await(etcd.range_all("p/", prefix_end("p/"), 5000));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->kvs.size(), 1200u);
  EXPECT_FALSE(all->more);
  EXPECT_EQ(all->kvs.front().key, "p/10000");
  EXPECT_EQ(all->kvs.back().key, "p/11199");
  EXPECT_EQ(all->header.revision, 14);

  const auto some = io.await(etcd.range_all("p/", prefix_end("p/"), 700));
  ASSERT_TRUE(some);
  EXPECT_EQ(some->kvs.size(), 700u);
  EXPECT_TRUE(some->more);
}

TEST_F(client_test, pages_shrink_where_values_are_large) {
  auto options = at({server.url()});
  options.answer_bytes_max = 200'000;
  client careful(options);
  for (int i = 0; i < 20; ++i) {
    put("large/" + std::to_string(10 + i), std::string(50'000, 'x'));
  }
  const auto all = io.await(careful.range_all("large/", prefix_end("large/"), 100));
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->kvs.size(), 20u);

  put("large/99", std::string(200'000, 'x'));
  const auto too_large = io.await(careful.range_all("large/", prefix_end("large/"), 100));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, errc::too_large);
}

TEST_F(client_test, a_transaction_creates_only_what_is_absent) {
  const auto create = [&](const std::string& value) {
    return io.await(
        etcd.txn({.compares = {{.key = "k", .what = compare::target::create_revision, .value = {}}},
                  .success = {put_request{.key = "k", .value = value, .lease = 0}},
                  .failure = {range_request{.key = "k", .range_end = {}}}}));
  };
  const auto first = create("1");
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->succeeded);
  const auto second = create("2");
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->succeeded);
  EXPECT_EQ(std::get<range_response>(second->responses.at(0)).kvs.at(0).value, "1");
}

TEST_F(client_test, leases) {
  const auto lease = io.await(etcd.lease_grant({.ttl_s = 30}));
  ASSERT_TRUE(lease);
  EXPECT_GE(lease->ttl_s, 30);
  ASSERT_TRUE(io.await(etcd.put({.key = "leased", .value = "1", .lease = lease->id})));
  EXPECT_EQ(io.await(etcd.range({.key = "leased", .range_end = {}}))->kvs.at(0).lease, lease->id);
  EXPECT_GE(io.await(etcd.lease_keep_alive(lease->id))->ttl_s, 30);
  ASSERT_TRUE(io.await(etcd.lease_revoke(lease->id)));
  EXPECT_TRUE(io.await(etcd.range({.key = "leased", .range_end = {}}))->kvs.empty())
      << "the key goes with its lease";
  EXPECT_EQ(io.await(etcd.lease_keep_alive(lease->id))->ttl_s, 0) << "gone";
  EXPECT_EQ(io.await(etcd.lease_revoke(lease->id)).error().code, errc::not_found);
  const auto orphan = io.await(etcd.put({.key = "leased", .value = "1", .lease = lease->id}));
  EXPECT_EQ(orphan.error().code, errc::not_found);
}

TEST_F(client_test, a_watch_tells_what_happens_and_ends_when_it_is_destroyed) {
  put("w/a", "1");
  auto stream = io.await(etcd.watch({.key = "w/", .range_end = prefix_end("w/"), .start_revision = 2}));
  ASSERT_TRUE(stream);
  auto message = io.await((*stream)->next(30s));
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->created);
  message = io.await((*stream)->next(30s));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->events.at(0).kv.value, "1");
  put("x", "not watched");
  ASSERT_TRUE(io.await(etcd.delete_range({.key = "w/a", .range_end = {}})));
  message = io.await((*stream)->next(30s));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->events.at(0).what, watch_event::type::remove);
  stream->reset();
  put("w/a", "2");
}

TEST_F(client_test, a_silent_watch_times_out) {
  auto stream = io.await(etcd.watch({.key = "w", .range_end = {}}));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(io.await((*stream)->next(30s))->created);
  const auto silence = io.await((*stream)->next(20ms));
  ASSERT_FALSE(silence);
  EXPECT_EQ(silence.error().code, errc::timed_out);
}

TEST_F(client_test, a_watch_from_a_compacted_revision_is_canceled_and_says_so) {
  put("w", "1");
  put("w", "2");
  put("w", "3");
  server.compact();
  auto stream = io.await(etcd.watch({.key = "w", .range_end = {}, .start_revision = 2}));
  ASSERT_TRUE(stream);
  std::optional<watch_response> last;
  while (!last || !last->canceled) {
    auto message = io.await((*stream)->next(30s));
    ASSERT_TRUE(message) << message.error().message;
    last = std::move(*message);
  }
  EXPECT_GT(last->compact_revision, 2);
  const auto old = io.await(etcd.range({.key = "w", .range_end = {}, .revision = 2}));
  EXPECT_EQ(old.error().code, errc::compacted);
}

TEST_F(client_test, a_restart_is_survived_by_the_next_request) {
  put("a", "1");
  server.kill();
  const auto down = io.await(etcd.range({.key = "a", .range_end = {}}));
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().code, errc::unreachable);
  EXPECT_NE(down.error().message.find(server.url()), std::string::npos) << down.error().message;
  server.start();
  const auto up = io.await(etcd.range({.key = "a", .range_end = {}}));
  ASSERT_TRUE(up) << up.error().message;
  EXPECT_EQ(up->kvs.at(0).value, "1");
}

TEST_F(client_test, a_write_on_a_connection_that_the_restart_cut_is_done_once) {
  put("a", "1");
  server.kill();
  server.start();
  put("a", "2"); // the idle connection is known to be dead before it is used
}

TEST_F(client_test, a_frozen_server_is_given_up_in_time) {
  auto options = at({server.url()});
  options.timeout = 100ms;
  client hasty(options);
  ASSERT_TRUE(io.await(hasty.range({.key = "a", .range_end = {}})));
  server.freeze();
  const auto silent = io.await(hasty.range({.key = "a", .range_end = {}}));
  server.thaw();
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, errc::timed_out);
}

/// A request, and another at the very moment when the first one's time is up: the two timers end in one run
/// of the reactor, as a keep-alive's and its request's do where both are a third of the lease's time.
boost::asio::awaitable<result<range_response>> ask_when_time_is_up(client& etcd,
                                                                   std::chrono::milliseconds timeout) {
  const auto executor = co_await boost::asio::this_coro::executor;
  range_request first{.key = "a", .range_end = {}};
  range_request second = first;
  boost::asio::steady_timer pause(executor, timeout / 2);
  const auto before = co_await etcd.range(std::move(first));
  if (!before) co_return before.error();
  boost::asio::post(executor, [=] { std::this_thread::sleep_for(2 * timeout); });
  co_await pause.async_wait(boost::asio::use_awaitable);
  auto after = co_await etcd.range(std::move(second));
  co_return std::move(after);
}

TEST_F(client_test, a_requests_timer_does_not_end_the_next_request_on_its_connection) {
  auto options = at({server.url()});
  options.timeout = 500ms;
  client hasty(options);
  const auto second = io.await(ask_when_time_is_up(hasty, options.timeout));
  EXPECT_TRUE(second) << second.error().message;
}

TEST_F(client_test, an_idle_connection_is_kept_past_the_time_of_a_request) {
  test::tcp_relay relay(io.context, server.url());
  auto options = at({relay.url()});
  options.timeout = 300ms;
  client hasty(options);
  ASSERT_TRUE(io.await(hasty.range({.key = "a", .range_end = {}})));
  boost::asio::steady_timer pause(io.context, 2 * options.timeout);
  bool is_later = false;
  pause.async_wait([&](boost::system::error_code) { is_later = true; });
  io.run_until([&] { return is_later; }, "a while");
  ASSERT_TRUE(io.await(hasty.range({.key = "a", .range_end = {}})));
  EXPECT_EQ(relay.connections(), 1u);
}

TEST_F(client_test, of_several_endpoints_one_that_answers_is_enough) {
  const std::string nobody = "http://127.0.0.1:" + std::to_string(test::free_port());
  // Wherever the first attempt happens to go.
  for (int i = 0; i < 8; ++i) {
    client several(at({nobody, server.url(), nobody}));
    EXPECT_TRUE(io.await(several.range({.key = "a", .range_end = {}})));
    EXPECT_TRUE(io.await(several.put({.key = "a", .value = "1", .lease = 0})))
        << "unsent, so it may go elsewhere";
    EXPECT_TRUE(io.await(several.watch({.key = "a", .range_end = {}})));
  }
}

TEST(client_errors, tls_to_a_plain_server_is_an_error) {
  test::test_io io;
  const etcd_process server;
  client plain_to_tls(at({"https" + server.url().substr(4)}));
  const auto mixed_up = io.await(plain_to_tls.range({.key = "a", .range_end = {}}));
  ASSERT_FALSE(mixed_up);
  EXPECT_EQ(mixed_up.error().code, errc::unreachable);
}

TEST(client_errors, bad_settings_are_refused_at_once) {
  EXPECT_THROW(client(at({})), std::invalid_argument);
  EXPECT_THROW(client(at({"nonsense://x"})), std::invalid_argument);
  auto options = at({"https://127.0.0.1:1"});
  options.tls_ca = "/nonexistent/ca.pem";
  EXPECT_THROW(client{options}, std::runtime_error);
}

} // namespace
} // namespace limpet::etcd
