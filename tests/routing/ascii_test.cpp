#include "routing/ascii.hpp"

#include <gtest/gtest.h>

namespace limpet::routing {
namespace {

TEST(ascii, compares_letters_without_case_and_nothing_else) {
  EXPECT_TRUE(ascii_iequal("", ""));
  EXPECT_TRUE(ascii_iequal("X-User-Id", "x-uSER-iD"));
  EXPECT_FALSE(ascii_iequal("a", "ab"));
  EXPECT_FALSE(ascii_iequal("@", "`"));
  EXPECT_FALSE(ascii_iequal("[", "{"));
  EXPECT_FALSE(ascii_iequal("\xc3\x89", "\xc3\xa9"));
}

TEST(ascii, trims_spaces_and_tabs) {
  EXPECT_EQ(trim_white_space(" \ta b\t "), "a b");
  EXPECT_EQ(trim_white_space(" \t "), "");
  EXPECT_EQ(trim_white_space(""), "");
  EXPECT_EQ(trim_white_space("\na"), "\na");
}

} // namespace
} // namespace limpet::routing
