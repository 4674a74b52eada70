#include "proxy/membership/etcd/endpoint.hpp"

#include <gtest/gtest.h>

namespace limpet::etcd {
namespace {

TEST(endpoint, parts) {
  const auto plain = endpoint::parse("http://127.0.0.1:2379");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->host, "127.0.0.1");
  EXPECT_EQ(plain->port, "2379");
  EXPECT_EQ(plain->authority(), "127.0.0.1:2379");

  const auto secure = endpoint::parse("https://etcd-0.example.com:12379/");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->host, "etcd-0.example.com");
  EXPECT_EQ(secure->port, "12379");
}

TEST(endpoint, an_ipv6_address_has_brackets_outside_only) {
  const auto v6 = endpoint::parse("http://[::1]:2379");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->authority(), "[::1]:2379");
}

TEST(endpoint, scheme_and_port_may_be_left_out) {
  const auto bare = endpoint::parse("etcd");
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->tls);
  EXPECT_EQ(bare->authority(), "etcd:2379");
}

TEST(endpoint, what_is_refused) {
  for (const char* text : {"", "http://", "ftp://a:1", "http://a:b", "http://a:0", "http://a:99999",
                           "http://u:p@a:1", "http://a:1/v3", "http://a:1?x", "http://a:1#x", "http://a b:1",
                           "http://a%0d%0aX:1", "unix:/run/etcd", "http://[::1:2379"}) {
    EXPECT_FALSE(endpoint::parse(text)) << text;
  }
}

} // namespace
} // namespace limpet::etcd
