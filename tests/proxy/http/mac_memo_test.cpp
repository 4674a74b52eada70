#include "proxy/http/mac_memo.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace limpet::http {
namespace {

/// Counts what it is asked; a MAC is made of the key's number and the first byte.
class counting_keys final : public routing::token_keys {
public:
  explicit counting_keys(std::uint8_t ring = 0) : ring_(ring) {}
  std::size_t size() const noexcept override { return 3; }
  routing::mac_bytes mac(std::size_t index, std::string_view bytes) const noexcept override {
    ++asked;
    return {ring_, static_cast<std::uint8_t>(index), static_cast<std::uint8_t>(bytes[0])};
  }
  mutable int asked = 0;

private:
  std::uint8_t ring_;
};

class mac_memo_test : public testing::Test {
protected:
  /// A request of its own: the memo is all that lasts.
  routing::mac_bytes mac(std::size_t index, const std::string& bytes, std::uint64_t snapshot = 1) {
    return remembering_keys(ring, snapshot, memo).mac(index, bytes);
  }
  counting_keys ring;
  std::unique_ptr<mac_memo> memo;
};

TEST_F(mac_memo_test, asks_once_for_the_same_bytes) {
  const auto first = mac(0, "abc");
  EXPECT_EQ(mac(0, "abc"), first);
  EXPECT_EQ(first, ring.mac(0, "abc"));
  EXPECT_EQ(ring.asked, 2) << "one of them the line before";
}

TEST_F(mac_memo_test, remembers_one_text_and_two_keys) {
  mac(0, "abc");
  EXPECT_EQ(mac(1, "abc"), ring.mac(1, "abc"));
  ring.asked = 0;
  mac(0, "abc");
  mac(1, "abc");
  EXPECT_EQ(ring.asked, 0);
  EXPECT_EQ(mac(2, "abc"), ring.mac(2, "abc"));
  mac(2, "abc");
  EXPECT_EQ(ring.asked, 3) << "a third key is asked each time";
}

TEST_F(mac_memo_test, tells_texts_apart) {
  for (const std::string other : {"xbc", "abx", "ab", "abcd"}) {
    mac(0, "abc");
    ring.asked = 0;
    EXPECT_EQ(mac(0, other)[2], static_cast<std::uint8_t>(other[0]));
    EXPECT_EQ(ring.asked, 1) << other;
  }
}

TEST_F(mac_memo_test, asks_anew_for_another_snapshot) {
  mac(0, "abc", 1);
  const counting_keys rotated(7);
  EXPECT_EQ(remembering_keys(rotated, 2, memo).mac(0, "abc"), rotated.mac(0, "abc"));
}

TEST_F(mac_memo_test, does_not_remember_what_is_long) {
  const std::string longest(256, 'a'), longer(257, 'a');
  mac(0, longest);
  mac(0, longest);
  EXPECT_EQ(ring.asked, 1);
  mac(0, longer);
  mac(0, longer);
  EXPECT_EQ(ring.asked, 3);
}

} // namespace
} // namespace limpet::http
