#include "proxy/http/text_writer.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace limpet::http {
namespace {

TEST(text_writer, appends_to_what_is_there_and_leaves_no_room_behind) {
  std::string text = "before ";
  {
    text_writer out(text, 100);
    out.add("a", std::string("b"), std::string_view("c")).add_field("Name", "value").add_number(42);
  }
  EXPECT_EQ(text, "before abcName: value\r\n42");
}

TEST(text_writer, writes_more_than_was_expected) {
  for (std::size_t expected = 0; expected < 40; ++expected) {
    std::string text = "x";
    {
      text_writer out(text, expected);
      for (int i = 0; i < 5; ++i)
        out.add("0123456789", "", std::string_view{});
    }
    EXPECT_EQ(text, "x01234567890123456789012345678901234567890123456789") << expected;
  }
}

TEST(text_writer, writes_all_of_a_number) {
  std::string text;
  {
    text_writer out(text, 0);
    out.add_number(std::numeric_limits<std::uint64_t>::max()).add(" ").add_number(0);
  }
  EXPECT_EQ(text, "18446744073709551615 0");
}

} // namespace
} // namespace limpet::http
