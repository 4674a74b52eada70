#include "routing/percent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limpet::routing {
namespace {

TEST(percent, decodes_once) {
  const std::pair<std::string_view, std::string> cases[] = {
      {"", ""},       {"abc", "abc"},   {"%41%6a%6A", "Ajj"},
      {"a+b", "a+b"}, {"%2541", "%41"}, {"%00x", std::string("\0x", 2)},
      {"%ff", "\xff"}};
  for (const auto& [text, plain] : cases) {
    std::string out = "before";
    EXPECT_TRUE(percent_decode(text, out)) << text;
    EXPECT_EQ(out, plain);
    EXPECT_TRUE(percent_decodes_to(text, plain)) << text;
    EXPECT_FALSE(percent_decodes_to(text, plain + "x")) << text;
    if (!plain.empty()) {
      EXPECT_FALSE(percent_decodes_to(text, plain.substr(1))) << text;
    }
  }
}

TEST(percent, encodes_all_but_what_is_unreserved) {
  EXPECT_EQ(percent_encode("az-AZ._~09"), "az-AZ._~09");
  EXPECT_EQ(percent_encode("a b&c=/%\xff"), "a%20b%26c%3D%2F%25%FF");
  std::string all;
  for (int c = 0; c < 256; ++c)
    all += static_cast<char>(c);
  EXPECT_TRUE(percent_decodes_to(percent_encode(all), all));
}

TEST(percent, refuses_what_is_no_encoding) {
  for (const std::string_view text : {"%", "a%", "%4", "%4g", "%g4", "%%41", "%-1", "%+1", "% 1", "ab%0"}) {
    std::string out;
    EXPECT_FALSE(percent_decode(text, out)) << text;
    EXPECT_FALSE(percent_decodes_to(text, out)) << text;
  }
}

} // namespace
} // namespace limpet::routing
