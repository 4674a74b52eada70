#include "proxy/agent/incarnation.hpp"
#include "proxy/membership/health.hpp"
#include "proxy/membership/health_check.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <set>

namespace limpet::membership {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST(health, is_not_well_until_it_is_shown) {
  health one(1, 1);
  EXPECT_EQ(one.observe(false), std::nullopt);
  EXPECT_EQ(one.observe(true), true);
  EXPECT_EQ(one.observe(true), std::nullopt);
  EXPECT_EQ(one.observe(false), false);
}

TEST(health, a_change_takes_its_number_in_a_row) {
  health careful(2, 3);
  EXPECT_EQ(careful.observe(true), std::nullopt);
  EXPECT_EQ(careful.observe(false), std::nullopt) << "begins anew";
  EXPECT_EQ(careful.observe(true), std::nullopt);
  EXPECT_EQ(careful.observe(true), true);
  EXPECT_EQ(careful.observe(false), std::nullopt);
  EXPECT_EQ(careful.observe(false), std::nullopt);
  EXPECT_EQ(careful.observe(true), std::nullopt) << "begins anew";
  EXPECT_EQ(careful.observe(false), std::nullopt);
  EXPECT_EQ(careful.observe(false), std::nullopt);
  EXPECT_EQ(careful.observe(false), false);
}

TEST(health, may_be_well_until_it_is_shown_not_to_be) {
  health one(1, 2, true);
  EXPECT_TRUE(one.is_well());
  EXPECT_EQ(one.observe(true), std::nullopt) << "no news";
  EXPECT_EQ(one.observe(false), std::nullopt);
  EXPECT_EQ(one.observe(false), false);
  EXPECT_FALSE(one.is_well());
}

TEST(incarnation, is_128_fresh_bits) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string one = agent::make_incarnation();
    EXPECT_EQ(one.size(), 32u);
    EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(one).second);
  }
}

TEST(parse_status, of_a_status_line_only) {
  EXPECT_EQ(parse_status("HTTP/1.1 200 OK\r\n"), 200u);
  EXPECT_EQ(parse_status("HTTP/1.0 503\r\n"), 503u);
  EXPECT_EQ(parse_status("HTTP/1.1 204"), 204u);
  for (const char* bad : {"", "HTTP/1.1", "HTTP/2 200", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1  200",
                          "http/1.1 200 OK", "SSH-2.0-OpenSSH_9"}) {
    EXPECT_EQ(parse_status(bad), 0u) << bad;
  }
}

/// Answers each connection with the same bytes, or (nothing) never.
template <class Protocol>
class answering_server {
public:
  answering_server(asio::io_context& io, typename Protocol::endpoint at, std::optional<std::string> answer)
      : acceptor_(io, at), answer_(std::move(answer)) {
    accept();
  }
  auto address() const { return acceptor_.local_endpoint(); }
  std::string request;

private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code failed, typename Protocol::socket socket) {
      if (failed) return;
      auto kept = std::make_shared<typename Protocol::socket>(std::move(socket));
      sockets_.push_back(kept);
      kept->async_read_some(asio::buffer(buffer_),
                            [this, kept](boost::system::error_code, std::size_t count) {
                              request.assign(buffer_.data(), count);
                              boost::system::error_code ignored;
                              if (answer_) asio::write(*kept, asio::buffer(*answer_), ignored);
                              if (answer_) kept->close(ignored);
                            });
      accept();
    });
  }

  typename Protocol::acceptor acceptor_;
  std::optional<std::string> answer_;
  std::vector<std::shared_ptr<typename Protocol::socket>> sockets_;
  std::array<char, 1024> buffer_{};
};

using tcp_server = answering_server<asio::ip::tcp>;
using unix_server = answering_server<asio::local::stream_protocol>;

const asio::ip::tcp::endpoint any_port(asio::ip::address_v4::loopback(), 0);

health_question asks(const std::string& path, std::chrono::milliseconds timeout = 5s) {
  health_question question;
  question.http_path = path;
  question.user_agent = "tests";
  question.timeout = timeout;
  return question;
}

struct check_health_test : testing::Test {
  test::test_io io;

  std::string check(const std::string& address, health_question question) {
    question.host = host_of(address);
    const auto checked = io.await(check_health(address, question));
    return checked ? "well" : checked.error().reason;
  }

  std::string check_answer(const std::optional<std::string>& answer, std::chrono::milliseconds timeout = 5s) {
    const tcp_server server(io.context, any_port, answer);
    return check("127.0.0.1:" + std::to_string(server.address().port()), asks("/healthz", timeout));
  }
};

TEST_F(check_health_test, statuses) {
  EXPECT_EQ(check_answer("HTTP/1.1 200 OK\r\n\r\n"), "well");
  EXPECT_EQ(check_answer("HTTP/1.1 302 Found\r\n\r\n"), "well");
  EXPECT_EQ(check_answer("HTTP/1.1 399 Last\r\n\r\n"), "well");
  EXPECT_EQ(check_answer("HTTP/1.1 400 No\r\n\r\n"), "status 400");
  EXPECT_EQ(check_answer("HTTP/1.1 503 No\r\n\r\n"), "status 503");
  EXPECT_EQ(check_answer("HTTP/1.1 404 No\r\n\r\n"), "status 404");
  EXPECT_EQ(check_answer("hello there, I am no HTTP\n"), "the answer is not HTTP");
  EXPECT_EQ(check_answer(std::string(100'000, 'x')), "the answer is not HTTP");
  EXPECT_NE(check_answer(""), "well");
}

TEST_F(check_health_test, interim_answers_are_none) {
  EXPECT_EQ(check_answer(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
            "well");
  EXPECT_EQ(check_answer("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 503 No\r\n\r\n"), "status 503");
  EXPECT_NE(check_answer("HTTP/1.1 103 Early\r\n\r\n"), "well");
  std::string endless;
  while (endless.size() < 100'000)
    endless += "HTTP/1.1 103 Early\r\n\r\n";
  EXPECT_NE(check_answer(endless), "well") << "no more than 8 KiB is read";
}

TEST_F(check_health_test, statuses_are_the_askers) {
  const tcp_server server(io.context, any_port, "HTTP/1.1 503 Odd\r\n\r\n");
  auto question = asks("/");
  question.status = {{200, 299}, {503, 503}};
  EXPECT_EQ(check("127.0.0.1:" + std::to_string(server.address().port()), question), "well");
}

TEST_F(check_health_test, a_check_that_is_given_up_ends_at_once) {
  const tcp_server server(io.context, any_port, std::nullopt);
  const auto one = health_check::make(io.context.get_executor(), asks("/", 1h));
  asio::post(io.context, [&] { one->cancel(); });
  EXPECT_FALSE(io.await(health_check::run(one, {server.address()})).has_value());
  const auto two = health_check::make(io.context.get_executor(), asks("/", 1h));
  two->cancel();
  EXPECT_FALSE(io.await(health_check::run(two, {server.address()})).has_value()) << "before it began";
}

TEST_F(check_health_test, a_silent_backend_is_given_up_in_time) {
  EXPECT_NE(check_answer(std::nullopt, 50ms).find("no answer in time"), std::string::npos);
}

TEST_F(check_health_test, asks_for_the_path) {
  const tcp_server server(io.context, any_port, "HTTP/1.1 200 OK\r\n\r\n");
  const std::string address = "localhost:" + std::to_string(server.address().port());
  EXPECT_EQ(check(address, asks("/health?deep=1")), "well");
  EXPECT_TRUE(server.request.starts_with("GET /health?deep=1 HTTP/1.1\r\nHost: " + address + "\r\n"))
      << server.request;
  EXPECT_TRUE(server.request.ends_with("\r\n\r\n"));
}

TEST_F(check_health_test, without_a_path_a_connection_is_enough) {
  const tcp_server server(io.context, any_port, std::nullopt);
  EXPECT_EQ(check("127.0.0.1:" + std::to_string(server.address().port()), asks("")), "well");
  EXPECT_NE(check("127.0.0.1:" + std::to_string(test::free_port()), asks("")), "well");
}

TEST_F(check_health_test, unix_sockets) {
  const test::temporary_folder folder;
  const std::string path = folder.path() + "/backend.sock";
  EXPECT_NE(check("unix:" + path, asks("/")), "well");
  const unix_server server(io.context, asio::local::stream_protocol::endpoint(path),
                           "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(check("unix:" + path, asks("/")), "well");
}

} // namespace
} // namespace limpet::membership
