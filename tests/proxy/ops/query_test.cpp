#include "proxy/ops/query.hpp"

#include <gmock/gmock.h>

namespace limpet::ops {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(query, parameters_in_their_order_decoded_once) {
  EXPECT_THAT(*parse_query(""), IsEmpty());
  EXPECT_THAT(*parse_query("a=1&&b=%2520+x&a=&c&=v"),
              ElementsAre(Pair("a", "1"), Pair("b", "%20+x"), Pair("a", ""), Pair("c", ""), Pair("", "v")));
  EXPECT_THAT(*parse_query("a=b=c"), ElementsAre(Pair("a", "b=c")));
}

TEST(query, a_broken_percent_is_no_query) {
  EXPECT_FALSE(parse_query("a=1&b=%z1"));
  EXPECT_FALSE(parse_query("a=%4"));
}

TEST(query, what_is_appended_is_read_back) {
  std::string all;
  for (int c = 0; c < 256; ++c)
    all += static_cast<char>(c);
  std::string text;
  append_parameter(text, "all", all);
  append_parameter(text, "next", "a/b:c");
  EXPECT_THAT(*parse_query(text), ElementsAre(Pair("all", all), Pair("next", "a/b:c")));
  EXPECT_TRUE(text.ends_with("&next=a/b:c")) << text;
}

} // namespace
} // namespace limpet::ops
