#include "proxy/membership/etcd/base64.hpp"

#include <gtest/gtest.h>

namespace limpet::etcd {
namespace {

TEST(base64, vectors_of_rfc_4648) {
  const std::pair<std::string, std::string> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xff\xfe\xfd", "//79"},
  };
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

TEST(base64, every_byte_comes_back) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
  }
}

TEST(base64, only_the_canonical_form_is_taken) {
  for (const char* text : {"Zg", "Zg=", "Z", "Zg===", "====", "=", "Z===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9v",
                           "Zm-_", "Zg==Zg==", "Z=g=", "\xc3\xa4\xc3\xa4"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

} // namespace
} // namespace limpet::etcd
