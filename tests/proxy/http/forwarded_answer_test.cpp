// The head that a client gets.

#include "proxy/http/forwarding.hpp"
#include "tests/proxy/http/heads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::http {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

class forwarded_answer : public testing::Test {
protected:
  forwarded_answer() { facts.date = "today"; }

  std::vector<std::string> forward(const std::string& bytes, const framing& body = {}) const {
    const parsed_answer answer(bytes);
    std::string out;
    write_response_head(*answer, facts, body, out);
    return lines_of(out);
  }
  std::vector<std::string> forward_fields(const std::string& fields) const {
    return forward("HTTP/1.1 200 OK\r\n" + fields + "\r\n");
  }

  answer_facts facts;
};

TEST_F(forwarded_answer, has_the_fields_as_they_came) {
  EXPECT_THAT(forward("HTTP/1.1 418 I'm a  Teapot\r\nserver: x\r\nSet-Cookie: a=b\r\nSet-Cookie: "
                      "c=d\r\nContent-Length: 5\r\n\r\n",
                      {framing::kind::length, 5}),
              ElementsAre("HTTP/1.1 418 I'm a  Teapot", "server: x", "Set-Cookie: a=b", "Set-Cookie: c=d",
                          "Date: today", "Via: 1.1 limpet", "Content-Length: 5"));
}

TEST_F(forwarded_answer, has_a_status_line_with_the_space_behind_the_code) { // RFC 9112 section 4
  EXPECT_EQ(forward("HTTP/1.1 200\r\n\r\n")[0], "HTTP/1.1 200 ");
  EXPECT_EQ(forward("HTTP/1.0 599 x\r\n\r\n")[0], "HTTP/1.1 599 x");
}

TEST_F(forwarded_answer, keeps_the_date_that_it_has) { // RFC 9110 section 6.6.1
  const auto lines = forward_fields("date: then\r\n");
  EXPECT_THAT(lines, Contains("date: then"));
  EXPECT_THAT(lines, Not(Contains("Date: today")));
}

TEST_F(forwarded_answer, is_framed_as_told_and_not_as_it_came) {
  const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_THAT(forward(sized, {framing::kind::chunked, 0}), Contains("Transfer-Encoding: chunked"));
  EXPECT_THAT(forward(sized, {framing::kind::chunked, 0}), Not(Contains(StartsWith("Content-Length"))));
  const std::string coded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(forward(coded, {}), Not(Contains(StartsWith("Transfer-Encoding"))));
  EXPECT_THAT(forward(coded, {framing::kind::length, 0}), Contains("Content-Length: 0"));
}

TEST_F(forwarded_answer, leaves_hop_by_hop_fields_behind) {
  for (const std::string name :
       {"Connection", "Proxy-Connection", "Keep-Alive", "Upgrade", "Proxy-Authenticate", "TE"})
    EXPECT_THAT(forward_fields(name + ": x\r\n"), Not(Contains(StartsWith(name)))) << name;
  EXPECT_THAT(forward_fields("Connection: X-Hop\r\nx-hop: 1\r\n"), Not(Contains(StartsWith("x-hop"))));
  EXPECT_THAT(forward_fields("Limpet-Member: a\r\n"), Not(Contains(StartsWith("Limpet-"))));
}

TEST_F(forwarded_answer, tells_whether_the_connection_stays) { // RFC 9112 section 9.3
  EXPECT_THAT(forward_fields("Connection: close\r\n"), Not(Contains(StartsWith("Connection"))));
  facts.client_is_http10 = true;
  EXPECT_THAT(forward_fields(""), Contains("Connection: keep-alive"));
  facts.keep_alive = false;
  EXPECT_THAT(forward_fields(""), Contains("Connection: close"));
  facts.client_is_http10 = false;
  EXPECT_THAT(forward_fields(""), Contains("Connection: close"));
}

TEST_F(forwarded_answer, passes_an_upgrade) {
  facts.upgrade = true;
  const auto lines =
      forward("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Accept: x\r\n\r\n");
  EXPECT_THAT(lines, ElementsAre("HTTP/1.1 101 Switching Protocols", "Sec-WebSocket-Accept: x",
                                 "Via: 1.1 limpet", "Connection: upgrade", "Upgrade: websocket"));
}

TEST_F(forwarded_answer, brings_an_issued_cookie_that_no_cache_keeps) {
  facts.set_cookie = "limpet=token; Path=/";
  const auto lines = forward_fields("Set-Cookie: a=b\r\n");
  EXPECT_THAT(lines, Contains("Set-Cookie: a=b"));
  EXPECT_THAT(lines, Contains("Set-Cookie: limpet=token; Path=/"));
  EXPECT_THAT(lines, Contains("Cache-Control: private"));
}

TEST_F(forwarded_answer, adds_itself_to_via) { // RFC 9110 section 7.6.3: the version that was received
  const auto lines = forward("HTTP/1.0 200 OK\r\nVia: 1.1 cache\r\n\r\n");
  EXPECT_THAT(lines, Contains("Via: 1.1 cache"));
  EXPECT_THAT(lines, Contains("Via: 1.0 limpet"));
}

// -- interim answers --------------------------------------------------

std::vector<std::string> forward_interim(const std::string& bytes) {
  const parsed_answer answer(bytes);
  std::string out;
  write_interim_head(*answer, out);
  return lines_of(out);
}

TEST(interim_answer, passes_as_it_came) { // RFC 9110 section 15.2
  EXPECT_THAT(forward_interim("HTTP/1.1 100 Continue\r\n\r\n"), ElementsAre("HTTP/1.1 100 Continue"));
  EXPECT_THAT(forward_interim("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nLink: </b.css>\r\n\r\n"),
              ElementsAre("HTTP/1.1 103 Early Hints", "Link: </a.css>", "Link: </b.css>"));
}

TEST(interim_answer, leaves_hop_by_hop_fields_behind) {
  EXPECT_THAT(forward_interim("HTTP/1.1 103 x\r\nKeep-Alive: 5\r\nContent-Length: 5\r\nLimpet-X: a\r\n\r\n"),
              ElementsAre("HTTP/1.1 103 x"));
  EXPECT_THAT(forward_interim("HTTP/1.1 103 x\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"),
              ElementsAre("HTTP/1.1 103 x"));
}

} // namespace
} // namespace limpet::http
