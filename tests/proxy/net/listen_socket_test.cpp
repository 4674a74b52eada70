#include "proxy/net/listen_socket.hpp"
#include "proxy/net/socket_address.hpp"
#include "tests/proxy/net/support.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace limpet::net {
namespace {

namespace errc = boost::system::errc;

/// Why an address cannot be listened on.
error_code refused(const std::string& address) {
  const auto opened = open_listen_sockets(address, 1);
  return opened ? error_code() : opened.error();
}

std::string port_of(const std::string& address) {
  return address.substr(address.rfind(':') + 1);
}

/// A connection to where `fd` listens; invalid where that fails.
unique_fd connect_to(int listening) {
  const auto to = socket_address::of_socket(listening);
  unique_fd fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), to.data(), to.size()) != 0) return {};
  return fd;
}

/// Opens an address with its port named. That port was free a moment ago; another program may have taken it
/// since, then another one is tried.
listen_sockets open_with_named_port(std::size_t count) {
  for (int tries = 0; tries < 100; ++tries) {
    const auto address = open_listen_sockets("127.0.0.1:0", 1).value().address;
    if (auto opened = open_listen_sockets(address, count)) return std::move(*opened);
  }
  throw std::runtime_error("no port is free");
}

TEST(listen_socket, binds_all_sockets_to_the_port_that_the_system_chose) {
  const auto opened = open_listen_sockets("127.0.0.1:0", 4).value();
  ASSERT_EQ(opened.fds.size(), 4U);
  EXPECT_NE(port_of(opened.address), "0");
  for (const auto& fd : opened.fds)
    EXPECT_EQ(socket_address::of_socket(fd.get()).to_string(), opened.address);
  EXPECT_TRUE(connect_to(opened.fds[0].get()));
  EXPECT_EQ(opened.unlink_path, "");
}

TEST(listen_socket, has_descriptors_that_neither_block_nor_are_inherited) {
  temporary_folder folder;
  for (const auto& address : {std::string("127.0.0.1:0"), "unix:" + folder.file("s")}) {
    const auto opened = open_listen_sockets(address, 2).value();
    for (const auto& fd : opened.fds) {
      EXPECT_TRUE(::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) << address;
      EXPECT_TRUE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) << address;
    }
  }
}

TEST(listen_socket, refuses_what_is_no_address) {
  for (const std::string address :
       {"", "nonsense", "1.2.3.4", "example.com:80", "unix:relative", "1.2.3.4:99999"})
    EXPECT_EQ(refused(address), errc::invalid_argument) << address;
}

TEST(listen_socket, refuses_an_address_of_somebody_else) {
  EXPECT_EQ(refused("192.0.2.1:0"), errc::address_not_available); // RFC 5737: nobody's
}

TEST(listen_socket, refuses_an_address_that_it_listens_on_already) {
  for (const bool named : {false, true}) {
    const auto first = named ? open_with_named_port(2) : open_listen_sockets("127.0.0.1:0", 2).value();
    EXPECT_EQ(refused(first.address), errc::address_in_use);
    EXPECT_EQ(refused("localhost:" + port_of(first.address)), errc::address_in_use);
    EXPECT_EQ(refused(":" + port_of(first.address)), errc::address_in_use);
  }
}

TEST(listen_socket, holds_the_address_while_it_binds) {
  auto first = open_with_named_port(1);
  ASSERT_TRUE(first.lock);
  const auto address = first.address;
  first.fds.clear(); // between the lock and the bind
  EXPECT_EQ(refused(address), errc::address_in_use);
}

TEST(listen_socket, can_be_opened_again_once_closed) {
  std::string address;
  {
    const auto first = open_with_named_port(2);
    address = first.address;
    const auto client = connect_to(first.fds[0].get()); // leaves a connection behind, in TIME_WAIT
    ASSERT_TRUE(client);
  }
  EXPECT_FALSE(refused(address));
}

TEST(listen_socket, refuses_an_address_that_another_program_shares_with_whoever_comes) {
  for (const int option : {SO_REUSEADDR, SO_REUSEPORT}) {
    const unique_fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ASSERT_EQ(::setsockopt(other.get(), SOL_SOCKET, option, &on, sizeof on), 0);
    const auto any = *socket_address::parse("127.0.0.1:0", socket_address::use::listen);
    ASSERT_EQ(::bind(other.get(), any.data(), any.size()), 0);
    ASSERT_EQ(::listen(other.get(), 1), 0);
    EXPECT_EQ(refused(socket_address::of_socket(other.get()).to_string()), errc::address_in_use) << option;
  }
}

TEST(listen_socket, leaves_ipv4_alone_where_it_listens_on_ipv6) {
  const auto v6 = open_listen_sockets("[::]:0", 1);
  if (!v6) GTEST_SKIP() << "there is no IPv6 here";
  int only = 0;
  socklen_t size = sizeof only;
  ASSERT_EQ(::getsockopt(v6->fds[0].get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, &size), 0);
  EXPECT_EQ(only, 1);
}

// -- unix sockets -----------------------------------------------------

class unix_listen_socket : public testing::Test {
protected:
  temporary_folder folder;
  const std::string path = folder.file("s");
  const std::string address = "unix:" + path;
};

TEST_F(unix_listen_socket, has_one_queue_for_all) {
  const auto opened = open_listen_sockets(address, 3).value();
  ASSERT_EQ(opened.fds.size(), 3U);
  EXPECT_EQ(opened.address, address);
  EXPECT_EQ(opened.unlink_path, path);
  for (const auto& fd : opened.fds) {
    ASSERT_TRUE(connect_to(opened.fds[0].get()));
    EXPECT_TRUE(unique_fd(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }
}

TEST_F(unix_listen_socket, refuses_one_that_is_listened_on) {
  const auto first = open_listen_sockets(address, 1).value();
  EXPECT_EQ(refused(address), errc::address_in_use);
  EXPECT_TRUE(connect_to(first.fds[0].get()));
}

TEST_F(unix_listen_socket, refuses_one_that_is_too_busy_to_answer) {
  const auto to = *socket_address::parse(address, socket_address::use::listen);
  const unique_fd busy(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(busy.get(), to.data(), to.size()), 0);
  ASSERT_EQ(::listen(busy.get(), 0), 0);
  std::vector<unique_fd> waiting; // until the queue is full
  do {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  } while (::connect(waiting.back().get(), to.data(), to.size()) == 0);
  EXPECT_EQ(refused(address), errc::address_in_use);
  EXPECT_TRUE(std::filesystem::is_socket(path));
}

TEST_F(unix_listen_socket, removes_what_a_killed_process_left_behind) {
  open_listen_sockets(address, 1).value();
  ASSERT_TRUE(std::filesystem::is_socket(path));
  const auto again = open_listen_sockets(address, 1);
  ASSERT_TRUE(again);
  EXPECT_TRUE(connect_to(again->fds[0].get()));
}

TEST_F(unix_listen_socket, leaves_alone_what_is_no_socket) {
  std::ofstream(path) << "precious";
  EXPECT_EQ(refused(address), errc::address_in_use);
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(unix_listen_socket, tells_that_there_is_no_such_folder) {
  EXPECT_EQ(refused("unix:" + folder.file("missing/s")), errc::no_such_file_or_directory);
}

// -- unique_fd --------------------------------------------------------

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

TEST(unique_fd, closes_with_its_owner) {
  const int fd = ::dup(0);
  { const unique_fd owner(fd); }
  EXPECT_FALSE(is_open(fd));
}

TEST(unique_fd, changes_hands) {
  const int first = ::dup(0);
  const int second = ::dup(0);
  unique_fd a(first);
  unique_fd b(std::move(a));
  EXPECT_FALSE(a); // NOLINT(bugprone-use-after-move): what is left is promised
  b = unique_fd(second);
  EXPECT_FALSE(is_open(first));
  EXPECT_TRUE(is_open(second));
  EXPECT_EQ(b.release(), second);
  EXPECT_FALSE(b);
  EXPECT_TRUE(is_open(second));
  ::close(second);
}

} // namespace
} // namespace limpet::net
