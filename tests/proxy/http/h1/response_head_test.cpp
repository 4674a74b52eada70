#include "proxy/http/h1/head_parser.hpp"
#include "tests/proxy/http/printing.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace limpet::http::h1 {
namespace {

using namespace std::string_literals;

bool reads(std::string_view bytes) {
  response_head head;
  return parse_response_head(bytes, head);
}

TEST(response_head, reads_the_status_line_and_the_fields) {
  const std::string bytes =
      "HTTP/1.1 404 Not  Found\r\nContent-Type: text/html\r\nDate: now\r\nConnection: close, X-A\r\n\r\n";
  response_head head;
  ASSERT_TRUE(parse_response_head(bytes, head));
  EXPECT_EQ(head.status, 404U);
  EXPECT_EQ(head.reason, "Not  Found");
  EXPECT_EQ(head.minor_version, 1U);
  EXPECT_EQ(head.content_type, "text/html");
  EXPECT_TRUE(head.has_date);
  EXPECT_TRUE(head.connection.close);
  ASSERT_EQ(head.connection.others.size(), 1U);
  EXPECT_EQ(head.connection.others[0], "X-A");
  ASSERT_EQ(head.fields.size(), 3U);
  EXPECT_EQ(head.fields[2].value, "close, X-A");
}

TEST(response_head, forgets_the_answer_before) {
  response_head head;
  ASSERT_TRUE(parse_response_head(
      "HTTP/1.1 200\r\nDate: now\r\nContent-Type: a\r\nContent-Length: 4\r\nUpgrade: b\r\n"
      "Connection: close, c\r\n\r\n",
      head));
  ASSERT_TRUE(parse_response_head("HTTP/1.0 500 \r\n\r\n", head));
  EXPECT_EQ(head.status, 500U);
  EXPECT_EQ(head.reason, "");
  EXPECT_EQ(head.minor_version, 0U);
  EXPECT_TRUE(head.fields.empty());
  EXPECT_FALSE(head.has_date);
  EXPECT_EQ(head.content_type, "");
  EXPECT_EQ(head.upgrade, "");
  EXPECT_FALSE(head.connection.close);
  EXPECT_TRUE(head.connection.others.empty());
  EXPECT_EQ(head.body.how, framing::kind::until_close);
}

TEST(response_head, takes_a_status_line_without_the_space_behind_the_code) {
  for (const std::string version : {"HTTP/1.0", "HTTP/1.1"}) {
    response_head head;
    const auto bytes = version + " 204\r\nX-A: b\r\nContent-Length: 0\r\n\r\n";
    ASSERT_TRUE(parse_response_head(bytes, head)) << version;
    EXPECT_EQ(head.status, 204U);
    EXPECT_EQ(head.reason, "");
    ASSERT_EQ(head.fields.size(), 2U);
    EXPECT_EQ(head.fields[0].name, "X-A");
    EXPECT_EQ(head.fields[0].value, "b");
    EXPECT_EQ(head.body.how, framing::kind::length);
  }
  EXPECT_TRUE(reads("HTTP/1.1 200\r\n\r\n"));
}

TEST(response_head, takes_any_reason_that_is_text) {
  for (const std::string reason : {"", "OK", "a b\tc", "\xc3\x9c\xff", "\"<>"})
    EXPECT_TRUE(reads("HTTP/1.1 200 " + reason + "\r\n\r\n")) << reason;
  for (int byte = 0; byte < 0x20; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    EXPECT_EQ(reads("HTTP/1.1 200 a" + c + "b\r\n\r\n"), byte == '\t') << byte;
  }
  EXPECT_FALSE(reads("HTTP/1.1 200 a\x7f\r\n\r\n"));
}

TEST(response_head, takes_status_codes_from_100_to_599) {
  for (const std::string code : {"100", "101", "199", "200", "299", "304", "418", "599"})
    EXPECT_TRUE(reads("HTTP/1.1 " + code + " x\r\n\r\n")) << code;
  for (const std::string code :
       {"000", "099", "600", "999", "20", "2000", "2x0", "+20", "-10", "", " 200", "2 0"}) {
    EXPECT_FALSE(reads("HTTP/1.1 " + code + " x\r\n\r\n")) << code;
    EXPECT_FALSE(reads("HTTP/1.1 " + code + "\r\n\r\n")) << code;
  }
}

TEST(response_head, refuses_what_is_no_status_line) {
  for (const std::string line :
       {"HTTP/0.9 200 OK", "HTTP/1.2 200 OK", "HTTP/2.0 200 OK", "HTTP/2 200 OK", "http/1.1 200 OK",
        " HTTP/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1", "200 OK", "GET / HTTP/1.1",
        "ICY 200 OK", "HTTP/2.0 200", "HTTP/1.2 200"})
    EXPECT_FALSE(reads(line + "\r\n\r\n")) << line;
}

TEST(response_head, refuses_malformed_fields) {
  for (const std::string line : {"X : a", ": a", "X", "X Y: a", "X\x80: a", "X: a\x7f", "X: a\x01"})
    EXPECT_FALSE(reads("HTTP/1.1 200 OK\r\n" + line + "\r\n\r\n")) << line;
  EXPECT_FALSE(reads("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"s));
  EXPECT_TRUE(reads("HTTP/1.1 200 OK\r\nX: a\tb\xff\r\n\r\n"));
}

TEST(response_head, knows_whether_the_connection_can_serve_again) { // RFC 9112 section 9.3
  const auto reusable = [](std::string_view version, std::string_view field) {
    const std::string bytes = std::string(version).append(" 200 OK\r\n").append(field).append("\r\n");
    response_head head;
    return parse_response_head(bytes, head) && head.allows_reuse();
  };
  EXPECT_TRUE(reusable("HTTP/1.1", ""));
  EXPECT_FALSE(reusable("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(reusable("HTTP/1.0", ""));
  EXPECT_TRUE(reusable("HTTP/1.0", "Connection: keep-alive\r\n"));
}

TEST(response_head, knows_an_event_stream) {
  const auto streams = [](std::string_view type) {
    const std::string bytes =
        std::string("HTTP/1.1 200 OK\r\nContent-Type: ").append(type).append("\r\n\r\n");
    response_head head;
    return parse_response_head(bytes, head) && head.is_event_stream();
  };
  EXPECT_TRUE(streams("text/event-stream"));
  EXPECT_TRUE(streams("Text/Event-Stream;charset=utf-8"));
  EXPECT_FALSE(streams("text/event"));
  EXPECT_FALSE(streams("text/plain; x=text/event-stream"));
}

} // namespace
} // namespace limpet::http::h1
