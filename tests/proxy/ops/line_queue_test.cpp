#include "proxy/ops/line_queue.hpp"

#include <gtest/gtest.h>

#include <poll.h>

namespace limpet::ops {
namespace {

using answer = line_queue::answer;
using patience = line_queue::patience;

bool is_awake(const line_queue& queue) {
  pollfd p{queue.wake_fd(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

TEST(line_queue, lines_come_out_as_they_went_in_and_the_writer_is_woken_once) {
  line_queue queue(100);
  EXPECT_FALSE(is_awake(queue));
  EXPECT_EQ(queue.submit("one\n", patience::none), answer::taken);
  EXPECT_TRUE(is_awake(queue));
  queue.clear_wake();
  EXPECT_EQ(queue.submit("two\n", patience::none), answer::taken);
  EXPECT_FALSE(is_awake(queue)) << "it has not looked yet";
  EXPECT_EQ(queue.take(), "one\ntwo\n");
  queue.release();
  EXPECT_EQ(queue.submit("three\n", patience::none), answer::taken);
  EXPECT_TRUE(is_awake(queue));
  EXPECT_EQ(queue.take(), "three\n");
  queue.release();
  EXPECT_EQ(queue.take(), "");
}

TEST(line_queue, what_the_writer_has_taken_counts_until_it_is_released) {
  line_queue queue(10);
  EXPECT_EQ(queue.submit("123456\n", patience::none), answer::taken);
  EXPECT_EQ(queue.submit("7890\n", patience::none), answer::full);
  const auto taken = queue.take();
  EXPECT_EQ(queue.submit("7890\n", patience::none), answer::full);
  EXPECT_EQ(queue.submit("78\n", patience::none), answer::taken);
  EXPECT_EQ(taken, "123456\n") << "nothing was written over it";
  queue.release();
  EXPECT_EQ(queue.submit("90\n", patience::none), answer::taken);
  EXPECT_EQ(queue.take(), "78\n90\n");
}

TEST(line_queue, closed_it_takes_nothing_and_gives_what_it_has) {
  line_queue queue(100);
  EXPECT_EQ(queue.submit("one\n", patience::none), answer::taken);
  queue.close();
  EXPECT_EQ(queue.submit("two\n", patience::wait_for_the_lock), answer::full);
  EXPECT_EQ(queue.take(), "one\n");
}

} // namespace
} // namespace limpet::ops
