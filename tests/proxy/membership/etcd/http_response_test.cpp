#include "proxy/membership/etcd/http_response.hpp"

#include <gtest/gtest.h>

namespace limpet::etcd {
namespace {

constexpr std::size_t body_bytes_max = 1000;

const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
                            "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX: y\r\n\r\n";

TEST(http_response, a_body_with_a_length) {
  http_response response(body_bytes_max);
  EXPECT_FALSE(response.has_head());
  ASSERT_TRUE(response.append("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhel"));
  EXPECT_TRUE(response.has_head());
  EXPECT_FALSE(response.is_done());
  ASSERT_TRUE(response.append("lo"));
  EXPECT_TRUE(response.is_done());
  EXPECT_TRUE(response.is_reusable());
  EXPECT_EQ(response.status(), 404u);
  EXPECT_EQ(response.take_body(), "hello");
}

TEST(http_response, chunks_and_trailers_however_the_bytes_are_cut) {
  for (std::size_t cut = 0; cut <= chunked.size(); ++cut) {
    http_response response(body_bytes_max);
    ASSERT_TRUE(response.append(chunked.substr(0, cut)));
    ASSERT_EQ(response.is_done(), cut == chunked.size());
    ASSERT_TRUE(response.append(chunked.substr(cut)));
    ASSERT_TRUE(response.is_done());
    ASSERT_TRUE(response.is_reusable());
    ASSERT_EQ(response.take_body(), "hello world");
  }
}

TEST(http_response, byte_by_byte_the_body_can_be_taken_as_it_comes) {
  http_response response(1);
  std::string body;
  for (const char byte : chunked) {
    ASSERT_TRUE(response.append({&byte, 1}));
    body += response.take_body();
  }
  EXPECT_EQ(body, "hello world");
}

TEST(http_response, an_end_in_the_middle_is_told) {
  for (std::size_t cut = 0; cut < chunked.size(); ++cut) {
    http_response response(body_bytes_max);
    ASSERT_TRUE(response.append(chunked.substr(0, cut)));
    const auto ended = response.append_end();
    ASSERT_FALSE(ended) << cut;
    EXPECT_EQ(ended.error().code, errc::unreachable);
  }
}

TEST(http_response, a_body_without_a_length_ends_with_the_connection) {
  http_response response(body_bytes_max);
  ASSERT_TRUE(response.append("HTTP/1.1 200 OK\r\n\r\nabc"));
  EXPECT_FALSE(response.is_done());
  ASSERT_TRUE(response.append_end());
  EXPECT_TRUE(response.is_done());
  EXPECT_FALSE(response.is_reusable());
  EXPECT_EQ(response.take_body(), "abc");
}

TEST(http_response, a_connection_that_closes_or_goes_on_talking_is_not_used_again) {
  http_response closing(body_bytes_max);
  ASSERT_TRUE(closing.append("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(closing.is_done());
  EXPECT_FALSE(closing.is_reusable());

  http_response talking(body_bytes_max);
  ASSERT_TRUE(talking.append("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(talking.is_done());
  EXPECT_FALSE(talking.is_reusable());
}

TEST(http_response, limits) {
  http_response announced(body_bytes_max);
  const auto refused = announced.append("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nx");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::too_large);

  http_response streamed(4);
  const auto overrun = streamed.append("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  ASSERT_FALSE(overrun);
  EXPECT_EQ(overrun.error().code, errc::too_large);

  http_response head(body_bytes_max);
  EXPECT_FALSE(head.append("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"));

  http_response extension(body_bytes_max);
  EXPECT_FALSE(
      extension.append("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(70'000, 'x')));
}

TEST(http_response, what_is_no_http_is_malformed) {
  for (const char* text : {"hello\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "\x15\x03\x01\x02\x50\r\n\r\n"}) {
    http_response response(body_bytes_max);
    const auto parsed = response.append(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, errc::malformed);
  }
}

} // namespace
} // namespace limpet::etcd
