#include "proxy/http/session_digest.hpp"

#include <gtest/gtest.h>

namespace limpet::http {
namespace {

std::string text_of(const session_digest& d) {
  return {d.data(), d.size()};
}

/// By Python's hmac, once: proxies of several versions serve one session.
TEST(session_digest, stays_what_it_is) {
  const auto key = session_digest_key("limpet", "app");
  EXPECT_EQ(key, "limpet-session/1 6 3 limpet app");
  EXPECT_EQ(text_of(digest_session(key, "user-1")), "3a29a2e2bca9cea4644dbee3f2c55fc8");
}

TEST(session_digest, differs_by_cluster_pool_and_session) {
  const auto of = [](const char* cluster, const char* pool, const char* session) {
    return text_of(digest_session(session_digest_key(cluster, pool), session));
  };
  const auto one = of("a", "b", "c");
  EXPECT_EQ(one.size(), 32u);
  EXPECT_NE(one, of("x", "b", "c"));
  EXPECT_NE(one, of("a", "x", "c"));
  EXPECT_NE(one, of("a", "b", "x"));
  EXPECT_NE(of("a b", "c", "s"), of("a", "b c", "s"));
}

TEST(session_fields, a_memo_answers_as_without_one) {
  session_fields_memo memo;
  const auto here = session_digest_key("c", "here");
  const auto there = session_digest_key("c", "there");
  const auto expect = [&](std::uint32_t pool, const std::string& key, std::uint64_t epoch,
                          const char* session) {
    const auto written = "Limpet-Session: " + text_of(digest_session(key, session)) +
                         "\r\nLimpet-Epoch: " + std::to_string(epoch) + "\r\n";
    EXPECT_EQ(memo.of(pool, key, epoch, session), written) << pool << ' ' << epoch << ' ' << session;
  };
  expect(0, here, 0, ""); // a memo that knows nothing yet is of pool 0, no epoch and no key
  expect(0, here, 7, "one");
  expect(0, here, 7, "one");
  expect(0, here, 12'345, "one");
  expect(1, there, 12'345, "one");
  expect(1, there, 12'345, "two");
  expect(1, there, 7, "two");
  expect(0, here, 7, "two");
}

} // namespace
} // namespace limpet::http
