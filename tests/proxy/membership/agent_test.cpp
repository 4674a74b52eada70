#include "proxy/membership/etcd/client.hpp"
#include "proxy/membership/member_codec.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/support/etcd_process.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <utility>

namespace limpet::agent {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using routing::member_state;

constexpr const char* key = "/limpet/chat/members/a";

/// A backend that takes connections for as long as it lives.
class listening_backend {
public:
  explicit listening_backend(asio::io_context& io, std::uint16_t port = 0)
      : acceptor_(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port)) {}
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

private:
  asio::ip::tcp::acceptor acceptor_;
};

struct agent_test : testing::Test {
  test::test_io io;
  test::temporary_folder folder;
  test::etcd_process server;
  etcd::client etcd{[this] {
    etcd::client_options options;
    options.endpoints = {server.url()};
    return options;
  }()};
  std::unique_ptr<listening_backend> backend = std::make_unique<listening_backend>(io.context);
  test::process agent;

  void start(int drain_ms, const std::vector<std::string>& command = {}) {
    std::vector<std::string> argv{AGENT_RUNNER, server.url(), backend->address(), "",
                                  std::to_string(drain_ms)};
    argv.insert(argv.end(), command.begin(), command.end());
    agent = test::process(argv, folder.path() + "/log");
  }

  std::optional<etcd::key_value> stored() {
    const auto found = io.await(etcd.range({.key = key, .range_end = {}}));
    if (!found || found->kvs.empty()) return std::nullopt;
    return found->kvs.front();
  }

  std::optional<routing::member> member() {
    const auto kv = stored();
    if (!kv) return std::nullopt;
    const auto decoded = membership::decode_member("a", kv->value);
    return decoded ? std::optional(*decoded) : std::nullopt;
  }

  routing::member wait_for_member() {
    std::optional<routing::member> found;
    test::wait_until([&] { return (found = member()).has_value(); }, "the registration\n" + log());
    return *found;
  }
  void wait_for_state(member_state state) {
    test::wait_until([=, this] { return holds(member(), [=](const auto& m) { return m.state == state; }); },
                     "the state\n" + log());
  }
  void wait_for_another(const routing::member& than) {
    const auto is_another = [&](const routing::member& m) { return m.incarnation != than.incarnation; };
    test::wait_until([&] { return holds(member(), is_another); }, "another incarnation\n" + log());
  }
  void wait_for_absence() {
    test::wait_until([this] { return !stored(); }, "the end of the registration\n" + log());
  }
  /// Of one reading: a second one may find something else, or nothing.
  template <class T, class Predicate>
  static bool holds(const std::optional<T>& reading, Predicate predicate) {
    return reading && predicate(*reading);
  }
  std::string log() const { return test::read_text(folder.path() + "/log"); }

  /// A child that writes "started" and "term" into files; on SIGTERM it ends with 7.
  std::vector<std::string> scripted_child() const {
    return {"sh", "-c",
            "trap 'echo > " + folder.path() + "/term; exit 7' TERM; echo $$ > " + folder.path() +
                "/started.new; mv " + folder.path() + "/started.new " + folder.path() +
                "/started; while :; do sleep 0.05; done"};
  }
  bool has(const std::string& name) const { return std::ifstream(folder.path() + "/" + name).good(); }
  pid_t child_pid() {
    test::wait_until([this] { return has("started"); }, "the child\n" + log());
    return std::stoi(test::read_text(folder.path() + "/started"));
  }
};

TEST_F(agent_test, registers_drains_and_ends) {
  start(300);
  const routing::member first = wait_for_member();
  EXPECT_EQ(first.address, backend->address());
  EXPECT_EQ(first.zone, "z1");
  EXPECT_EQ(first.state, member_state::ready);
  EXPECT_EQ(first.incarnation.size(), 32u);
  EXPECT_NE(stored()->lease, 0);

  agent.signal(SIGTERM);
  wait_for_state(member_state::draining);
  EXPECT_EQ(member()->incarnation, first.incarnation);
  EXPECT_EQ(agent.wait(), 0) << log();
  EXPECT_FALSE(stored());
}

TEST_F(agent_test, a_backend_that_is_not_well_is_taken_out_and_comes_back_as_another) {
  start(0);
  const routing::member first = wait_for_member();
  const auto port = backend->port();
  backend.reset();
  wait_for_absence();
  backend = std::make_unique<listening_backend>(io.context, port);
  const routing::member second = wait_for_member();
  EXPECT_NE(second.incarnation, first.incarnation);
  EXPECT_EQ(second.address, first.address);
}

TEST_F(agent_test, a_lost_lease_is_replaced_and_the_incarnation_stays) {
  start(0);
  const routing::member first = wait_for_member();
  const auto lease = stored()->lease;
  ASSERT_TRUE(io.await(etcd.lease_revoke(lease)));
  test::wait_until([&] { return holds(stored(), [&](const auto& kv) { return kv.lease != lease; }); },
                   "another lease\n" + log());
  EXPECT_EQ(member()->incarnation, first.incarnation);
}

TEST_F(agent_test, a_deleted_key_is_put_again_and_lease_and_incarnation_stay) {
  start(0);
  const routing::member first = wait_for_member();
  const auto lease = stored()->lease;
  ASSERT_EQ(io.await(etcd.delete_range({.key = key, .range_end = {}}))->deleted, 1);
  EXPECT_EQ(wait_for_member().incarnation, first.incarnation);
  EXPECT_EQ(stored()->lease, lease);
}

TEST_F(agent_test, a_value_that_somebody_put_without_a_lease_is_told_of_and_left) {
  start(0);
  const routing::member first = wait_for_member();
  ASSERT_TRUE(io.await(etcd.put({.key = key, .value = "{}", .lease = 0})));
  test::wait_until([this] { return log().find("a value without a lease") != std::string::npos; },
                   "the log\n" + log());
  EXPECT_EQ(stored()->value, "{}");
  ASSERT_TRUE(io.await(etcd.delete_range({.key = key, .range_end = {}})));
  EXPECT_EQ(wait_for_member().incarnation, first.incarnation);
}

TEST_F(agent_test, of_two_agents_the_first_says_that_it_lost_the_id_and_takes_it_back_when_it_is_free) {
  start(0);
  const routing::member first = wait_for_member();
  test::process other = std::exchange(agent, test::process());
  agent = test::process({AGENT_RUNNER, server.url(), backend->address(), "", "0"}, folder.path() + "/second");
  wait_for_another(first);
  test::wait_until([this] { return log().find("held by another agent") != std::string::npos; },
                   "the log\n" + log());
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_EQ(wait_for_member().incarnation, first.incarnation);
  EXPECT_EQ(log().find("held by"), log().rfind("held by")) << "told once\n" << log();
}

TEST_F(agent_test, an_etcd_that_comes_back_empty_gets_the_registration_again) {
  start(0);
  const routing::member first = wait_for_member();
  server.kill();
  server.forget_data();
  server.start();
  EXPECT_EQ(wait_for_member().incarnation, first.incarnation);
}

TEST_F(agent_test, an_etcd_that_is_away_at_the_start_is_waited_for) {
  server.kill();
  start(0);
  test::wait_until([this] { return log().find("refused") != std::string::npos; }, "the first attempt");
  server.start();
  wait_for_member();
}

TEST_F(agent_test, a_killed_agents_key_goes_with_its_lease) {
  start(0);
  wait_for_member();
  agent.kill();
  wait_for_absence();
}

TEST_F(agent_test, what_a_killed_agent_left_is_replaced_at_once) {
  start(0);
  const auto first = wait_for_member();
  agent.kill();
  start(0);
  wait_for_another(first);
}

TEST_F(agent_test, without_etcd_the_end_is_unclean_but_comes) {
  start(100);
  wait_for_member();
  server.kill();
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait(), 3) << log();
}

TEST_F(agent_test, starts_the_backend_and_ends_it_after_the_registration) {
  start(100, scripted_child());
  child_pid();
  const routing::member first = wait_for_member();
  const auto port = backend->port();
  backend.reset();
  wait_for_absence();
  backend = std::make_unique<listening_backend>(io.context, port);
  EXPECT_EQ(wait_for_member().incarnation, first.incarnation) << "it is the same process";

  agent.signal(SIGINT);
  wait_for_state(member_state::draining);
  EXPECT_FALSE(has("term")) << "drained before it is told to end";
  EXPECT_EQ(agent.wait(), 7) << log();
  EXPECT_TRUE(has("term"));
  EXPECT_FALSE(stored());
}

TEST_F(agent_test, a_backend_that_ends_by_itself_is_taken_out_and_its_code_is_the_agents) {
  start(60'000, scripted_child());
  const pid_t pid = child_pid();
  wait_for_member();
  ::kill(pid, SIGKILL);
  EXPECT_EQ(agent.wait(), 128 + SIGKILL) << log();
  EXPECT_FALSE(stored());
}

TEST_F(agent_test, a_second_signal_ends_everything_at_once) {
  start(60'000, {"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"});
  wait_for_member();
  agent.signal(SIGTERM);
  wait_for_state(member_state::draining);
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait(), 128 + SIGKILL) << log();
  EXPECT_FALSE(stored());
}

TEST_F(agent_test, a_second_signal_without_a_backend_of_its_own_is_told_by_the_exit_code) {
  start(60'000);
  wait_for_member();
  agent.signal(SIGTERM);
  wait_for_state(member_state::draining);
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait(), 2) << log();
  EXPECT_FALSE(stored());
}

TEST_F(agent_test, a_killed_agent_leaves_no_backend_behind) {
  start(0, scripted_child());
  child_pid();
  wait_for_member();
  agent.kill();
  test::wait_until([this] { return has("term"); }, "SIGTERM for the child");
}

TEST_F(agent_test, a_command_that_cannot_be_started_is_told) {
  start(0, {"/nonexistent/backend"});
  EXPECT_EQ(agent.wait(), 1);
  EXPECT_NE(log().find("/nonexistent/backend"), std::string::npos) << log();
  EXPECT_FALSE(stored());
}

} // namespace
} // namespace limpet::agent
