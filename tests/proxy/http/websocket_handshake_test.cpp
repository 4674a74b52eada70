#include "proxy/http/websocket_handshake.hpp"
#include "tests/proxy/http/heads.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limpet::http {
namespace {

// The example of RFC 6455 section 1.3.
const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
const std::string accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::string request_with(const std::string& fields, const std::string& method = "GET") {
  return method +
         " /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
         fields + "\r\n";
}
std::string key_line(const std::string& value) {
  return "Sec-WebSocket-Key: " + value + "\r\n";
}
const std::string version = "Sec-WebSocket-Version: 13\r\n";

bool opens(const std::string& bytes) {
  return is_websocket_request(*parsed_request(bytes));
}

bool accepts(const std::string& fields, const std::string& of_request = key_line(key) + version) {
  const parsed_request request(request_with(of_request));
  const parsed_answer answer(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + fields + "\r\n");
  return accepts_websocket(*request, *answer);
}

TEST(websocket_request, has_a_key_and_a_version) { // RFC 6455 section 4.2.1
  EXPECT_TRUE(opens(request_with(key_line(key) + version)));
  EXPECT_TRUE(
      opens(request_with("sec-websocket-key:AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 8\r\n")));
  EXPECT_FALSE(opens(request_with(version)));
  EXPECT_FALSE(opens(request_with(key_line(key))));
}

TEST(websocket_request, is_a_get) {
  EXPECT_FALSE(opens(request_with(key_line(key) + version, "POST")));
  EXPECT_FALSE(opens(request_with(key_line(key) + version, "get")));
}

TEST(websocket_request, has_them_once) {
  EXPECT_FALSE(opens(request_with(key_line(key) + key_line(key) + version)));
  EXPECT_FALSE(opens(request_with(key_line(key) + version + version)));
}

TEST(websocket_request, has_a_key_of_16_bytes) {
  for (const std::string bad :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZR===", "Z===",
        "dGhlIHNhbXBsZSBub25jZQ= =", "dGhl_HNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==, x",
        "dGhlIHNhbXBsZSBub25jZQQQ", "=GhlIHNhbXBsZSBub25jZQ=="})
    EXPECT_FALSE(opens(request_with(key_line(bad) + version))) << bad;
}

TEST(websocket_answer, proves_that_it_has_read_the_key) { // RFC 6455 section 4.1
  EXPECT_TRUE(accepts("Sec-WebSocket-Accept: " + accept + "\r\n"));
  EXPECT_FALSE(
      accepts("Sec-WebSocket-Accept: " + accept + "\r\n", key_line("AAAAAAAAAAAAAAAAAAAAAA==") + version));
}

TEST(websocket_answer, is_refused_without_that_proof) {
  EXPECT_FALSE(accepts(""));
  EXPECT_FALSE(accepts("Sec-WebSocket-Accept:\r\n"));
  EXPECT_FALSE(accepts("Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_FALSE(accepts("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n"));
  EXPECT_FALSE(accepts("Sec-WebSocket-Accept: " + accept + "\r\nSec-WebSocket-Accept: " + accept + "\r\n"));
}

} // namespace
} // namespace limpet::http
