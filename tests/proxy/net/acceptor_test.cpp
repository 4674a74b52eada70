#include "proxy/net/acceptor.hpp"
#include "tests/proxy/net/support.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace limpet::net {
namespace {

class acceptor_test : public testing::Test {
protected:
  unique_fd connect() {
    const auto to = socket_address::parse(address, socket_address::use::connect).value();
    unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), to.data(), to.size()) != 0) return {};
    return fd;
  }
  std::unique_ptr<acceptor> make_acceptor() {
    auto opened = open_listen_sockets("127.0.0.1:0", 1).value();
    address = opened.address;
    return std::make_unique<acceptor>(
        on.events, std::move(opened.fds[0]),
        [this](unique_fd socket, const socket_address& peer) {
          if (throws) throw std::runtime_error("a connection's");
          peers.push_back(peer.to_string());
          sockets.push_back(std::move(socket));
        },
        [this](accept_event what, error_code) { troubles.push_back(what); });
  }

  loop on;
  std::string address; ///< of the acceptor that was made last
  std::vector<unique_fd> sockets;
  std::vector<std::string> peers;
  std::vector<accept_event> troubles;
  bool throws = false;
};

TEST_F(acceptor_test, hands_over_each_connection_and_its_peer) {
  const auto listening = make_acceptor();
  listening->start();
  const auto a = connect();
  const auto b = connect();
  ASSERT_TRUE(on.run_until([&] { return sockets.size() == 2; }));
  EXPECT_EQ(peers[0], socket_address::of_socket(a.get()).to_string());
  EXPECT_EQ(peers[1], socket_address::of_socket(b.get()).to_string());
  const auto c = connect();
  EXPECT_TRUE(on.run_until([&] { return sockets.size() == 3; }));
  EXPECT_TRUE(troubles.empty());
}

TEST_F(acceptor_test, accepts_more_than_one_batch) {
  const auto listening = make_acceptor();
  std::vector<unique_fd> clients;
  for (int i = 0; i < 150; ++i)
    clients.push_back(connect());
  listening->start();
  EXPECT_TRUE(on.run_until([&] { return sockets.size() == clients.size(); }));
}

TEST_F(acceptor_test, takes_what_waits_before_it_closes) {
  const auto listening = make_acceptor();
  listening->start();
  std::vector<unique_fd> clients;
  for (int i = 0; i < 150; ++i)
    clients.push_back(connect());
  listening->drain_and_close();
  EXPECT_EQ(sockets.size(), clients.size());
  EXPECT_FALSE(connect());
  listening->drain_and_close(); // a second time does nothing
  EXPECT_TRUE(troubles.empty());
}

TEST_F(acceptor_test, has_no_trouble_when_closed_with_a_client_on_its_way_in) {
  // Both have turned readable in the same turn of the loop in which they are closed.
  const auto one = make_acceptor();
  const auto to_one = connect();
  const auto other = make_acceptor();
  const auto to_other = connect();
  one->start();
  other->start();
  on.events.defer([&] {
    one->drain_and_close();
    other->drain_and_close();
  });
  ASSERT_TRUE(on.run_until([&] { return sockets.size() == 2; }));
  on.poll();
  EXPECT_TRUE(troubles.empty());
}

TEST_F(acceptor_test, goes_on_when_a_connection_throws) {
  const auto listening = make_acceptor();
  listening->start();
  const auto lost = connect();
  throws = true;
  EXPECT_THROW(on.run_until([] { return false; }), std::runtime_error);
  throws = false;
  const auto client = connect();
  ASSERT_TRUE(on.run_until([&] { return sockets.size() == 1; }));
  EXPECT_EQ(peers[0], socket_address::of_socket(client.get()).to_string());
}

/// While it lives this process can open no more files. The sanitizers open files of their own to look at a
/// class that they have not met yet: what runs under it must have run before.
class no_more_files {
public:
  no_more_files() {
    is_would_block(error_code(EMFILE, boost::system::system_category()));
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const unique_fd next(::dup(0)); // the lowest number that is free
    const rlimit none{static_cast<rlim_t>(next.get()), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_more_files() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  no_more_files(const no_more_files&) = delete;

private:
  rlimit before_{};
};

TEST_F(acceptor_test, goes_on_after_it_was_out_of_descriptors) {
  const auto listening = make_acceptor();
  listening->start();
  const auto first = connect();
  ASSERT_TRUE(on.run_until([&] { return sockets.size() == 1; }));
  const auto client = connect();
  {
    const no_more_files limit;
    ASSERT_TRUE(on.run_until([&] { return !troubles.empty(); }));
    EXPECT_EQ(troubles[0], accept_event::out_of_descriptors);
    EXPECT_EQ(sockets.size(), 1);
  }
  EXPECT_TRUE(on.run_until([&] { return sockets.size() == 2; })); // the client has waited in the queue
}

TEST_F(acceptor_test, stays_closed_when_closed_in_a_pause) {
  const auto listening = make_acceptor();
  listening->start();
  const auto first = connect();
  ASSERT_TRUE(on.run_until([&] { return sockets.size() == 1; }));
  const auto client = connect();
  const no_more_files limit;
  ASSERT_TRUE(on.run_until([&] { return !troubles.empty(); }));
  listening->close();
  const auto seen = troubles.size();
  on.pass(std::chrono::hours(1));
  on.poll();
  EXPECT_EQ(troubles.size(), seen);
  EXPECT_EQ(sockets.size(), 1);
}

} // namespace
} // namespace limpet::net
