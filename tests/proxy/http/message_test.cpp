#include "proxy/http/message.hpp"
#include "tests/proxy/http/printing.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace limpet::http {
namespace {

TEST(method, has_its_name) {
  for (const std::string_view name :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    EXPECT_NE(method_of(name), method::other) << name;
    EXPECT_EQ(name_of(method_of(name)), name);
  }
  for (const std::string_view name : {"", "get", "GETS", "GE", "other", "PURGE"})
    EXPECT_EQ(method_of(name), method::other) << name;
  EXPECT_EQ(method_of("DELETE"), method::delete_);
  EXPECT_EQ(method_of("PATCH"), method::patch);
}

TEST(method, is_idempotent_as_the_standard_says) { // RFC 9110 section 9.2.2
  for (const auto m :
       {method::get, method::head, method::put, method::delete_, method::options, method::trace})
    EXPECT_TRUE(is_idempotent(m)) << name_of(m);
  for (const auto m : {method::post, method::patch, method::connect, method::other})
    EXPECT_FALSE(is_idempotent(m)) << name_of(m);
}

TEST(iequals, knows_case_of_ascii_alone) {
  EXPECT_TRUE(iequals("", ""));
  EXPECT_TRUE(iequals("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`")); // as far apart as letters are
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_FALSE(iequals("\xc4", "\xe4"));
}

TEST(token, has_the_letters_of_the_standard) { // RFC 9110 section 5.6.2
  constexpr std::string_view separators = "\"(),/:;<=>?@[\\]{}";
  for (int c = 0; c < 256; ++c) {
    const char letter = static_cast<char>(c);
    const bool good = c > 0x20 && c < 0x7f && separators.find(letter) == std::string_view::npos;
    EXPECT_EQ(is_token({&letter, 1}), good) << c;
  }
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("a b"));
}

TEST(list, has_elements_without_the_white_space_around_them) { // RFC 9110 section 5.6.1
  const auto elements = [](std::string_view list) {
    std::vector<std::string_view> found;
    for_each_element(list, [&](std::string_view element) { found.push_back(element); });
    return found;
  };
  using list = std::vector<std::string_view>;
  EXPECT_EQ(elements("a"), (list{"a"}));
  EXPECT_EQ(elements(" a ,\tb c\t,, ,d,"), (list{"a", "b c", "d"}));
  EXPECT_EQ(elements(""), list{});
  EXPECT_EQ(elements(" ,\t, "), list{});
}

} // namespace
} // namespace limpet::http
