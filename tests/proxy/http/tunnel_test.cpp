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
  std::pair<stream::socket, stream::socket> connected() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    const net::asio::generic::stream_protocol unix_stream(AF_UNIX, 0);
    return {stream::socket(on.io, unix_stream, fds[0]), stream::socket(on.io, unix_stream, fds[1])};
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
    client = std::make_unique<stream>(std::move(client_end), worker.wheel);
    member = std::make_unique<stream>(std::move(member_end), worker.wheel);
    tunnel::opening opening;
    opening.client = std::make_unique<stream>(std::move(proxy_to_client), worker.wheel);
    opening.upstream = std::make_unique<net::upstream_connection>(std::move(proxy_to_member), worker.wheel,
                                                                  worker.upstreams, target);
    opening.pool = std::move(pool);
    opening.websocket = true;
    to_client = opening.client.get();
    tunnel::open(worker, std::move(opening), {}, {});
  }

  net::loop on;
  process_state process;
  worker_state worker{on.io, process};
  std::unique_ptr<stream> client, member;
  stream* to_client = nullptr; ///< the tunnel's
};

TEST_F(tunnel_test, passes_bytes_both_ways) {
  open();
  net::write_now(*client, "up");
  net::write_now(*member, "down");
  std::string up, down;
  EXPECT_TRUE(on.run_until([&] {
    up += net::read_now(*member);
    down += net::read_now(*client);
    return up == "up" && down == "down";
  }));
  client->close();
  member->close();
  EXPECT_TRUE(on.run_until([&] { return worker.tunnels.empty(); }));
}

TEST_F(tunnel_test, may_be_told_to_close_while_its_client_does_not_read) {
  open();
  on.io.poll(); // it waits for both now
  // The socket is full, though the tunnel has nothing more to write: the close frame has to wait.
  const std::string block(4096, 'a');
  while (net::write_now(*to_client, block) > 0) {
  }
  while (net::write_now(*to_client, "a") > 0) {
  }
  (*worker.tunnels.begin())->close(1001, "bye", 1h);

  std::string got;
  EXPECT_TRUE(on.run_until([&] {
    got += net::read_now(*client);
    return got.ends_with("bye");
  }));
  net::write_now(*client,
                 std::string("\x88\x82\0\0\0\0\x03\xe9", 8)); // the client's close, masked with zeros
  EXPECT_TRUE(on.run_until([&] { return worker.tunnels.empty(); }));
  on.io.poll(); // what was waited for twice would be told to memory that is free by now
}

} // namespace
} // namespace limpet::http
