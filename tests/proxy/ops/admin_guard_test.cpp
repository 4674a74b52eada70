#include "proxy/ops/admin_guard.hpp"

#include <gtest/gtest.h>

namespace limpet::ops {
namespace {

TEST(admin_guard, on_loopback_only_names_of_loopback_may_be_named) {
  for (const auto* bound : {"127.0.0.1:9901", "[::1]:9901"}) {
    const admin_guard guard(bound);
    for (const auto* host :
         {"localhost", "LocalHost:9901", "127.0.0.1", "127.0.0.1:80", "[::1]:9901", "localhost."})
      EXPECT_TRUE(guard.allows_host(host)) << host;
    for (const auto* host :
         {"evil.example", "evil.example:9901", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.5",
          "127.0.0.2", "local host", "user@localhost"})
      EXPECT_FALSE(guard.allows_host(host)) << host;
  }
}

TEST(admin_guard, the_bound_address_itself_may_be_named) {
  const admin_guard guard("127.0.0.2:9901");
  EXPECT_TRUE(guard.allows_host("127.0.0.2:9901"));
  EXPECT_FALSE(guard.allows_host("127.0.0.3:9901"));
}

TEST(admin_guard, elsewhere_every_host_may_be_named) {
  for (const auto* bound : {"10.0.0.5:9901", "0.0.0.0:9901", "[::]:9901", "unix:/run/limpet/admin"})
    EXPECT_TRUE(admin_guard(bound).allows_host("proxy-7.example:9901")) << bound;
}

TEST(admin_guard, who_names_no_host_is_no_browser) {
  EXPECT_TRUE(admin_guard("127.0.0.1:9901").allows_host(""));
}

TEST(admin_guard, only_the_own_origin_may_change_something) {
  const auto* host = "localhost:9901";
  EXPECT_TRUE(admin_guard::allows_origin("", host));
  EXPECT_TRUE(admin_guard::allows_origin("http://localhost:9901", host));
  EXPECT_TRUE(admin_guard::allows_origin("https://LOCALHOST:9901", host));
  for (const auto* origin : {"null", "http://evil.example", "http://localhost", "http://localhost:9902",
                             "http://localhost:9901.evil.example", "localhost:9901", "http://"})
    EXPECT_FALSE(admin_guard::allows_origin(origin, host)) << origin;
}

} // namespace
} // namespace limpet::ops
