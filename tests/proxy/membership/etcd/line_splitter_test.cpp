#include "proxy/membership/etcd/line_splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::etcd {
namespace {

std::vector<std::string> lines_of(line_splitter& splitter) {
  std::vector<std::string> lines;
  while (const auto line = splitter.next()) {
    lines.emplace_back(*line);
  }
  return lines;
}

TEST(line_splitter, finds_the_same_lines_however_the_bytes_are_cut) {
  const std::string text = "{\"a\":1}\n\n{\"b\":2}\r\n  \n{\"c\":3}\n{\"rest\"";
  const std::vector<std::string> expected{"{\"a\":1}", "{\"b\":2}\r", "{\"c\":3}"};
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      line_splitter splitter(100);
      std::vector<std::string> lines;
      for (const std::string& part :
           {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) {
        ASSERT_TRUE(splitter.append(part));
        for (auto& line : lines_of(splitter)) {
          lines.push_back(std::move(line));
        }
      }
      ASSERT_EQ(lines, expected) << first << ' ' << second;
    }
  }
}

TEST(line_splitter, lines_may_wait_while_more_bytes_come) {
  line_splitter splitter(100);
  ASSERT_TRUE(splitter.append("one\ntw"));
  ASSERT_TRUE(splitter.append("o\nthree"));
  EXPECT_EQ(lines_of(splitter), (std::vector<std::string>{"one", "two"}));
  ASSERT_TRUE(splitter.append("\n"));
  EXPECT_EQ(lines_of(splitter), (std::vector<std::string>{"three"}));
}

TEST(line_splitter, an_unfinished_line_has_a_limit) {
  line_splitter splitter(8);
  EXPECT_TRUE(splitter.append("12345678\n12345678"));
  EXPECT_FALSE(splitter.append("9"));

  line_splitter bytewise(8);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(bytewise.append("x"));
  }
  EXPECT_FALSE(bytewise.append("x"));
}

} // namespace
} // namespace limpet::etcd
