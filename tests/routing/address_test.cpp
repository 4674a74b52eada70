#include "routing/address.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace limpet::routing {
namespace {

std::string shown(std::string_view text) {
  const auto a = ip_address::parse(text);
  return a ? a->to_string() : "-";
}

TEST(ip_address, reads_and_writes) {
  EXPECT_EQ(shown("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(shown("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(shown("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(shown("::"), "::");
  EXPECT_EQ(shown("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(ip_address, ipv4_mapped_is_ipv4) {
  EXPECT_EQ(ip_address::parse("::ffff:1.2.3.4"), ip_address::parse("1.2.3.4"));
  EXPECT_EQ(ip_address::parse("::FFFF:102:304"), ip_address::parse("1.2.3.4"));
  EXPECT_NE(ip_address::parse("::1.2.3.4"), ip_address::parse("1.2.3.4"));
}

TEST(ip_address, refuses_what_is_none) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("1.2.3"), std::string_view("1.2.3.4.5"),
        std::string_view("256.1.1.1"), std::string_view("01.2.3.4"), std::string_view("1.2.3.4 "),
        std::string_view(" 1.2.3.4"), std::string_view("0x1.2.3.4"), std::string_view("1"),
        std::string_view(":::"), std::string_view("[::1]"), std::string_view("::1%eth0"),
        std::string_view("1::2::3"), std::string_view("1.2.3.4:80"), std::string_view("::12345"),
        std::string_view("localhost"), std::string_view("1.2.3.4\0", 8), std::string_view("::1\0:2", 6)})
    EXPECT_FALSE(ip_address::parse(text)) << ::testing::PrintToString(text);
  EXPECT_FALSE(ip_address::parse(std::string(10'000, ':')));
}

TEST(ip_address, network_keeps_the_first_bits) {
  const auto v4 = *ip_address::parse("255.255.255.255");
  const std::pair<unsigned, const char*> v4_cases[] = {
      {0, "0.0.0.0"},          {1, "128.0.0.0"},        {8, "255.0.0.0"},        {20, "255.255.240.0"},
      {31, "255.255.255.254"}, {32, "255.255.255.255"}, {999, "255.255.255.255"}};
  for (const auto& [prefix, text] : v4_cases)
    EXPECT_EQ(v4.network(prefix).to_string(), text) << prefix;
  const auto v6 = *ip_address::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(v6.network(0).to_string(), "::");
  EXPECT_EQ(v6.network(33).to_string(), "ffff:ffff:8000::");
  EXPECT_EQ(v6.network(127).to_string(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
  EXPECT_EQ(v6.network(128), v6);
}

TEST(ip_address, network_bytes_are_4_or_16) {
  const auto v4 = *ip_address::parse("1.2.3.4");
  EXPECT_EQ(v4.network_bytes(), "\x01\x02\x03\x04");
  const auto v6 = *ip_address::parse("102::");
  EXPECT_EQ(v6.network_bytes(), std::string_view("\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
}

struct network_case {
  const char* text;
  const char* shown; ///< "-": refused
};

class network : public ::testing::TestWithParam<network_case> {};

TEST_P(network, reads) {
  const auto n = ip_network::parse(GetParam().text);
  EXPECT_EQ(n ? n->to_string() : "-", GetParam().shown) << GetParam().text;
  if (n) {
    EXPECT_EQ(ip_network::parse(n->to_string()), n);
  }
}

INSTANTIATE_TEST_SUITE_P(
    of, network,
    ::testing::Values(network_case{"10.0.0.0/8", "10.0.0.0/8"}, network_case{"10.1.2.3/8", "10.0.0.0/8"},
                      network_case{"10.1.2.3", "10.1.2.3/32"}, network_case{"0.0.0.0/0", "0.0.0.0/0"},
                      network_case{"::1", "::1/128"}, network_case{"2001:db8::1/33", "2001:db8::/33"},
                      network_case{"::/0", "::/0"}, network_case{"::ffff:10.0.0.0/104", "10.0.0.0/8"},
                      network_case{"::ffff:10.0.0.1", "10.0.0.1/32"}, network_case{"::ffff:10.0.0.0/8", "-"},
                      network_case{"10.0.0.0/33", "-"}, network_case{"::/129", "-"},
                      network_case{"10.0.0.0/", "-"}, network_case{"10.0.0.0/08", "-"},
                      network_case{"10.0.0.0/+8", "-"}, network_case{"10.0.0.0/-1", "-"},
                      network_case{"10.0.0.0/8/8", "-"}, network_case{"10.0.0.0/8 ", "-"},
                      network_case{"10.0.0.0/9999999999", "-"}, network_case{"/8", "-"},
                      network_case{"", "-"}, network_case{"10.0.0/8", "-"}));

TEST(ip_network, contains_its_own) {
  const auto contains = [](const char* n, const char* a) {
    return ip_network::parse(n)->contains(*ip_address::parse(a));
  };
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_TRUE(contains("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
  EXPECT_FALSE(contains("::/0", "1.2.3.4"));
  EXPECT_TRUE(contains("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(contains("2001:db8::/32", "2001:db9::"));
  EXPECT_TRUE(contains("1.2.3.4", "1.2.3.4"));
  EXPECT_FALSE(contains("1.2.3.4", "1.2.3.5"));
}

TEST(ip_network, any_of_several) {
  const std::array networks{*ip_network::parse("10.0.0.0/8"), *ip_network::parse("::1")};
  EXPECT_TRUE(any_contains(networks, *ip_address::parse("::1")));
  EXPECT_FALSE(any_contains(networks, *ip_address::parse("::2")));
  EXPECT_FALSE(any_contains({}, *ip_address::parse("::2")));
}

} // namespace
} // namespace limpet::routing
