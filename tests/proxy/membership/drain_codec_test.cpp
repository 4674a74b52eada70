#include "proxy/membership/drain_codec.hpp"

#include <gtest/gtest.h>

namespace limpet::membership {
namespace {

TEST(drain_codec, what_is_written_is_read_back) {
  const drain_note note{"alice@desk", "2026-01-31T09:30:00Z"};
  EXPECT_EQ(encode_drain(note), R"({"by":"alice@desk","at":"2026-01-31T09:30:00Z"})");
  EXPECT_EQ(decode_drain(encode_drain(note)), note);
}

TEST(drain_codec, what_is_of_no_use_counts_as_not_said) {
  const drain_note nothing;
  for (const std::string& value :
       {std::string(), std::string("yes"), std::string("[]"), std::string("{"), std::string("{}"),
        std::string(R"({"by":5,"at":null})"), std::string(R"({"by":"a\nb","at":"ü"})"),
        R"({"by":")" + std::string(129, 'x') + "\"}", R"({"by":")" + std::string(5000, 'x') + "\"}"})
    EXPECT_EQ(decode_drain(value), nothing) << value.substr(0, 80);
  EXPECT_EQ(decode_drain(R"({"by":"a","at":7,"more":{}})"), (drain_note{"a", ""}));
}

} // namespace
} // namespace limpet::membership
