#include "proxy/http/key_ring.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace limpet::http {
namespace {

std::string hex(const routing::mac_bytes& mac) {
  std::string text;
  for (const auto byte : mac) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

TEST(key_ring, is_hmac_sha256_cut_to_128_bits) { // RFC 4231 sections 4.2, 4.3, 4.6 and 4.7
  const key_ring keys({{"1", std::string(20, '\x0b'), ""},
                       {"2", "Jefe", ""},
                       {"5", std::string(20, '\x0c'), ""},
                       {"6", std::string(131, '\xaa'), ""}});
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_EQ(hex(keys.mac(0, "Hi There")), "b0344c61d8db38535ca8afceaf0bf12b");
  EXPECT_EQ(hex(keys.mac(1, "what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c7");
  EXPECT_EQ(hex(keys.mac(2, "Test With Truncation")), "a3b6167473100ee06e0c796c2955552b");
  EXPECT_EQ(hex(keys.mac(3, "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f");
}

TEST(key_ring, signs_with_the_first_key_and_verifies_with_all) {
  const key_ring before({{"a", "alpha", ""}});
  const key_ring rotated({{"b", "beta", ""}, {"a", "alpha", ""}});
  const key_ring other({{"c", "gamma", ""}});
  routing::session_token token;
  token.session_id = {1, 2, 3};
  token.expires_unix_s = 1'000;
  const auto text = routing::encode_token(token, before);
  EXPECT_EQ(routing::decode_token(text, rotated, 999).state, routing::token_state::valid);
  EXPECT_EQ(routing::decode_token(text, rotated, 999).token, token);
  EXPECT_EQ(routing::decode_token(text, other, 999).state, routing::token_state::forged);
  EXPECT_EQ(routing::decode_token(routing::encode_token(token, rotated), before, 999).state,
            routing::token_state::forged);
}

TEST(key_ring, may_be_empty) {
  EXPECT_EQ(key_ring({}).size(), 0U);
}

} // namespace
} // namespace limpet::http
