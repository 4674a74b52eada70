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

TEST(admin_guard, without_a_token_nobody_is_asked_for_one) {
  EXPECT_TRUE(admin_guard("127.0.0.1:9901").allows_bearer("/drain", ""));
}

TEST(admin_guard, who_shows_the_token_is_let_in) {
  admin_guard guard("0.0.0.0:9901");
  guard.set_token("0123456789abcdef");
  for (const auto* shown :
       {"Bearer 0123456789abcdef", "bearer 0123456789abcdef", "BEARER   0123456789abcdef"})
    EXPECT_TRUE(guard.allows_bearer("/metrics", shown)) << shown;
  for (const auto* shown :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdeg",
        "Bearer 0123456789abcdef0", "Bearer 0123456789ABCDEF", "Basic 0123456789abcdef", "0123456789abcdef",
        "Bearer0123456789abcdef", "Bearer 0123456789abcdef, Bearer x"})
    EXPECT_FALSE(guard.allows_bearer("/metrics", shown)) << shown;
  guard.set_token("another-one-of-16");
  EXPECT_FALSE(guard.allows_bearer("/metrics", "Bearer 0123456789abcdef"));
  EXPECT_TRUE(guard.allows_bearer("/metrics", "Bearer another-one-of-16"));
}

TEST(admin_guard, health_is_told_without_a_token) {
  admin_guard guard("0.0.0.0:9901");
  guard.set_token("0123456789abcdef");
  for (const auto* path : {"/healthz", "/readyz"})
    EXPECT_TRUE(guard.allows_bearer(path, "")) << path;
  for (const auto* path : {"/", "/healthz/", "/healthzz", "/HEALTHZ", "//healthz", "/drain", "/config", ""})
    EXPECT_FALSE(guard.allows_bearer(path, "")) << path;
}

} // namespace
} // namespace limpet::ops
