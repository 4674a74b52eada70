#include "proxy/membership/member_codec.hpp"

#include <gtest/gtest.h>

namespace limpet::membership {
namespace {

using routing::member;
using routing::member_state;

TEST(member_codec, a_member_comes_back_as_it_was) {
  const member whole{.id = "a-1.b_2",
                     .incarnation = "0123456789abcdef0123456789abcdef",
                     .address = "10.0.0.7:9001",
                     .weight = 7,
                     .zone = "eu-1a \"x\"",
                     .state = member_state::draining};
  const auto decoded = decode_member(whole.id, encode_member(whole));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, whole);
}

TEST(member_codec, the_value_is_as_documented) {
  const member whole{.id = "a",
                     .incarnation = "i",
                     .address = "h:1",
                     .weight = 2,
                     .zone = "z",
                     .state = member_state::ready};
  EXPECT_EQ(encode_member(whole),
            R"({"address":"h:1","incarnation":"i","weight":2,"zone":"z","state":"ready","metadata":{}})");
}

TEST(member_codec, only_the_address_is_needed_and_unknown_fields_are_ignored) {
  const auto decoded =
      decode_member("a", R"({"address":"db.internal:5432","color":"red","metadata":{"x":[1]},"zone":null})");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, (member{.id = "a",
                              .incarnation = "",
                              .address = "db.internal:5432",
                              .weight = 1,
                              .zone = "",
                              .state = member_state::ready}));
}

TEST(member_codec, addresses) {
  for (const char* good :
       {"10.0.0.7:1", "[::1]:65535", "localhost:80", "a-b_c.example.com:443", "unix:/run/app.sock"}) {
    EXPECT_TRUE(decode_member("a", std::string(R"({"address":")") + good + "\"}")) << good;
  }
  for (const char* bad :
       {"", "10.0.0.7", "10.0.0.7:0", "10.0.0.7:65536", "10.0.0.7:x", ":80", "::1:80", "[::1]", "a b:80",
        "http://a:80", "a/b:80", "unix:", "unix:relative", "a:80\\r\\nX: y", "a\\u0000:80", "\xc3\xa4:80"}) {
    EXPECT_FALSE(decode_member("a", std::string(R"({"address":")") + bad + "\"}")) << bad;
  }
  EXPECT_FALSE(decode_member("a", R"({"address":")" + std::string(254, 'a') + ":80\"}"));
  EXPECT_FALSE(decode_member("a", R"({"address":"unix:/)" + std::string(120, 'a') + "\"}"));
}

TEST(member_codec, what_is_refused) {
  const std::string long_text(129, 'x');
  const std::string values[] = {"",
                                "not json",
                                "[]",
                                "5",
                                "null",
                                "\"a:1\"",
                                "{}",
                                R"({"address":5})",
                                R"({"address":"a:1","weight":0})",
                                R"({"address":"a:1","weight":65536})",
                                R"({"address":"a:1","weight":-1})",
                                R"({"address":"a:1","weight":1.5})",
                                R"({"address":"a:1","weight":"1"})",
                                R"({"address":"a:1","state":"up"})",
                                R"({"address":"a:1","state":5})",
                                R"({"address":"a:1","incarnation":5})",
                                R"({"address":"a:1","zone":[]})",
                                R"({"address":"a:1","metadata":[]})",
                                R"({"address":"a:1","zone":")" + long_text + "\"}",
                                R"({"address":"a:1","incarnation":"a\nb"})",
                                R"({"address":"a:1"} x)"};
  for (const std::string& value : values) {
    const auto decoded = decode_member("a", value);
    ASSERT_FALSE(decoded) << value;
    EXPECT_FALSE(decoded.error().reason.empty());
  }
}

TEST(member_codec, a_value_has_a_limit) {
  const std::string head = R"({"address":"a:1","metadata":{"x":")";
  const std::string tail = "\"}}";
  const std::string filler(member_value_bytes_max - head.size() - tail.size(), 'x');
  EXPECT_TRUE(decode_member("a", head + filler + tail));
  EXPECT_FALSE(decode_member("a", head + filler + "x" + tail));
}

TEST(member_codec, ids) {
  for (const char* good : {"a", "A.b_c-9", "..", "0"}) {
    EXPECT_TRUE(is_member_id(good)) << good;
  }
  for (const char* bad : {"", "a/b", "a b", "a\n", "\xc3\xa4", "a:b"}) {
    EXPECT_FALSE(is_member_id(bad)) << bad;
    EXPECT_FALSE(decode_member(bad, R"({"address":"a:1"})")) << bad;
  }
  EXPECT_TRUE(is_member_id(std::string(128, 'a')));
  EXPECT_FALSE(is_member_id(std::string(129, 'a')));
}

} // namespace
} // namespace limpet::membership
