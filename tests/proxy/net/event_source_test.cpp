#include "proxy/net/event_source.hpp"
#include "tests/proxy/net/support.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>

namespace limpet::net {
namespace {

/// A source on one end of a connection whose other end no loop knows.
class event_source_test : public testing::Test {
protected:
  event_source_test() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) != 0)
      throw std::runtime_error("socketpair");
    far = unique_fd(fds[1]);
    source = std::make_unique<event_source>(on.events, unique_fd(fds[0]));
  }

  static void count_up(void* counter) { ++*static_cast<int*>(counter); }
  void wait_to_read(turn t = turn::at_once) { source->when_readable({&count_up, &reads}, t); }
  void wait_to_write() { source->when_writable({&count_up, &writes}); }
  bool heard() {
    const int before = reads;
    return on.run_until([&] { return reads > before; });
  }
  /// One read of so many bytes, and what a user of the source does by its result.
  std::string read_some(std::size_t room) {
    std::string text(room, '\0');
    const auto count = ::recv(source->fd(), text.data(), room, MSG_DONTWAIT);
    if (count < 0 || (count > 0 && static_cast<std::size_t>(count) < room)) source->drained();
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }
  void fill() {
    const std::string block(64 * 1024, 'a');
    while (write_now(source->fd(), block) > 0) {
    }
    source->filled();
  }

  using owner = std::unique_ptr<event_source>;

  loop on;
  unique_fd far;
  owner source;
  int reads = 0, writes = 0;
};

TEST_F(event_source_test, calls_once_for_each_wait) {
  wait_to_read();
  EXPECT_TRUE(source->has_reader());
  EXPECT_EQ(reads, 0) << "from the loop, never at once";
  EXPECT_TRUE(heard()) << "nobody has tried yet";
  EXPECT_FALSE(source->has_reader());
  on.poll();
  EXPECT_EQ(reads, 1);
}

TEST_F(event_source_test, waits_once_it_is_known_to_be_in_vain) {
  source->drained();
  wait_to_read();
  on.poll();
  EXPECT_EQ(reads, 0);
  write_now(far.get(), "a");
  EXPECT_TRUE(heard());
  EXPECT_EQ(read_some(16), "a");
}

// -- edges ------------------------------------------------------------

TEST_F(event_source_test, hears_of_what_came_between_a_short_read_and_the_first_wait) {
  write_now(far.get(), "one");
  EXPECT_EQ(read_some(16), "one");
  EXPECT_FALSE(source->may_read());
  write_now(far.get(), "two");
  wait_to_read();
  EXPECT_TRUE(heard());
  EXPECT_EQ(read_some(16), "two");
}

TEST_F(event_source_test, hears_of_what_came_between_a_short_read_and_a_later_wait) {
  source->drained();
  wait_to_read();
  write_now(far.get(), "one");
  ASSERT_TRUE(heard());
  EXPECT_EQ(read_some(16), "one");
  write_now(far.get(), "two"); // watched, but nobody waits
  wait_to_read();
  EXPECT_TRUE(heard());
  EXPECT_EQ(read_some(16), "two");
}

TEST_F(event_source_test, remembers_what_it_heard_while_nobody_waited) {
  source->drained();
  wait_to_read();
  write_now(far.get(), "one");
  ASSERT_TRUE(heard());
  EXPECT_EQ(read_some(16), "one");
  write_now(far.get(), "two");
  on.poll();
  EXPECT_TRUE(source->may_read());
  wait_to_read();
  EXPECT_TRUE(heard());
}

TEST_F(event_source_test, is_called_again_where_more_came_than_a_read_had_room_for) {
  source->drained();
  wait_to_read();
  write_now(far.get(), "abcdef");
  ASSERT_TRUE(heard());
  EXPECT_EQ(read_some(4), "abcd");
  wait_to_read(); // no new event will come
  EXPECT_TRUE(heard());
  EXPECT_EQ(read_some(4), "ef");
  EXPECT_FALSE(source->may_read());
}

TEST_F(event_source_test, is_called_for_nothing_where_a_read_just_filled_its_room) {
  source->drained();
  wait_to_read();
  write_now(far.get(), "abcd");
  ASSERT_TRUE(heard());
  EXPECT_EQ(read_some(4), "abcd");
  EXPECT_TRUE(source->may_read());
  wait_to_read();
  EXPECT_TRUE(heard());
  EXPECT_EQ(read_some(4), "");
  wait_to_read();
  on.poll();
  EXPECT_EQ(reads, 2) << "now it is known";
}

TEST_F(event_source_test, does_not_forget_the_end_that_came_with_the_last_bytes) {
  source->drained();
  wait_to_read();
  write_now(far.get(), "last");
  ::shutdown(far.get(), SHUT_WR);
  ASSERT_TRUE(heard());
  EXPECT_EQ(read_some(16), "last"); // a short read, and no event will follow
  EXPECT_TRUE(source->may_read());
  wait_to_read();
  EXPECT_TRUE(heard());
  EXPECT_EQ(::recv(source->fd(), nullptr, 0, MSG_DONTWAIT), 0);
}

TEST_F(event_source_test, hears_of_the_end_that_came_before_the_first_wait) {
  write_now(far.get(), "last");
  far = {};
  EXPECT_EQ(read_some(16), "last");
  wait_to_read();
  EXPECT_TRUE(heard());
}

TEST_F(event_source_test, hears_of_room_when_the_peer_reads) {
  fill();
  wait_to_write();
  on.poll();
  EXPECT_EQ(writes, 0);
  read_now(far.get());
  EXPECT_TRUE(on.run_until([&] { return writes == 1; }));
  EXPECT_TRUE(source->may_write());
}

TEST_F(event_source_test, hears_of_a_peer_that_has_gone_while_it_waits_for_room) {
  fill();
  wait_to_write();
  far = {};
  EXPECT_TRUE(on.run_until([&] { return writes == 1; }));
}

// -- both waits -------------------------------------------------------

TEST_F(event_source_test, calls_both_who_read_and_who_write) {
  for (const auto t : {turn::at_once, turn::fresh}) {
    reads = writes = 0;
    wait_to_read(t);
    wait_to_write();
    EXPECT_TRUE(on.run_until([&] { return reads == 1 && writes == 1; }));
  }
}

TEST_F(event_source_test, calls_both_for_one_event) {
  fill();
  source->drained();
  wait_to_read();
  wait_to_write();
  on.poll();
  EXPECT_EQ(reads + writes, 0);
  read_now(far.get());
  write_now(far.get(), "a");
  EXPECT_TRUE(on.run_until([&] { return reads == 1 && writes == 1; }));
}

TEST_F(event_source_test, may_be_destroyed_by_the_first_of_both) {
  wait_to_read();
  source->when_writable({[](void* own) { static_cast<owner*>(own)->reset(); }, &source});
  on.poll();
  EXPECT_FALSE(source);
  EXPECT_EQ(reads, 0);
}

TEST_F(event_source_test, lets_who_writes_call_off_who_reads) {
  wait_to_read();
  source->when_writable({[](void* own) { (*static_cast<owner*>(own))->forget_reader(); }, &source});
  on.poll();
  EXPECT_EQ(reads, 0);
}

// -- waits that end otherwise -----------------------------------------

TEST_F(event_source_test, calls_nobody_who_was_forgotten) {
  wait_to_read(); // both are due
  wait_to_write();
  source->forget_reader();
  source->forget_writer();
  on.poll();
  EXPECT_EQ(reads + writes, 0);
  wait_to_read();
  wait_to_write();
  on.poll();
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(writes, 1);
}

TEST_F(event_source_test, calls_who_is_woken) {
  source->drained();
  fill();
  wait_to_read();
  wait_to_write();
  source->wake_reader();
  EXPECT_EQ(reads, 0) << "from the loop, never at once";
  on.poll();
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(writes, 0);
  EXPECT_FALSE(source->may_read()) << "nothing has come";
  source->wake_writer();
  on.poll();
  EXPECT_EQ(writes, 1);
}

TEST_F(event_source_test, wakes_nobody_who_comes_to_wait_later) {
  source->drained();
  source->wake_reader(); // nobody waits
  wait_to_read();
  on.poll();
  EXPECT_EQ(reads, 0);
  source->wake_reader();
  source->forget_reader();
  wait_to_read(); // another wait than the one that was woken
  on.poll();
  EXPECT_EQ(reads, 0);
}

TEST_F(event_source_test, calls_nobody_once_closed) {
  wait_to_read();
  wait_to_write();
  source->close();
  EXPECT_LT(source->fd(), 0);
  on.poll();
  EXPECT_EQ(reads + writes, 0);
  EXPECT_EQ(::recv(far.get(), nullptr, 0, MSG_DONTWAIT), 0) << "the peer sees the end";
}

TEST_F(event_source_test, calls_nobody_once_closed_while_it_was_watched) {
  source->drained();
  wait_to_read();
  write_now(far.get(), "a");
  source->close();
  on.poll();
  EXPECT_EQ(reads, 0);
}

TEST_F(event_source_test, calls_all_the_same_where_the_system_cannot_watch) {
  event_source file(on.events, unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))); // EPERM
  file.drained();
  EXPECT_FALSE(file.is_unwatchable());
  file.when_readable({&count_up, &reads}, turn::at_once);
  EXPECT_TRUE(heard());
  EXPECT_TRUE(file.is_unwatchable());
  file.filled();
  file.when_writable({&count_up, &writes});
  on.poll();
  EXPECT_EQ(writes, 1);
}

} // namespace
} // namespace limpet::net
