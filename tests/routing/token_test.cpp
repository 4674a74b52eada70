#include "routing/token.hpp"
#include "tests/routing/test_keys.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace limpet::routing {
namespace {

using testing::fake_keys;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

session_token sample() {
  session_token t;
  for (std::uint8_t i = 0; i < 16; ++i)
    t.session_id[i] = static_cast<std::uint8_t>(i * 17);
  t.expires_unix_s = 0x0102'0304'0506'0708;
  t.epoch = 0xf1f2'f3f4'f5f6'f7f8;
  t.pin_id_hash = 0x8000'0000'0000'0001;
  t.pin_incarnation_hash = 42;
  return t;
}

TEST(token, comes_back_as_it_went) {
  const fake_keys keys({"k"});
  const std::string text = encode_token(sample(), keys);
  EXPECT_EQ(text.size(), token_text_size);
  const token_verdict verdict = decode_token(text, keys, 0);
  EXPECT_EQ(verdict.state, token_state::valid);
  EXPECT_EQ(verdict.token, sample());
  EXPECT_TRUE(verdict.token.pinned());
}

TEST(token, has_the_layout_that_other_proxies_read) {
  class zero_keys : public token_keys {
    std::size_t size() const noexcept override { return 1; }
    mac_bytes mac(std::size_t, std::string_view) const noexcept override { return {}; }
  };
  EXPECT_EQ(encode_token(sample(), zero_keys{}),
            "AQARIjNEVWZ3iJmqu8zd7v8BAgMEBQYHCPHy8_T19vf4gAAAAAAAAAEAAAAAAAAAKgAAAAAAAAAAAAAAAAAAAAA");
}

TEST(token, expires_at_its_second) {
  const fake_keys keys({"k"});
  session_token t = sample();
  for (const std::int64_t expiry : {std::int64_t{1000}, std::int64_t{0}, std::int64_t{-5}}) {
    t.expires_unix_s = expiry;
    const std::string text = encode_token(t, keys);
    EXPECT_EQ(decode_token(text, keys, expiry - 1).state, token_state::valid);
    EXPECT_EQ(decode_token(text, keys, expiry).state, token_state::expired);
    EXPECT_EQ(decode_token(text, keys, expiry).token, t);
  }
}

TEST(token, the_first_key_signs_and_all_verify) {
  const std::string text = encode_token(sample(), fake_keys({"old"}));
  EXPECT_EQ(decode_token(text, fake_keys({"new", "old"}), 0).state, token_state::valid);
  EXPECT_EQ(decode_token(text, fake_keys({"new"}), 0).state, token_state::forged);
  EXPECT_EQ(decode_token(text, fake_keys({}), 0).state, token_state::forged);
  EXPECT_EQ(encode_token(sample(), fake_keys({"old", "new"})), text);
}

TEST(token, any_other_character_anywhere_is_noticed) {
  const fake_keys keys({"k"});
  const std::string good = encode_token(sample(), keys);
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char c : alphabet) {
      if (c == good[at]) continue;
      std::string bad = good;
      bad[at] = c;
      const token_verdict verdict = decode_token(bad, keys, 0);
      ASSERT_TRUE(verdict.state == token_state::forged || verdict.state == token_state::garbled) << at << c;
      ASSERT_EQ(verdict.token, session_token{});
    }
}

TEST(token, any_wrong_byte_of_the_mac_is_noticed) {
  // The last 21 characters hold nothing but the MAC.
  const fake_keys keys({"k"});
  const std::string good = encode_token(sample(), keys);
  for (std::size_t at = good.size() - 21; at + 1 < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(decode_token(bad, keys, 0).state, token_state::forged) << at;
  }
}

TEST(token, what_is_no_token_is_garbled) {
  const fake_keys keys({"k"});
  const std::string good = encode_token(sample(), keys);
  std::string stray_bit = good;
  stray_bit.back() = alphabet[alphabet.find(good.back()) + 1];
  std::string another_version = good;
  another_version[1] = 'g'; // version 2
  for (const std::string& text :
       {std::string(), good.substr(1), good.substr(0, good.size() - 1), good + "A", good + "=", good + " ",
        " " + good, stray_bit, another_version, std::string(token_text_size, '='),
        std::string(token_text_size, '\0'), std::string(token_text_size, '\xff'), std::string(100'000, 'A')})
    EXPECT_EQ(decode_token(text, keys, 0).state, token_state::garbled) << text.substr(0, 100);
}

TEST(token, names_of_its_states) {
  EXPECT_EQ(to_string(token_state::none), "none");
  EXPECT_EQ(to_string(token_state::valid), "valid");
  EXPECT_EQ(to_string(token_state::expired), "expired");
  EXPECT_EQ(to_string(token_state::forged), "forged");
  EXPECT_EQ(to_string(token_state::garbled), "garbled");
}

} // namespace
} // namespace limpet::routing
