#include "proxy/ops/json_text.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace limpet::ops {
namespace {

std::string quoted(std::string_view text, std::size_t bytes_max = std::string_view::npos) {
  std::string out;
  append_json_string(out, text, bytes_max);
  return out;
}

TEST(json_text, what_needs_no_escape_stands_as_it_is) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("/a?b=c&d[]=<e>"), R"("/a?b=c&d[]=<e>")");
  EXPECT_EQ(quoted("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\x9a"),
            "\"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\x9a\"");
}

TEST(json_text, quotes_backslashes_and_controls_are_escaped) {
  EXPECT_EQ(quoted("a\"b\\c\nd\re\tf"), R"("a\"b\\c\nd\re\tf")");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
}

TEST(json_text, each_byte_that_is_not_utf8_becomes_a_replacement_character) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(quoted("\xff"), "\"" + r + "\"");
  EXPECT_EQ(quoted("a\x80z"), "\"a" + r + "z\"");
  EXPECT_EQ(quoted("\xc0\xaf"), "\"" + r + r + "\"") << "an overlong slash";
  EXPECT_EQ(quoted("\xe0\x80\xaf"), "\"" + r + r + r + "\"") << "an overlong slash";
  EXPECT_EQ(quoted("\xed\xa0\x80"), "\"" + r + r + r + "\"") << "a surrogate";
  EXPECT_EQ(quoted("\xf4\x90\x80\x80"), "\"" + r + r + r + r + "\"") << "past U+10FFFF";
  EXPECT_EQ(quoted("\xe2\x82"), "\"" + r + r + "\"") << "cut short";
  EXPECT_EQ(quoted("\xe2\x82z"), "\"" + r + r + "z\"") << "broken off";
}

TEST(json_text, every_two_bytes_give_a_string_that_parses) {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const char text[] = {static_cast<char>(a), static_cast<char>(b)};
      const std::string_view view(text, 2);
      boost::system::error_code error;
      const auto parsed = boost::json::parse(quoted(view), error);
      ASSERT_FALSE(error) << a << ' ' << b;
      ASSERT_EQ(std::string_view(parsed.as_string()), to_utf8(view)) << a << ' ' << b;
      ASSERT_TRUE(is_utf8(to_utf8(view))) << a << ' ' << b;
      ASSERT_EQ(is_utf8(view), to_utf8(view) == view) << a << ' ' << b;
    }
}

TEST(json_text, what_is_too_long_is_cut_between_characters) {
  EXPECT_EQ(quoted("abcdef", 6), R"("abcdef")");
  EXPECT_EQ(quoted("abcdef", 5), "\"abcde\xe2\x80\xa6\"");
  EXPECT_EQ(quoted("a\xf0\x9f\x90\x9az", 5), "\"a\xf0\x9f\x90\x9a\xe2\x80\xa6\"");
  for (const std::size_t inside : {2, 3, 4})
    EXPECT_EQ(quoted("a\xf0\x9f\x90\x9az", inside), "\"a\xe2\x80\xa6\"");
  EXPECT_EQ(quoted("abc", 0), "\"\xe2\x80\xa6\"");
}

} // namespace
} // namespace limpet::ops
