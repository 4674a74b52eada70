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

  static routing::member a_member(const std::string& id) { return {id, "first", "10.0.0.1:1", 1, "", {}}; }

  std::shared_ptr<pool_snapshot> make_pool() const {
    auto made = std::make_shared<pool_snapshot>();
    made->settings.rebalance.per_second = 1'000'000; // at once
    made->view = routing::view({a_member("a")}, 1);
    made->targets.push_back(target);
    made->state = state;
    return made;
  }

  /// A hand-off to these (`handoff: barrier`), in the place of the one before.
  void prepare(std::vector<routing::member> members) {
    ownership::record r;
    r.state = ownership::record_state::prepare;
    r.revision = r.epoch = ++snapshots;
    r.members = std::move(members);
    r.base = {a_member("a")};
    auto next = make_pool();
    next->strict = net::strict_view{std::make_shared<const ownership::owners>(r), nullptr, 1, 0};
    next->compare(pool.get());
    pool = next;
    auto s = std::make_shared<snapshot>();
    s->number = snapshots;
    s->pools.push_back(pool);
    s->index_members();
    worker.publish(s);
  }

  void open(bool websocket = true) {
    auto [client_end, proxy_to_client] = connected();
    auto [member_end, proxy_to_member] = connected();
    client = std::move(client_end);
    member = std::move(member_end);
    tunnel::opening opening;
    opening.client = std::make_unique<stream>(std::move(proxy_to_client), on.events);
    opening.upstream =
        std::make_unique<net::upstream_connection>(std::move(proxy_to_member), worker.upstreams, target);
    opening.pool = pool ? pool : make_pool();
    opening.session = session;
    opening.snapshot = snapshots;
    opening.websocket = websocket;
    to_client = opening.client.get();
    tunnel::open(worker, std::move(opening), {}, {});
  }

  /// A tunnel keeps itself, and is there for as long as its ends are.
  void TearDown() override {
    client = {};
    member = {};
    EXPECT_TRUE(on.run_until([&] { return worker.tunnels.empty(); }));
  }

  net::loop on;
  process_state process;
  worker_state worker{on.events, process};
  net::unique_fd client, member; ///< the ends of others
  stream* to_client = nullptr;   ///< the tunnel's

  net::member_target target = [] {
    net::member_target one;
    one.shared = std::make_shared<net::reachability>();
    return one;
  }();
  std::shared_ptr<pool_state> state = std::make_shared<pool_state>();
  std::shared_ptr<const pool_snapshot> pool;
  std::uint64_t snapshots = 0;
  /// One that moves to "b", if that comes.
  routing::placement_key session = [] {
    const routing::view both({a_member("a"), a_member("b")}, 1);
    std::uint64_t hash = 0;
    while (routing::owner(both, hash) == 0)
      hash = routing::hash_bytes(std::to_string(hash));
    return routing::placement_key::of_request(hash);
  }();

  std::uint64_t let_go() {
    auto shard = worker.sample();
    const auto of = static_cast<std::uint16_t>(metric::streams_let_go);
    return shard.values[net::counter_shard::key(of, 0, static_cast<std::uint32_t>(parting::moved))];
  }
  /// To "b", which then does not come after all.
  void prepare_in_vain() {
    prepare({a_member("a"), a_member("b")});
    EXPECT_TRUE(on.run_until([&] { return let_go() == 1; }));
    prepare({a_member("a")});
    on.poll();
  }
  /// Whether it still passes bytes once the time is over that it had when it was let go.
  bool passes_on(const std::string& up) {
    on.pass(1h);
    on.poll();
    net::write_now(client.get(), up);
    std::string got;
    return on.run_until([&] {
      got += net::read_now(member.get());
      return got.ends_with(up) || worker.tunnels.empty();
    }) && !worker.tunnels.empty();
  }
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

TEST_F(tunnel_test, of_a_hand_off_that_comes_to_nothing_goes_on) {
  prepare({a_member("a")});
  open(false);
  prepare_in_vain();
  EXPECT_TRUE(passes_on("up"));
}

TEST_F(tunnel_test, of_a_hand_off_that_comes_anew_is_let_go_anew) {
  prepare({a_member("a")});
  open(false);
  prepare_in_vain();
  prepare({a_member("a"), a_member("b")});
  EXPECT_TRUE(on.run_until([&] { return let_go() == 2; }));
  EXPECT_FALSE(passes_on("up"));
}

TEST_F(tunnel_test, in_the_middle_of_messages_is_told_nothing_that_is_taken_back) {
  prepare({a_member("a")});
  open();
  net::write_now(client.get(), std::string("\x81\x82\0\0\0\0m", 7)); // of a message of two bytes
  net::write_now(member.get(), "\x81\x02m");
  std::string up, down;
  const auto hear = [&] {
    up += net::read_now(member.get());
    down += net::read_now(client.get());
    return up.ends_with("m") && down.ends_with("m");
  };
  EXPECT_TRUE(on.run_until(hear));
  prepare_in_vain();
  net::write_now(client.get(), "m");
  net::write_now(member.get(), "m");
  up.clear(), down.clear();
  EXPECT_TRUE(on.run_until(hear));
  on.poll();
  hear();
  EXPECT_EQ(up, "m");
  EXPECT_EQ(down, "m") << "and no close frame behind it";
  EXPECT_TRUE(passes_on(std::string("\x81\x82\0\0\0\0hi", 8)));
}

TEST_F(tunnel_test, that_was_told_to_close_does_so) {
  prepare({a_member("a")});
  open();
  prepare_in_vain();
  std::string down;
  EXPECT_TRUE(on.run_until([&] {
    down += net::read_now(client.get());
    return down.starts_with("\x88");
  }));
  EXPECT_FALSE(passes_on("up"));
}

} // namespace
} // namespace limpet::http
