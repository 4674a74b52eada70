#include "routing/base64url.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace limpet::routing {
namespace {

std::vector<std::uint8_t> bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(base64url, encodes_without_padding) { // RFC 4648 section 10
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
  for (const auto& [plain, text] : cases) {
    EXPECT_EQ(base64url_encode(bytes(plain)), text);
    EXPECT_EQ(base64url_size(plain.size()), text.size());
    std::vector<std::uint8_t> decoded(plain.size());
    ASSERT_TRUE(base64url_decode(text, decoded)) << text;
    EXPECT_EQ(decoded, bytes(plain));
  }
}

TEST(base64url, reads_what_it_wrote) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 100; ++size) {
    std::vector<std::uint8_t> plain(size), decoded(size);
    for (auto& b : plain)
      b = static_cast<std::uint8_t>(random());
    ASSERT_TRUE(base64url_decode(base64url_encode(plain), decoded));
    EXPECT_EQ(decoded, plain);
  }
}

TEST(base64url, refuses_what_is_not_canonical) {
  std::vector<std::uint8_t> out(2);
  for (const std::string_view text :
       {"Zm8=", "Zm9", "Zm", "Zm8A", "Zm+", "Zm/", "Z m", "Zm\n", "Z\xc3\xa9", ""})
    EXPECT_FALSE(base64url_decode(text, out)) << text; // Zm9 has a bit set that no byte takes
}

} // namespace
} // namespace limpet::routing
