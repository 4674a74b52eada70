#include "routing/envelope.hpp"
#include "tests/routing/test_keys.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::routing {
namespace {

using kind = envelope_field::kind;
using state = envelope_state;
using testing::fake_keys;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const envelope_tag sample{0x8000'0000'0000'0001, 42, 0xf1f2'f3f4'f5f6'f7f8};

envelope_field header(std::string name = "Mcp-Session-Id", std::string_view pool = "app") {
  return {pool, kind::header, std::move(name), forged_envelope::refuse};
}
envelope_field cookie(std::string name = "JSESSIONID", std::string_view pool = "app") {
  return {pool, kind::cookie, std::move(name), forged_envelope::refuse};
}

std::string seal(std::string_view value, const envelope_field& field, const token_keys& keys,
                 const envelope_tag& tag = sample) {
  std::string out(value), scratch;
  append_seal(out, value, tag, field, keys, scratch);
  return out;
}

/// What is read of it, with the state first.
std::string open(std::string_view text, const envelope_field& field, const token_keys& keys) {
  std::string scratch;
  const envelope_verdict verdict = open_envelope(text, field, keys, scratch);
  EXPECT_TRUE(verdict.state == state::valid ? verdict.tag == sample : verdict.tag == envelope_tag{});
  return std::string(to_string(verdict.state)) + ' ' + std::string(verdict.value);
}

TEST(envelope, comes_back_as_it_went) {
  const fake_keys keys({"k"});
  for (const std::string& value : {std::string("7f3a"), std::string("~"), std::string("a~b~"),
                                   std::string(1, 'x'), std::string(65'536, 'v')}) {
    const std::string text = seal(value, header(), keys);
    EXPECT_EQ(text.size(), value.size() + envelope_suffix_size);
    EXPECT_TRUE(looks_sealed(text));
    EXPECT_TRUE(can_be_sealed(kind::cookie, text)) << "it travels in cookies and headers as it is";
    EXPECT_EQ(open(text, header(), keys), "valid " + value);
  }
}

TEST(envelope, has_the_layout_that_other_proxies_read) {
  struct telling_keys : token_keys {
    std::size_t size() const noexcept override { return 1; }
    mac_bytes mac(std::size_t, std::string_view bytes) const noexcept override {
      seen = bytes;
      return {};
    }
    mutable std::string seen;
  };
  const telling_keys keys;
  EXPECT_EQ(seal("7f3a", header(), keys), "7f3a~AYAAAAAAAAABAAAAAAAAACrx8vP09fb3-AAAAAAAAAAAAAAAAAAAAAA");
  const std::string signed_tag("\x01\x80\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x2a\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8",
                               25);
  const std::string lengths[] = {std::string("\x03\0\0\0", 4), std::string("\x0e\0\0\0", 4)};
  EXPECT_EQ(keys.seen,
            "limpet envelope\nh" + lengths[0] + "app" + lengths[1] + "mcp-session-id" + signed_tag + "7f3a");
}

TEST(envelope, may_stand_in_another) {
  // A proxy behind this one has put its own around it.
  const fake_keys keys({"k"});
  const std::string inner = seal("7f3a", header(), keys);
  const std::string outer = seal(inner, header(), keys);
  EXPECT_EQ(open(outer, header(), keys), "valid " + inner);
}

TEST(envelope, the_first_key_signs_and_all_verify) {
  const std::string text = seal("7f3a", header(), fake_keys({"old"}));
  EXPECT_EQ(open(text, header(), fake_keys({"new", "old"})), "valid 7f3a");
  EXPECT_EQ(open(text, header(), fake_keys({"new"})), "forged 7f3a");
  EXPECT_EQ(open(text, header(), fake_keys({})), "forged 7f3a");
  EXPECT_EQ(seal("7f3a", header(), fake_keys({"old", "new"})), text);
}

TEST(envelope, holds_for_its_value_its_field_and_its_pool_alone) {
  const fake_keys keys({"k"});
  const std::string text = seal("7f3a", header(), keys);
  const std::string tag = text.substr(4);
  for (const std::string other : {"7f3b", "7f3", "7f3aa", "x", ""})
    EXPECT_EQ(open(other + tag, header(), keys), "forged " + other);
  EXPECT_EQ(open(text, header("mcp-session-ID"), keys), "valid 7f3a") << "header names have no case";
  for (const envelope_field& other :
       {header("Mcp-Session-I"), header("Other"), header("Mcp-Session-Id", "ap"),
        header("Mcp-Session-Id", ""), header("Mcp-Session-Id", "app2"), cookie("Mcp-Session-Id"),
        cookie("mcp-session-id")})
    EXPECT_EQ(open(text, other, keys), "forged 7f3a") << other.name;
  EXPECT_EQ(open(seal("7f3a", cookie("a"), keys), cookie("A"), keys), "forged 7f3a") << "names of cookies do";
  // No way of writing pool and name together gives the same bytes.
  EXPECT_EQ(open(seal("v", header("bc", "a"), keys), header("c", "ab"), keys), "forged v");
}

TEST(envelope, any_other_character_anywhere_is_noticed) {
  const fake_keys keys({"k"});
  const std::string good = seal("7f3a", header(), keys);
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char c : alphabet) {
      if (c == good[at]) continue;
      std::string bad = good;
      bad[at] = c;
      std::string scratch;
      const envelope_verdict verdict = open_envelope(bad, header(), keys, scratch);
      ASSERT_TRUE(verdict.state == state::forged || verdict.state == state::bare) << at << c;
      ASSERT_EQ(verdict.tag, envelope_tag{});
    }
}

TEST(envelope, any_wrong_byte_of_the_mac_is_noticed) {
  const fake_keys keys({"k"});
  const std::string good = seal("7f3a", header(), keys);
  for (std::size_t at = good.size() - 21; at + 1 < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(open(bad, header(), keys), "forged 7f3a") << at;
  }
}

TEST(envelope, what_does_not_end_as_one_is_bare) {
  const fake_keys keys({"k"});
  const std::string good = seal("7f3a", header(), keys);
  std::string stray_bit = good;
  stray_bit.back() = alphabet[alphabet.find(good.back()) + 1];
  std::string another_version = good;
  another_version[6] = 'g'; // version 2 or so
  for (const std::string& text :
       {std::string("7f3a"), good + "A", good + "=", good + " ", good.substr(0, good.size() - 1), stray_bit,
        another_version, std::string(envelope_suffix_size, '='), std::string("7f3a~"), std::string(1, '\0'),
        std::string(envelope_suffix_size, '~'), std::string(100'000, 'A'), good.substr(5)}) {
    EXPECT_EQ(open(text, header(), keys), "bare " + text);
    EXPECT_FALSE(looks_sealed(text));
  }
  EXPECT_EQ(open("", header(), keys), "none ");
}

TEST(envelope, is_put_around_what_nobody_takes_apart) {
  struct {
    std::string value;
    bool header, cookie;
  } const cases[] = {
      {"7f3a", true, true},
      {"0001:abc!1~2/3+4=", true, true},
      {"", false, false},
      {"a b", false, false},
      {"a\tb", false, false},
      {"a;b", true, false},
      {"a,b", true, false},
      {"a\"b", true, false},
      {"a\\b", true, false},
      {"\x7f", false, false},
      {"\xc3\xa4", false, false},
      {std::string("a\0b", 3), false, false},
      {"!#$%&'()*+-./", true, true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(can_be_sealed(kind::header, c.value), c.header) << c.value;
    EXPECT_EQ(can_be_sealed(kind::cookie, c.value), c.cookie) << c.value;
  }
}

TEST(envelope, names_of_its_states) {
  EXPECT_EQ(to_string(state::none), "none");
  EXPECT_EQ(to_string(state::bare), "bare");
  EXPECT_EQ(to_string(state::valid), "valid");
  EXPECT_EQ(to_string(state::forged), "forged");
}

} // namespace
} // namespace limpet::routing
