#include "proxy/agent/health.hpp"
#include "proxy/agent/health_check.hpp"
#include "proxy/agent/incarnation.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <set>

namespace limpet::agent {
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

TEST(incarnation, is_128_fresh_bits) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string one = make_incarnation();
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

config::agent_check_settings checks(const std::string& path, std::chrono::milliseconds timeout = 5s) {
  config::agent_check_settings settings;
  settings.http_path = path;
  settings.timeout = timeout;
  return settings;
}

struct check_health_test : testing::Test {
  test::test_io io;

  std::string check(const std::string& address, const config::agent_check_settings& settings) {
    const auto checked = io.await(check_health(address, settings));
    return checked ? "well" : checked.error().reason;
  }

  std::string check_answer(const std::optional<std::string>& answer, std::chrono::milliseconds timeout = 5s) {
    const tcp_server server(io.context, any_port, answer);
    return check("127.0.0.1:" + std::to_string(server.address().port()), checks("/healthz", timeout));
  }
};

TEST_F(check_health_test, statuses) {
  EXPECT_EQ(check_answer("HTTP/1.1 200 OK\r\n\r\n"), "well");
  EXPECT_EQ(check_answer("HTTP/1.1 302 Found\r\n\r\n"), "well");
  EXPECT_EQ(check_answer("HTTP/1.1 503 No\r\n\r\n"), "status 503");
  EXPECT_EQ(check_answer("HTTP/1.1 404 No\r\n\r\n"), "status 404");
  EXPECT_EQ(check_answer("hello there, I am no HTTP\n"), "the answer is not HTTP");
  EXPECT_EQ(check_answer(std::string(100'000, 'x')), "the answer is not HTTP");
  EXPECT_NE(check_answer(""), "well");
}

TEST_F(check_health_test, a_silent_backend_is_given_up_in_time) {
  EXPECT_NE(check_answer(std::nullopt, 50ms).find("no answer in time"), std::string::npos);
}

TEST_F(check_health_test, asks_for_the_path) {
  const tcp_server server(io.context, any_port, "HTTP/1.1 200 OK\r\n\r\n");
  const std::string address = "localhost:" + std::to_string(server.address().port());
  EXPECT_EQ(check(address, checks("/health?deep=1")), "well");
  EXPECT_TRUE(server.request.starts_with("GET /health?deep=1 HTTP/1.1\r\nHost: " + address + "\r\n"))
      << server.request;
  EXPECT_TRUE(server.request.ends_with("\r\n\r\n"));
}

TEST_F(check_health_test, without_a_path_a_connection_is_enough) {
  const tcp_server server(io.context, any_port, std::nullopt);
  EXPECT_EQ(check("127.0.0.1:" + std::to_string(server.address().port()), checks("")), "well");
  EXPECT_NE(check("127.0.0.1:" + std::to_string(test::free_port()), checks("")), "well");
}

TEST_F(check_health_test, unix_sockets) {
  const test::temporary_folder folder;
  const std::string path = folder.path() + "/backend.sock";
  EXPECT_NE(check("unix:" + path, checks("/")), "well");
  const unix_server server(io.context, asio::local::stream_protocol::endpoint(path),
                           "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(check("unix:" + path, checks("/")), "well");
}

} // namespace
} // namespace limpet::agent
