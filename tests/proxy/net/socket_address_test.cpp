#include "proxy/net/socket_address.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace limpet::net {
namespace {

using use = socket_address::use;
using namespace std::string_literals;

/// The address written again; "none" where it is none.
std::string read(std::string_view text, use purpose = use::connect) {
  const auto address = socket_address::parse(text, purpose);
  return address ? address->to_string() : "none";
}

TEST(socket_address, reads_addresses_and_ports) {
  EXPECT_EQ(read("1.2.3.4:80"), "1.2.3.4:80");
  EXPECT_EQ(read("1.2.3.4:0"), "1.2.3.4:0");
  EXPECT_EQ(read("1.2.3.4:65535"), "1.2.3.4:65535");
  EXPECT_EQ(read("[::1]:80"), "[::1]:80");
  EXPECT_EQ(read("[2001:DB8:0::1]:80"), "[2001:db8::1]:80");
  EXPECT_EQ(read("localhost:80"), "127.0.0.1:80");
  EXPECT_EQ(read("[::ffff:1.2.3.4]:80"), "1.2.3.4:80"); // IPv4 in the clothes of IPv6
}

TEST(socket_address, listens_anywhere_where_no_host_is_named) {
  EXPECT_EQ(read(":80", use::listen), "0.0.0.0:80");
  EXPECT_EQ(read(":80", use::connect), "none");
}

TEST(socket_address, reads_unix_paths) {
  EXPECT_EQ(read("unix:/run/a.sock"), "unix:/run/a.sock");
  EXPECT_EQ(read("unix:/a b:80"), "unix:/a b:80");
  const auto path = "/" + std::string(sizeof(sockaddr_un::sun_path) - 2, 'p');
  EXPECT_EQ(read("unix:" + path), "unix:" + path);
  EXPECT_EQ(read("unix:" + path + "p"), "none"); // no room for the NUL
}

TEST(socket_address, refuses_what_is_none) {
  for (const std::string text :
       {"", ":", "80", "1.2.3.4", "1.2.3:80", "1.2.3.4.5:80", "256.1.1.1:80", "example.com:80"})
    EXPECT_EQ(read(text), "none") << text;
  for (const std::string text : {"::1:80", "[::1]", "[::1]80", "[::1:80", "::1]:80", "[]:80", "[::g]:80"})
    EXPECT_EQ(read(text), "none") << text;
  for (const std::string port : {"", "x", "-1", "+1", " 80", "80 ", "65536", "99999999999"})
    EXPECT_EQ(read("1.2.3.4:" + port), "none") << port;
  EXPECT_EQ(read("1.2.3.4:80\0"s), "none");
  for (const std::string text : {"unix:", "unix:a", "unix:./a", "Unix:/a", "http://1.2.3.4:80"})
    EXPECT_EQ(read(text), "none") << text;
}

TEST(socket_address, refuses_a_path_that_the_system_would_cut_short) {
  EXPECT_EQ(read("unix:/run/a\0b"s), "none"); // it would take it for /run/a
}

TEST(socket_address, has_brackets_around_ipv6_alone) { // RFC 3986 section 3.2.2
  for (const std::string text : {"[1.2.3.4]:80", "[localhost]:80"})
    EXPECT_EQ(read(text), "none") << text;
  for (const std::string text : {"[a]:80", "[]:80"})
    EXPECT_FALSE(split_host_port(text)) << text;
}

TEST(socket_address, knows_its_parts) {
  const auto v4 = *socket_address::parse("1.2.3.4:80", use::connect);
  EXPECT_EQ(v4.family(), AF_INET);
  EXPECT_EQ(v4.port(), 80U);
  EXPECT_EQ(v4.ip(), *routing::ip_address::parse("1.2.3.4"));
  EXPECT_EQ(v4.size(), sizeof(sockaddr_in));
  const auto v6 = *socket_address::parse("[2001:db8::1]:443", use::connect);
  EXPECT_EQ(v6.family(), AF_INET6);
  EXPECT_EQ(v6.port(), 443U);
  EXPECT_EQ(v6.ip(), *routing::ip_address::parse("2001:db8::1"));
  const auto path = *socket_address::parse("unix:/a", use::connect);
  EXPECT_EQ(path.family(), AF_UNIX);
  EXPECT_EQ(path.port(), 0U);
  EXPECT_EQ(path.ip(), routing::ip_address());
}

TEST(socket_address, is_made_of_an_address_and_a_port) {
  for (const std::string text : {"1.2.3.4", "2001:db8::1"}) {
    const auto ip = *routing::ip_address::parse(text);
    const auto address = socket_address::from(ip, 8080);
    EXPECT_EQ(address.ip(), ip);
    EXPECT_EQ(address.port(), 8080U);
  }
}

TEST(socket_address, knows_an_ipv4_peer_of_an_ipv6_socket) { // RFC 4291 section 2.5.5.2
  auto address = *socket_address::parse("[::1]:80", use::connect);
  auto& v6 = *reinterpret_cast<sockaddr_in6*>(address.data());
  v6.sin6_addr = {};
  const std::array<std::uint8_t, 6> mapped{0xff, 0xff, 1, 2, 3, 4};
  std::copy(mapped.begin(), mapped.end(), v6.sin6_addr.s6_addr + 10);
  EXPECT_EQ(address.ip(), *routing::ip_address::parse("1.2.3.4"));
}

TEST(host_port, is_split_at_the_last_colon) {
  const auto split = [](std::string_view text) {
    const auto parts = split_host_port(text);
    return parts ? parts->host + '|' + std::to_string(parts->port) : "none";
  };
  EXPECT_EQ(split("example.com:80"), "example.com|80");
  EXPECT_EQ(split("[::1]:80"), "::1|80");
  EXPECT_EQ(split(":80"), "|80");
  for (const std::string text : {"", "a", "a:", "a:b:80", "::1:80", "a:80x", "a:65536", "[::1]80", "[::1]:"})
    EXPECT_EQ(split(text), "none") << text;
}

} // namespace
} // namespace limpet::net
