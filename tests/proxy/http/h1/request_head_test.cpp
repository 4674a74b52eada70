#include "proxy/http/h1/head_parser.hpp"
#include "tests/proxy/http/printing.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace limpet::http::h1 {
namespace {

using namespace std::string_literals;

struct parsed {
  refusal why;
  request_head head;
};

/// The views of the result live as long as `bytes`.
parsed parse(std::string_view bytes) {
  parsed result;
  result.why = parse_request_head(bytes, result.head);
  return result;
}

refusal refusal_of(std::string_view bytes) {
  return parse(bytes).why;
}

/// What becomes of a good request with these lines more.
refusal with_fields(const std::string& lines) {
  return refusal_of("POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
}

TEST(request_head, reads_the_request_line_and_the_fields) {
  const std::string bytes =
      "GET /a?b HTTP/1.1\r\nHost: example.com:8080\r\nX-Empty:\r\nX-Padded: \t v w \t \r\n\r\n";
  const auto [why, head] = parse(bytes);
  ASSERT_EQ(why, refusal::none);
  EXPECT_EQ(head.known_method, method::get);
  EXPECT_EQ(head.method_name, "GET");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.minor_version, 1U);
  EXPECT_EQ(head.host, "example.com:8080");
  EXPECT_EQ(head.body.how, framing::kind::none);
  ASSERT_EQ(head.fields.size(), 3U);
  EXPECT_EQ(head.fields[0].name, "Host");
  EXPECT_EQ(head.fields[1].name, "X-Empty");
  EXPECT_EQ(head.fields[1].value, "");
  EXPECT_EQ(head.fields[2].name, "X-Padded");
  EXPECT_EQ(head.fields[2].value, "v w");
}

TEST(request_head, forgets_the_request_before) {
  request_head head;
  ASSERT_EQ(parse_request_head(
                "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close, X-A, upgrade\r\n"
                "Upgrade: websocket\r\nExpect: 100-continue\r\n\r\n",
                head),
            refusal::none);
  ASSERT_EQ(parse_request_head("GET / HTTP/1.0\r\n\r\n", head), refusal::none);
  EXPECT_EQ(head.known_method, method::get);
  EXPECT_TRUE(head.fields.empty());
  EXPECT_EQ(head.host, "");
  EXPECT_EQ(head.body.how, framing::kind::none);
  EXPECT_FALSE(head.body.has_body());
  EXPECT_FALSE(head.connection.close);
  EXPECT_TRUE(head.connection.others.empty());
  EXPECT_EQ(head.upgrade, "");
  EXPECT_FALSE(head.expects_continue);
}

TEST(request_head, takes_a_great_many_fields) { // how many is for the scanner to limit
  std::string lines;
  for (int i = 0; i < 1'000; ++i)
    lines += "X-" + std::to_string(i) + ": " + std::string(100, 'v') + "\r\n";
  EXPECT_EQ(with_fields(lines), refusal::none);
}

// -- request line -----------------------------------------------------

TEST(request_head, takes_any_token_for_a_method) {
  const std::string bytes = "PROP-FIND!# / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto [why, head] = parse(bytes);
  EXPECT_EQ(why, refusal::none);
  EXPECT_EQ(head.known_method, method::other);
  EXPECT_EQ(head.method_name, "PROP-FIND!#");
}

TEST(request_head, tells_methods_apart_by_case) { // RFC 9110 section 9.1
  EXPECT_EQ(parse("get / HTTP/1.1\r\nHost: a\r\n\r\n").head.known_method, method::other);
}

TEST(request_head, speaks_http_1_0_and_1_1) {
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nHost: a\r\n\r\n").head.minor_version, 0U);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").head.minor_version, 1U);
  for (const std::string version : {"HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"})
    EXPECT_EQ(refusal_of("GET / " + version + "\r\nHost: a\r\n\r\n"), refusal::unsupported_version)
        << version;
}

TEST(request_head, refuses_what_is_no_request_line) {
  for (const std::string line : {"GET /",
                                 "GET",
                                 "GET  / HTTP/1.1",
                                 "GET /  HTTP/1.1",
                                 " GET / HTTP/1.1",
                                 "GET / HTTP/1.1 ",
                                 "GET\t/\tHTTP/1.1",
                                 "GET /a b HTTP/1.1",
                                 "G@T / HTTP/1.1",
                                 "GET / http/1.1",
                                 "GET / HTTP/1",
                                 "GET / HTTP/11",
                                 "GET / HTTP/1.10",
                                 "GET / HTTP/01.1",
                                 "GET / HTTQ/1.1",
                                 "GET / HTTP/a.b",
                                 "GET / HTTP/2.0x",
                                 "GET HTTP/2.0",
                                 "HTTP/1.1 200 OK",
                                 "HTTP/2.0 200 OK",
                                 ":",
                                 " "})
    EXPECT_EQ(refusal_of(line + "\r\nHost: a\r\n\r\n"), refusal::malformed_head) << line;
}

TEST(request_head, refuses_control_characters_in_the_request_line) {
  for (int byte = 0; byte < 0x20; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    EXPECT_NE(refusal_of("G" + c + "ET / HTTP/1.1\r\nHost: a\r\n\r\n"), refusal::none) << byte;
    EXPECT_NE(refusal_of("GET /" + c + " HTTP/1.1\r\nHost: a\r\n\r\n"), refusal::none) << byte;
  }
  EXPECT_NE(refusal_of("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"), refusal::none);
}

// -- fields -----------------------------------------------------------

TEST(request_head, refuses_white_space_before_the_colon) { // RFC 9112 section 5.1
  EXPECT_EQ(with_fields("X : a\r\n"), refusal::malformed_head);
  EXPECT_EQ(with_fields("X\t: a\r\n"), refusal::malformed_head);
  EXPECT_EQ(with_fields("Content-Length : 5\r\n"), refusal::malformed_head);
  EXPECT_EQ(with_fields("Transfer-Encoding : chunked\r\n"), refusal::malformed_head);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), refusal::malformed_head);
}

TEST(request_head, refuses_names_that_are_no_tokens) {
  for (const std::string line :
       {": a", "X", "X Y: a", "X(: a", "X\x80: a", "\"X\": a", "X/Y: a", "X@: a", "[X]: a"})
    EXPECT_EQ(with_fields(line + "\r\n"), refusal::malformed_head) << line;
  EXPECT_EQ(with_fields("X\0: a\r\n"s), refusal::malformed_head);
  EXPECT_EQ(with_fields("!#$%&'*+-.^_`|~09azAZ: a\r\n"), refusal::none);
}

TEST(request_head, refuses_control_characters_in_values) { // RFC 9110 section 5.5
  for (int byte = 0; byte < 0x20; ++byte) {
    if (byte == '\t') continue;
    const std::string c(1, static_cast<char>(byte));
    EXPECT_EQ(with_fields("X: a" + c + "b\r\n"), refusal::malformed_head) << byte;
    // What would be cut off with white space must not get by either.
    EXPECT_EQ(with_fields("X: " + c + "\r\n"), refusal::malformed_head) << byte;
  }
  EXPECT_EQ(with_fields("X: a\x7f\r\n"), refusal::malformed_head);
}

TEST(request_head, passes_on_tabs_and_obsolete_text_in_values) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\x80\xff\r\n\r\n";
  const auto [why, head] = parse(bytes);
  ASSERT_EQ(why, refusal::none);
  EXPECT_EQ(head.fields[1].value, "a\tb\x80\xff");
}

// -- Host -------------------------------------------------------------

TEST(request_head, wants_one_host) { // RFC 9112 section 3.2
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), refusal::malformed_host);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), refusal::malformed_host);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"), refusal::malformed_host);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), refusal::malformed_host);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), refusal::none);
}

// -- Connection, Upgrade, Expect --------------------------------------

TEST(request_head, reads_what_connection_says) {
  const std::string bytes =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-A , CLOSE,,\r\nConnection: Keep-Alive,x-b\r\n\r\n";
  const auto [why, head] = parse(bytes);
  ASSERT_EQ(why, refusal::none);
  EXPECT_TRUE(head.connection.close);
  EXPECT_TRUE(head.connection.keep_alive);
  EXPECT_FALSE(head.connection.upgrade);
  EXPECT_EQ(head.connection.others, (std::vector<std::string_view>{"X-A", "x-b"}));
}

TEST(request_head, knows_whether_the_connection_stays) { // RFC 9112 section 9.3
  const auto keeps = [](std::string_view version, std::string_view field) {
    const std::string bytes =
        std::string("GET / ").append(version).append("\r\nHost: a\r\n").append(field).append("\r\n");
    const auto [why, head] = parse(bytes);
    return why == refusal::none && head.wants_keep_alive();
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive, close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
}

TEST(request_head, heeds_upgrade_only_where_connection_names_it) { // RFC 9110 section 7.8
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").head.upgrade, "");
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  EXPECT_EQ(parse(bytes).head.upgrade, "websocket");
}

TEST(request_head, reads_expect) {
  EXPECT_TRUE(parse("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").head.expects_continue);
  EXPECT_FALSE(parse("PUT / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n").head.expects_continue);
}

} // namespace
} // namespace limpet::http::h1
