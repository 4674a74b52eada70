#include "proxy/ops/health_checker.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace limpet::ops {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;
using enum check_verdict;

/// Answers each request with `answer`, or (nothing) never.
class checked_member {
public:
  explicit checked_member(asio::io_context& io)
      : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();
  }
  net::member_endpoint endpoint() const { return acceptor_.local_endpoint(); }

  std::optional<std::string> answer = "HTTP/1.1 200 OK\r\n\r\n";
  std::string last_request;
  int connections = 0;
  int ended = 0; ///< connections that the other side has closed without an answer

private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code failed, tcp::socket socket) {
      if (failed) return;
      ++connections;
      read(std::make_shared<tcp::socket>(std::move(socket)));
      accept();
    });
  }
  void read(const std::shared_ptr<tcp::socket>& socket) {
    socket->async_read_some(asio::buffer(buffer_),
                            [this, socket](boost::system::error_code error, std::size_t count) {
                              if (error) {
                                ++ended;
                                return;
                              }
                              last_request.assign(buffer_.data(), count);
                              if (!answer) return read(socket);
                              boost::system::error_code ignored;
                              asio::write(*socket, asio::buffer(*answer), ignored);
                            });
  }

  tcp::acceptor acceptor_;
  std::array<char, 1024> buffer_{};
};

config::health_settings quick() {
  config::health_settings settings;
  settings.http_path = "/healthz";
  settings.interval = 5ms;
  settings.timeout = 5s;
  settings.healthy = 1;
  settings.unhealthy = 2;
  return settings;
}

struct health_checker_test : testing::Test {
  asio::io_context io;
  health_checker checker{io};
  checked_member a{io};
  checked_member b{io};
  std::shared_ptr<net::reachability> shared_a = std::make_shared<net::reachability>();
  std::shared_ptr<net::reachability> shared_b = std::make_shared<net::reachability>();
  std::optional<config::health_settings> settings = quick();

  ~health_checker_test() override { checker.stop(); }

  net::member_target target_of(std::uint32_t number, const checked_member& member,
                               const std::shared_ptr<net::reachability>& shared) {
    return {number, number, {member.endpoint()}, shared, false};
  }

  /// The pool as it stands, with these of its members.
  std::shared_ptr<http::pool_snapshot> pool(const std::string& ids = "ab") {
    auto made = std::make_shared<http::pool_snapshot>();
    made->settings.name = "app";
    made->settings.health = settings;
    std::vector<routing::member> members;
    for (const char id : ids) {
      members.emplace_back().id = id;
      members.back().address = std::string("member-") + id + ":80";
      made->targets.push_back(id == 'a' ? target_of(1, a, shared_a) : target_of(2, b, shared_b));
    }
    made->view = routing::view(members, 1);
    return made;
  }
  void apply(const std::shared_ptr<const http::pool_snapshot>& one) {
    http::snapshot snapshot;
    snapshot.pools = {one};
    checker.apply(snapshot);
  }

  template <class Holds>
  bool until(Holds holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < end)
      io.run_one_for(20ms);
    return holds();
  }
  bool is_up(const std::shared_ptr<net::reachability>& shared) {
    return shared->reachable(std::chrono::steady_clock::now());
  }
};

TEST_F(health_checker_test, asks_each_member_and_believes_what_it_says) {
  const auto p = pool();
  apply(p);
  EXPECT_EQ(checker.of(*p)[0].verdict, unknown);
  ASSERT_TRUE(
      until([&] { return checker.of(*p)[0].verdict == healthy && checker.of(*p)[1].verdict == healthy; }));
  EXPECT_TRUE(a.last_request.starts_with("GET /healthz HTTP/1.1\r\nHost: member-a:80\r\n")) << a.last_request;
  EXPECT_NE(a.last_request.find("\r\nUser-Agent: limpet-check\r\n"), std::string::npos) << a.last_request;
  EXPECT_NE(a.last_request.find("\r\nConnection: close\r\n"), std::string::npos) << a.last_request;

  a.answer = "HTTP/1.1 503 Not now\r\n\r\n";
  ASSERT_TRUE(until([&] { return !is_up(shared_a); }));
  EXPECT_EQ(checker.of(*p)[0].verdict, unhealthy);
  EXPECT_EQ(checker.of(*p)[0].last_error, "status 503");
  EXPECT_GE(checker.of(*p)[0].failed, 2u);
  EXPECT_GE(checker.of(*p)[0].passed, 1u);
  EXPECT_TRUE(is_up(shared_b));

  shared_a->connected();
  EXPECT_FALSE(is_up(shared_a)) << "a connect of a request says nothing against it";
  a.answer = "HTTP/1.1 204 Fine\r\n\r\n";
  ASSERT_TRUE(until([&] { return is_up(shared_a); }));
  EXPECT_EQ(checker.of(*p)[0].last_error, "");
}

TEST_F(health_checker_test, a_passed_check_ends_the_pause_after_a_failed_connect) {
  apply(pool());
  shared_a->failed(std::chrono::steady_clock::now() + 1h);
  EXPECT_FALSE(is_up(shared_a));
  EXPECT_TRUE(until([&] { return is_up(shared_a); }));
}

TEST_F(health_checker_test, statuses_and_host_are_the_settings) {
  settings->status = {{200, 200}, {503, 504}};
  settings->http_host = "chat.example.com";
  settings->healthy = 3;
  const auto p = pool("a");
  a.answer = "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 504 Odd\r\n\r\n";
  apply(p);
  ASSERT_TRUE(until([&] { return checker.of(*p)[0].passed > 2; }));
  EXPECT_NE(a.last_request.find("\r\nHost: chat.example.com\r\n"), std::string::npos) << a.last_request;
  a.answer = "HTTP/1.1 204 None\r\n\r\n";
  ASSERT_TRUE(until([&] { return !is_up(shared_a); }));
}

TEST_F(health_checker_test, over_tcp_a_connection_is_enough) {
  settings->http_path.clear();
  a.answer.reset();
  const auto p = pool("a");
  apply(p);
  ASSERT_TRUE(until([&] { return checker.of(*p)[0].verdict == healthy; }));
  EXPECT_EQ(a.last_request, "");
}

TEST_F(health_checker_test, a_member_that_takes_the_connection_and_never_answers_is_unhealthy) {
  settings->timeout = 20ms;
  a.answer.reset();
  const auto p = pool();
  apply(p);
  ASSERT_TRUE(until([&] { return !is_up(shared_a); }));
  EXPECT_EQ(checker.of(*p)[0].last_error, "reading: no answer in time");
  EXPECT_TRUE(is_up(shared_b));
}

TEST_F(health_checker_test, a_name_that_is_not_resolved_fails_and_is_checked_as_soon_as_it_is) {
  settings->interval = 1h;
  settings->unhealthy = 1;
  const auto unresolved = pool("a");
  unresolved->targets[0].endpoints.clear();
  apply(unresolved);
  EXPECT_EQ(checker.of(*unresolved)[0].verdict, unhealthy);
  EXPECT_EQ(checker.of(*unresolved)[0].last_error, "the name is not resolved");
  const auto p = pool("a");
  apply(p);
  EXPECT_TRUE(until([&] { return checker.of(*p)[0].verdict == healthy; })) << "not in an hour";
}

TEST_F(health_checker_test, who_leaves_is_asked_no_more) {
  settings->timeout = 1h;
  a.answer.reset();
  const auto p = pool();
  apply(p);
  ASSERT_TRUE(until([&] { return !a.last_request.empty() && checker.of(*p)[1].passed > 0; }));
  ASSERT_TRUE(until([&] { return checker.under_way() == 1; })) << "a's, and now and then one of b's";
  apply(pool("b"));
  ASSERT_TRUE(until([&] { return a.ended == 1; })) << "what was under way is given up at once";
  const auto asked_b = b.connections;
  ASSERT_TRUE(until([&] { return b.connections > asked_b + 10; }));
  EXPECT_EQ(a.connections, 1);
  apply(pool(""));
  ASSERT_TRUE(until([&] { return checker.under_way() == 0; }));
  EXPECT_EQ(checker.waiting(), 0u);
}

TEST_F(health_checker_test, without_checks_a_member_is_no_longer_unhealthy) {
  a.answer = "HTTP/1.1 500 No\r\n\r\n";
  apply(pool());
  ASSERT_TRUE(until([&] { return !is_up(shared_a); }));
  settings.reset();
  const auto p = pool();
  apply(p);
  EXPECT_TRUE(is_up(shared_a));
  EXPECT_TRUE(checker.of(*p).empty());
}

TEST_F(health_checker_test, the_last_verdict_holds_until_other_settings_have_led_to_one) {
  a.answer = "HTTP/1.1 500 No\r\n\r\n";
  apply(pool());
  ASSERT_TRUE(until([&] { return !is_up(shared_a); }));
  apply(pool());
  EXPECT_FALSE(is_up(shared_a)) << "a reload alone brings nobody back";
  settings->status = {{500, 500}};
  const auto p = pool();
  apply(p);
  EXPECT_FALSE(is_up(shared_a)) << "nor do other settings, before they were tried";
  EXPECT_EQ(checker.of(*p)[0].verdict, unknown);
  EXPECT_TRUE(until([&] { return checker.of(*p)[0].verdict == healthy; }));
  EXPECT_TRUE(is_up(shared_a));
}

TEST_F(health_checker_test, no_more_are_under_way_than_may_be) {
  a.answer.reset();
  const auto p = pool("a");
  std::vector<routing::member> members;
  p->targets.clear();
  constexpr std::uint32_t count = health_checker::checks_at_once_max + 20;
  for (std::uint32_t i = 0; i < count; ++i) {
    members.emplace_back().id = "m" + std::to_string(100 + i);
    p->targets.push_back(target_of(i + 1, a, std::make_shared<net::reachability>()));
  }
  p->view = routing::view(members, 1);
  apply(p);
  EXPECT_EQ(checker.under_way(), health_checker::checks_at_once_max);
  EXPECT_EQ(checker.waiting(), 20u);
  ASSERT_TRUE(until([&] { return a.connections == health_checker::checks_at_once_max; }));
  io.run_for(1ms);
  EXPECT_EQ(a.connections, static_cast<int>(health_checker::checks_at_once_max));
}

} // namespace
} // namespace limpet::ops
