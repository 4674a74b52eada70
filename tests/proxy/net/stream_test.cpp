#include "proxy/net/listen_socket.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/stream.hpp"
#include "tests/proxy/net/support.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

namespace limpet::net {
namespace {

using namespace std::chrono_literals;

task<error_code> wait_to_read(stream& from) {
  co_return co_await from.readable();
}

task<error_code> wait_to_write(stream& to, milliseconds within) {
  co_return co_await to.writable(within);
}

/// Both ends have found nothing to read before a test begins, so that a wait for it does wait.
class stream_test : public testing::Test {
protected:
  stream_test() {
    read_now(near);
    read_now(far);
  }
  /// What has come, once the loop has heard of it.
  std::string read_next(stream& from) {
    EXPECT_FALSE(on.run(from.readable()));
    return read_now(from);
  }
  /// Does something once the coroutine under test waits.
  template <class Action>
  void later(Action action) {
    on.events.defer(std::move(action));
  }
  /// Writes until nothing more is taken.
  static void fill(stream& to) {
    const std::string block(64 * 1024, 'a');
    while (write_now(to, block) > 0) {
    }
  }
  /// Lets all deadlines pass.
  void pass_time() { on.pass(1h); }

  loop on;
  stream_pair pair{on};
  stream& near = *pair.near;
  stream& far = *pair.far;
};

TEST_F(stream_test, reads_what_was_written) {
  std::array<std::byte, 16> bytes;
  EXPECT_TRUE(is_would_block(near.read_some(bytes).error));
  std::array<iovec, 3> pieces{iovec{const_cast<char*>("ab"), 2}, iovec{nullptr, 0},
                              iovec{const_cast<char*>("cde"), 3}};
  EXPECT_EQ(far.writev(pieces).bytes, 5U);
  EXPECT_EQ(read_next(near), "abcde");
  EXPECT_TRUE(is_would_block(near.read_some(bytes).error));
}

TEST_F(stream_test, tells_of_the_peers_end) {
  write_now(far, "last");
  far.shutdown_send();
  EXPECT_EQ(read_next(near), "last");
  std::array<std::byte, 16> bytes;
  const auto [count, error] = near.read_some(bytes);
  EXPECT_EQ(count, 0U);
  EXPECT_FALSE(error);
  EXPECT_EQ(write_now(near, "still"), 5U); // the other direction is open
  EXPECT_EQ(read_next(far), "still");
}

TEST_F(stream_test, writes_to_a_closed_peer_without_a_signal) {
  far.close();
  const std::array<iovec, 1> piece{iovec{const_cast<char*>("a"), 1}};
  EXPECT_EQ(near.writev(piece).error, asio::error::broken_pipe);
}

TEST_F(stream_test, writes_nothing_that_its_guard_does_not_allow) {
  ownership::drain_ledger ledger(1s);
  ownership::in_flight counted;
  write_fence fence;
  write_guard guard(counted);
  guard.stand_at(fence);
  const std::array<iovec, 1> piece{iovec{const_cast<char*>("x"), 1}};
  near.guard(&guard);
  ledger.choose(counted, 1);
  EXPECT_EQ(near.writev(piece).error, fenced()) << "the fence was never opened";
  fence.set(boot_now() + 1h);
  EXPECT_FALSE(counted.has_written());
  EXPECT_EQ(near.writev(piece).bytes, 1u);
  EXPECT_TRUE(counted.has_written());
  ledger.give_up_all();
  EXPECT_EQ(near.writev(piece).error, fenced()) << "it does not count any more";
  ledger.choose(counted, 1);
  fence.set(boot_now() - 1ns);
  EXPECT_EQ(near.writev(piece).error, fenced());
  near.guard(nullptr);
  EXPECT_EQ(near.writev(piece).bytes, 1u);
  EXPECT_EQ(read_next(far), "xx");
}

TEST_F(stream_test, peeks_without_taking) {
  EXPECT_TRUE(is_would_block(near.peek().error));
  write_now(far, "ab");
  EXPECT_EQ(near.peek().bytes, 1U);
  EXPECT_EQ(near.peek().bytes, 1U);
  EXPECT_EQ(read_next(near), "ab");
  far.close();
  const auto [count, error] = near.peek();
  EXPECT_EQ(count, 0U);
  EXPECT_FALSE(error);
}

TEST_F(stream_test, waits_for_something_to_read) {
  later([this] { write_now(far, "a"); });
  EXPECT_FALSE(on.run(near.readable()));
  EXPECT_EQ(read_now(near), "a");
  later([this] { far.close(); });
  EXPECT_FALSE(on.run(near.readable()));
}

TEST_F(stream_test, need_not_wait_before_the_first_try) {
  const stream_pair fresh(on);
  EXPECT_TRUE(fresh.near->may_read());
  EXPECT_TRUE(fresh.near->readable().await_ready());
  EXPECT_FALSE(fresh.near->readable(turn::fresh).await_ready()) << "it gives the others their turn";
  EXPECT_FALSE(on.run(fresh.near->readable(turn::fresh)));
}

TEST_F(stream_test, asks_the_system_only_where_the_loop_has_heard_of_something) {
  write_now(far, "a");
  std::array<std::byte, 16> bytes;
  EXPECT_FALSE(near.may_read());
  EXPECT_TRUE(is_would_block(near.read_some(bytes).error));
  EXPECT_EQ(near.peek().bytes, 1U) << "this one does ask";
  EXPECT_FALSE(on.run(near.readable()));
  EXPECT_TRUE(near.may_read());
  EXPECT_EQ(near.read_some(bytes).bytes, 1U);
  EXPECT_FALSE(near.may_read()) << "less than there was room for";

  EXPECT_LT(write_now(near, std::string(8'000'000, 'a')), 8'000'000U);
  const std::array<iovec, 1> piece{iovec{const_cast<char*>("a"), 1}};
  EXPECT_FALSE(on.run(far.readable()));
  read_now(far);
  EXPECT_TRUE(is_would_block(near.writev(piece).error)) << "the loop was not asked whether there is room";
  EXPECT_FALSE(on.run(near.writable()));
  EXPECT_EQ(near.writev(piece).bytes, 1U);
}

TEST_F(stream_test, waits_for_room_to_write) {
  EXPECT_FALSE(on.run(near.writable()));
  fill(near);
  loop::running writes(wait_to_write(near, 0ms));
  on.poll();
  EXPECT_FALSE(writes.has_ended());
  read_next(far);
  ASSERT_TRUE(on.run_until([&] { return writes.has_ended(); }));
  EXPECT_FALSE(writes.result());
}

TEST_F(stream_test, wakes_state_machines) {
  int readable = 0;
  int writable = 0;
  const auto count = [](void* counter) { ++*static_cast<int*>(counter); };
  near.when_readable({count, &readable});
  near.when_writable({count, &writable});
  write_now(far, "a");
  EXPECT_TRUE(on.run_until([&] { return readable == 1 && writable == 1; }));
}

// -- ends of waits ----------------------------------------------------

TEST_F(stream_test, ends_the_wait_under_way_when_interrupted) {
  later([this] { near.interrupt(asio::error::shut_down); });
  EXPECT_EQ(on.run(near.readable()), asio::error::shut_down);
  EXPECT_EQ(near.interrupted(), asio::error::shut_down);
}

TEST_F(stream_test, forgets_a_coroutine_that_is_destroyed_in_its_wait) {
  fill(near);
  {
    const loop::running reads(wait_to_read(near));
    const loop::running writes(wait_to_write(near, 1s));
    on.poll();
  }
  write_now(far, "a");
  EXPECT_EQ(read_next(near), "a");
  read_next(far);
  EXPECT_FALSE(on.run(near.writable()));
}

TEST_F(stream_test, calls_nobody_once_it_is_closed) {
  const loop::running reads(wait_to_read(near));
  on.poll();
  write_now(far, "a");
  near.close();
  on.poll();
  EXPECT_FALSE(reads.has_ended()) << "it goes with its owner";
}

TEST_F(stream_test, ends_all_later_waits_until_resumed) {
  near.interrupt(asio::error::shut_down);
  EXPECT_EQ(on.run(near.readable()), asio::error::shut_down);
  EXPECT_EQ(on.run(near.writable()), asio::error::shut_down);
  near.resume(asio::error::timed_out); // which was not the reason
  EXPECT_EQ(near.interrupted(), asio::error::shut_down);
  near.resume(asio::error::shut_down);
  EXPECT_FALSE(near.interrupted());
  EXPECT_FALSE(on.run(near.writable()));
}

TEST_F(stream_test, ends_the_wait_under_way_at_the_deadline) {
  near.expires_after(1s);
  later([this] { pass_time(); });
  EXPECT_EQ(on.run(near.readable()), asio::error::timed_out);
}

TEST_F(stream_test, ends_the_next_wait_where_the_deadline_has_passed) {
  near.expires_after(1s);
  pass_time();
  write_now(far, "a"); // whatever there is to read
  EXPECT_EQ(on.run(near.readable()), asio::error::timed_out);
  EXPECT_FALSE(on.run(near.writable())) << "whoever writes has another limit";
  near.clear_deadline();
  EXPECT_FALSE(on.run(near.readable()));
}

TEST_F(stream_test, times_whoever_reads_and_whoever_writes_apart) {
  fill(near);
  near.expires_after(10s);
  loop::running reads(wait_to_read(near));
  loop::running writes(wait_to_write(near, 1s));
  near.clear_deadline(); // of the one that reads; it waits on
  on.pass(5s);
  ASSERT_TRUE(on.run_until([&] { return writes.has_ended(); }));
  EXPECT_EQ(writes.result(), asio::error::timed_out);
  EXPECT_FALSE(reads.has_ended());
  write_now(far, "a");
  ASSERT_TRUE(on.run_until([&] { return reads.has_ended(); }));
  EXPECT_FALSE(reads.result());
}

TEST_F(stream_test, has_no_deadline_once_cleared) {
  near.expires_after(1s);
  near.clear_deadline();
  far.expires_after(1s);
  far.expires_after(0ms);
  pass_time();
  write_now(near, "a");
  write_now(far, "a");
  EXPECT_FALSE(on.run(near.readable()));
  EXPECT_FALSE(on.run(far.readable()));
}

TEST_F(stream_test, does_not_forget_an_interrupt_with_the_deadline) {
  near.expires_after(1s);
  near.interrupt(asio::error::shut_down);
  near.clear_deadline();
  EXPECT_EQ(on.run(near.readable()), asio::error::shut_down);
}

TEST_F(stream_test, does_not_forget_an_interrupt_that_a_deadline_follows) {
  near.expires_after(1s);
  near.interrupt(asio::error::shut_down);
  pass_time();
  near.clear_deadline();
  EXPECT_EQ(near.interrupted(), asio::error::shut_down);
}

TEST_F(stream_test, forgets_its_deadline_when_closed) {
  near.expires_after(1s);
  near.close();
  EXPECT_FALSE(near.is_open());
  pass_time();
  EXPECT_NE(on.run(near.pause()), asio::error::timed_out);
}

TEST_F(stream_test, pauses_though_there_is_something_to_read) {
  write_now(far, "a");
  bool others_ran = false;
  later([&] { others_ran = true; });
  EXPECT_FALSE(on.run(near.pause()));
  EXPECT_TRUE(others_ran);
  near.interrupt(asio::error::shut_down);
  EXPECT_EQ(on.run(near.pause()), asio::error::shut_down);
}

TEST_F(stream_test, keeps_the_first_reason_of_an_interrupt) {
  near.interrupt(asio::error::shut_down);
  near.interrupt(asio::error::operation_aborted);
  EXPECT_EQ(near.interrupted(), asio::error::shut_down);
}

// -- writing all ------------------------------------------------------

task<std::string> read_to_end(stream& from) {
  std::string text;
  while (!co_await from.readable()) {
    text += read_now(from);
    const auto [bytes, error] = from.peek();
    if (bytes == 0 && !error) break;
  }
  co_return text;
}

task<error_code> write_and_end(stream& to, std::span<iovec> pieces) {
  const auto error = co_await write_all(to, pieces);
  to.shutdown_send();
  co_return error;
}

TEST_F(stream_test, writes_all_however_slow_the_reader) {
  std::string first(1'500'000, 'a'), second(700'000, 'b');
  std::array<iovec, 3> pieces{iovec{first.data(), first.size()}, iovec{nullptr, 0},
                              iovec{second.data(), second.size()}};
  loop::running reads(read_to_end(far));
  EXPECT_FALSE(on.run(write_and_end(near, pieces)));
  ASSERT_TRUE(on.run_until([&] { return reads.has_ended(); }));
  EXPECT_TRUE(reads.result() == first + second);
}

TEST_F(stream_test, gives_up_writing_when_interrupted) {
  std::string much(4'000'000, 'a');
  std::array<iovec, 1> pieces{iovec{much.data(), much.size()}};
  later([this] { near.interrupt(asio::error::timed_out); });
  EXPECT_EQ(on.run(write_all(near, pieces)), asio::error::timed_out);
}

TEST_F(stream_test, gives_up_writing_when_the_peer_has_gone) {
  std::string much(4'000'000, 'a');
  std::array<iovec, 1> pieces{iovec{much.data(), much.size()}};
  later([this] { far.close(); });
  EXPECT_EQ(on.run(write_all(near, pieces)), asio::error::broken_pipe);
}

TEST_F(stream_test, has_nothing_to_do_where_all_pieces_are_empty) {
  std::array<iovec, 2> pieces{iovec{nullptr, 0}, iovec{nullptr, 0}};
  near.interrupt(asio::error::shut_down); // a wait would end with this
  EXPECT_FALSE(on.run(write_all(near, pieces)));
}

TEST(consume, takes_bytes_and_empty_pieces_off_the_front) {
  std::string text = "abcdef";
  const auto left = [&](std::size_t bytes) {
    std::array<iovec, 5> pieces{iovec{nullptr, 0}, iovec{text.data(), 2}, iovec{nullptr, 0},
                                iovec{text.data() + 2, 4}, iovec{nullptr, 0}};
    std::span<iovec> rest = pieces;
    consume(rest, bytes);
    std::vector<std::string> shown;
    for (const auto& piece : rest)
      shown.emplace_back(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return shown;
  };
  using texts = std::vector<std::string>;
  const auto none = std::string();
  EXPECT_EQ(left(0), (texts{"ab", none, "cdef", none}));
  EXPECT_EQ(left(1), (texts{"b", none, "cdef", none}));
  EXPECT_EQ(left(2), (texts{"cdef", none}));
  EXPECT_EQ(left(5), (texts{"f", none}));
  EXPECT_EQ(left(6), texts{});
}

// -- TCP --------------------------------------------------------------

class tcp_stream_test : public testing::Test {
protected:
  unique_fd unconnected() const { return stream::open(endpoint()).value(); }
  stream_endpoint endpoint() const {
    const auto address = socket_address::of_socket(listening.fds[0].get());
    return {address.data(), address.size()};
  }
  /// The server's end of the connection that was made last.
  std::unique_ptr<stream> accept() {
    const int fd = ::accept4(listening.fds[0].get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return std::make_unique<stream>(unique_fd(fd), on.events);
  }

  loop on;
  listen_sockets listening = open_listen_sockets("127.0.0.1:0", 1).value();
};

TEST_F(tcp_stream_test, connects) {
  stream client(unconnected(), on.events);
  ASSERT_FALSE(on.run(client.connect(endpoint())));
  const auto server = accept();
  EXPECT_EQ(write_now(client, "hello"), 5U);
  ASSERT_FALSE(on.run(server->readable()));
  EXPECT_EQ(read_now(*server), "hello");
}

TEST_F(tcp_stream_test, tells_that_nobody_listens) {
  const auto nowhere = endpoint();
  stream client(unconnected(), on.events);
  listening.fds.clear();
  EXPECT_EQ(on.run(client.connect(nowhere)), asio::error::connection_refused);
}

TEST_F(tcp_stream_test, sends_small_pieces_at_once) { // RFC 896 would hold them back
  stream client(unconnected(), on.events);
  int set = 0;
  socklen_t size = sizeof set;
  ASSERT_EQ(::getsockopt(client.native_handle(), IPPROTO_TCP, TCP_NODELAY, &set, &size), 0);
  EXPECT_EQ(set, 1);
}

TEST_F(tcp_stream_test, aborts_with_a_reset) {
  stream client(unconnected(), on.events);
  ASSERT_FALSE(on.run(client.connect(endpoint())));
  const auto server = accept();
  server->abort();
  std::array<std::byte, 1> byte;
  ASSERT_FALSE(on.run(client.readable()));
  EXPECT_EQ(client.read_some(byte).error, asio::error::connection_reset);
}

} // namespace
} // namespace limpet::net
