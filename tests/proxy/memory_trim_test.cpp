#include "proxy/memory_trim.hpp"

#include <gtest/gtest.h>

namespace limpet {
namespace {

TEST(crowd, has_left_once_half_of_it_is_gone) {
  crowd c;
  EXPECT_FALSE(c.has_left(0, 0));
  EXPECT_FALSE(c.has_left(1000, 1000));
  EXPECT_FALSE(c.has_left(1000, 750));
  EXPECT_FALSE(c.has_left(750, 501));
  EXPECT_TRUE(c.has_left(501, 500));
  EXPECT_FALSE(c.has_left(500, 500)) << "it was told already";
}

TEST(crowd, that_comes_and_goes_between_two_looks_has_left) {
  crowd c;
  EXPECT_FALSE(c.has_left(10, 10));
  EXPECT_FALSE(c.has_left(1'000, 10)) << "the last of it may still be going";
  EXPECT_TRUE(c.has_left(10, 10));
  EXPECT_FALSE(c.has_left(10, 10));
}

TEST(crowd, of_few_is_none) {
  crowd c;
  EXPECT_FALSE(c.has_left(crowd::least - 1, 0));
  EXPECT_FALSE(c.has_left(0, 0));
  EXPECT_FALSE(c.has_left(crowd::least, 0));
  EXPECT_TRUE(c.has_left(0, 0));
}

TEST(crowd, has_not_left_while_many_still_go) {
  crowd c;
  EXPECT_FALSE(c.has_left(10'000, 10'000));
  EXPECT_FALSE(c.has_left(10'000, 2'000));
  EXPECT_FALSE(c.has_left(2'000, 1'000));
  EXPECT_TRUE(c.has_left(1'000, 900));
}

TEST(crowd, that_goes_bit_by_bit_has_left_in_the_end) {
  crowd c;
  int times = 0;
  for (unsigned left = 10'000; left > 0; left -= 10)
    times += c.has_left(left + 10, left);
  EXPECT_GE(times, 1);
  EXPECT_LE(times, 6) << "each time half of what there was";
}

TEST(crowd, that_comes_and_goes_leaves_now_and_then) {
  crowd c;
  int times = 0;
  for (unsigned look = 0; look < 10 * crowd::looks_between; ++look)
    times += c.has_left(look % 4 <= 1 ? 5'000 : 0, look % 4 == 0 ? 5'000 : 0);
  EXPECT_GE(times, 7);
  EXPECT_LE(times, 10);
}

} // namespace
} // namespace limpet
