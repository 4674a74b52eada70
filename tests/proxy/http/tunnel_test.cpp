#include "proxy/http/tunnel.hpp"
#include "tests/proxy/net/support.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

namespace limpet::http {
namespace {

using namespace std::chrono_literals;
using net::stream;

class tunnel_test : public testing::Test {
protected:
  /// Two connected sockets, as a stream takes them.
  static std::pair<net::unique_fd, net::unique_fd> connected() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    return {net::unique_fd(fds[0]), net::unique_fd(fds[1])};
  }

  void open() {
    routing::member one_member;
    one_member.id = "a";
    auto pool = std::make_shared<pool_snapshot>();
    pool->view = routing::view({one_member}, 1);
    net::member_target target;
    target.shared = std::make_shared<net::reachability>();
    pool->targets.push_back(target);

    auto [client_end, proxy_to_client] = connected();
    auto [member_end, proxy_to_member] = connected();
    client = std::move(client_end);
    member = std::move(member_end);
    tunnel::opening opening;
    opening.client = std::make_unique<stream>(std::move(proxy_to_client), on.events);
    opening.upstream =
        std::make_unique<net::upstream_connection>(std::move(proxy_to_member), worker.upstreams, target);
    opening.pool = std::move(pool);
    opening.websocket = true;
    to_client = opening.client.get();
    tunnel::open(worker, std::move(opening), {}, {});
  }

  net::loop on;
  process_state process;
  worker_state worker{on.events, process};
  net::unique_fd client, member; ///< the ends of others
  stream* to_client = nullptr;   ///< the tunnel's
};

TEST_F(tunnel_test, passes_bytes_both_ways) {
  open();
  net::write_now(client.get(), "up");
  net::write_now(member.get(), "down");
  std::string up, down;
  EXPECT_TRUE(on.run_until([&] {
    up += net::read_now(member.get());
    down += net::read_now(client.get());
    return up == "up" && down == "down";
  }));
  client = {};
  member = {};
  EXPECT_TRUE(on.run_until([&] { return worker.tunnels.empty(); }));
}

TEST_F(tunnel_test, may_be_told_to_close_while_its_client_does_not_read) {
  open();
  on.poll(); // it waits for both now
  // The socket is full, though the tunnel has nothing more to write: the close frame has to wait.
  const std::string block(4096, 'a');
  while (net::write_now(to_client->native_handle(), block) > 0) {
  }
  while (net::write_now(to_client->native_handle(), "a") > 0) {
  }
  (*worker.tunnels.begin())->close(1001, "bye", 1h);

  std::string got;
  EXPECT_TRUE(on.run_until([&] {
    got += net::read_now(client.get());
    return got.ends_with("bye");
  }));
  net::write_now(client.get(),
                 std::string("\x88\x82\0\0\0\0\x03\xe9", 8)); // the client's close, masked with zeros
  EXPECT_TRUE(on.run_until([&] { return worker.tunnels.empty(); }));
  on.poll(); // what was waited for twice would be told to memory that is free by now
}

} // namespace
} // namespace limpet::http
