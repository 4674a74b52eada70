// The head that a member gets.

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
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

class forwarded_request : public testing::Test {
protected:
  forwarded_request() {
    facts.peer = "10.0.0.9";
    facts.host = "example.com";
    facts.path = "/a";
    facts.request_id = "0123";
  }

  /// The lines of what is forwarded of GET /a with these fields.
  std::vector<std::string> forward(const std::string& fields) const {
    return forward_whole("GET /a HTTP/1.1\r\nHost: example.com\r\n" + fields + "\r\n");
  }
  std::vector<std::string> forward_whole(const std::string& bytes) const {
    const parsed_request request(bytes);
    std::string out;
    write_request_head(*request, facts, out);
    return lines_of(out);
  }

  forwarding_facts facts;
};

TEST_F(forwarded_request, has_the_fields_as_they_came_and_ours_behind) {
  EXPECT_THAT(forward("accept: */*\r\nX-Twice: 1\r\nCookie: a=b\r\nX-Twice: 2\r\nX-Empty:\r\ntraceparent: "
                      "00-ab-cd-01\r\n"),
              ElementsAre("GET /a HTTP/1.1", "Host: example.com", "accept: */*", "X-Twice: 1", "Cookie: a=b",
                          "X-Twice: 2", "X-Empty: ", "traceparent: 00-ab-cd-01", "X-Forwarded-For: 10.0.0.9",
                          "X-Forwarded-Proto: http", "X-Forwarded-Host: example.com", "X-Request-Id: 0123",
                          "Via: 1.1 limpet"));
}

TEST_F(forwarded_request, is_appended) {
  const parsed_request request("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string out = "before";
  write_request_head(*request, facts, out);
  EXPECT_THAT(out, StartsWith("beforeGET /a HTTP/1.1\r\n"));
}

TEST_F(forwarded_request, has_the_target_that_was_matched) {
  facts.path = "/normal";
  facts.query = "a=b?c";
  facts.has_query = true;
  EXPECT_EQ(forward("")[0], "GET /normal?a=b?c HTTP/1.1");
  facts.query = "";
  EXPECT_EQ(forward("")[0], "GET /normal? HTTP/1.1");
  facts.has_query = false;
  EXPECT_EQ(forward("")[0], "GET /normal HTTP/1.1");
  facts.asterisk = true;
  EXPECT_EQ(forward_whole("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")[0], "OPTIONS * HTTP/1.1");
}

TEST_F(forwarded_request, keeps_a_method_that_is_not_known) {
  EXPECT_EQ(forward_whole("PURGE /a HTTP/1.1\r\nHost: a\r\n\r\n")[0], "PURGE /a HTTP/1.1");
}

TEST_F(forwarded_request, has_the_host_that_counts) { // RFC 9112 section 3.2.2: of an absolute target
  facts.host = "other.example";
  const auto lines = forward("");
  EXPECT_THAT(lines, Contains("Host: other.example"));
  EXPECT_THAT(lines, Not(Contains("Host: example.com")));
}

TEST_F(forwarded_request, is_http_1_1_whatever_the_client_speaks) {
  const auto lines = forward_whole("GET /a HTTP/1.0\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\n\r\n");
  EXPECT_EQ(lines[0], "GET /a HTTP/1.1");
  EXPECT_THAT(lines, Contains("Via: 1.0 limpet"));
  EXPECT_THAT(lines, Not(Contains(StartsWith("Connection"))));
  EXPECT_THAT(lines, Not(Contains(StartsWith("Keep-Alive"))));
}

// -- framing ----------------------------------------------------------

TEST_F(forwarded_request, says_its_length_once_and_in_our_words) {
  EXPECT_THAT(forward("Content-Length: 007\r\n"), Contains("Content-Length: 7"));
  EXPECT_THAT(forward("Content-Length: 0\r\n"), Contains("Content-Length: 0"));
  EXPECT_THAT(forward("Content-Length: 18446744073709551615\r\n"),
              Contains("Content-Length: 18446744073709551615"));
  const auto coded = forward("transfer-encoding: CHUNKED\r\n");
  EXPECT_THAT(coded, Contains("Transfer-Encoding: chunked"));
  EXPECT_THAT(coded, Not(Contains(StartsWith("transfer-encoding"))));
  for (const auto& line : forward(""))
    EXPECT_THAT(line, Not(testing::ContainsRegex("Content-Length|Transfer-Encoding")));
}

// -- hop by hop (RFC 9110 section 7.6.1) ------------------------------

TEST_F(forwarded_request, leaves_hop_by_hop_fields_behind) {
  for (const std::string name : {"Connection", "Proxy-Connection", "Keep-Alive", "TE", "Upgrade",
                                 "Proxy-Authorization", "Proxy-Authenticate", "HTTP2-Settings", "kEEP-aLIVE"})
    EXPECT_THAT(forward(name + ": x\r\n"), Not(Contains(StartsWith(name)))) << name;
}

TEST_F(forwarded_request, leaves_behind_what_connection_names) {
  const auto lines =
      forward("Connection: x-hop , X-Other\r\nX-Hop: 1\r\nX-Hop: 2\r\nx-other: 3\r\nX-Hop-Not: 4\r\n");
  EXPECT_THAT(lines, Not(Contains(StartsWith("X-Hop:"))));
  EXPECT_THAT(lines, Not(Contains(StartsWith("x-other"))));
  EXPECT_THAT(lines, Contains("X-Hop-Not: 4"));
}

TEST_F(forwarded_request, keeps_host_and_our_own_fields_whatever_connection_names) {
  const auto lines =
      forward("Connection: Host, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id, Via, Content-Length\r\n"
              "Content-Length: 5\r\n");
  for (const std::string line : {"Host: example.com", "X-Forwarded-For: 10.0.0.9", "X-Forwarded-Proto: http",
                                 "X-Request-Id: 0123", "Via: 1.1 limpet", "Content-Length: 5"})
    EXPECT_THAT(lines, Contains(line));
}

TEST_F(forwarded_request, asks_for_trailers_where_the_client_does) {
  for (const std::string te : {"trailers", "Trailers", "gzip, trailers", "trailers, deflate;q=0.5"}) {
    const auto lines = forward("TE: " + te + "\r\nConnection: TE\r\n");
    EXPECT_THAT(lines, Contains("TE: trailers")) << te;
    EXPECT_THAT(lines, Contains("Connection: TE")) << te;
  }
  EXPECT_THAT(forward("TE: gzip\r\n"), Not(Contains(StartsWith("TE"))));
}

TEST_F(forwarded_request, passes_an_upgrade_only_where_the_route_lists_it) {
  const std::string fields = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
  EXPECT_THAT(forward(fields), Not(Contains(testing::ContainsRegex("[Uu]pgrade"))));
  facts.upgrade = true;
  const auto lines = forward(fields);
  EXPECT_THAT(lines, Contains("Connection: upgrade"));
  EXPECT_THAT(lines, Contains("Upgrade: websocket"));
}

TEST_F(forwarded_request, leaves_h2c_behind) {
  const auto lines =
      forward("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n");
  for (const auto& line : lines)
    EXPECT_THAT(line, Not(testing::ContainsRegex("Upgrade|h2c|HTTP2"))) << line;
}

TEST_F(forwarded_request, tells_of_the_session_and_the_epoch_where_there_are_any) {
  facts.session_fields = "Limpet-Session: 00ff\r\nLimpet-Epoch: 42\r\n";
  const auto lines = forward("Limpet-Session: mine\r\nLIMPET-EPOCH: 43\r\nlimpet_epoch: 44\r\n");
  EXPECT_THAT(lines, Not(Contains(HasSubstr("44")))) << "to a CGI program it is the same name";
  EXPECT_THAT(lines, IsSupersetOf({"Limpet-Session: 00ff", "Limpet-Epoch: 42"}));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("43"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("mine"))));
}

TEST_F(forwarded_request, takes_off_what_claims_to_be_ours) {
  const auto lines = forward("Limpet-Member: a\r\nLIMPET-X: b\r\nLimpet: c\r\nlimpets: d\r\n");
  EXPECT_THAT(lines, Not(Contains(StartsWith("Limpet-"))));
  EXPECT_THAT(lines, Not(Contains(StartsWith("LIMPET-"))));
  EXPECT_THAT(lines, Contains("Limpet: c"));
  EXPECT_THAT(lines, Contains("limpets: d"));
}

TEST_F(forwarded_request, passes_on_expect_and_trailer) {
  const auto lines = forward("Expect: 100-continue\r\nTrailer: X-Sum\r\n");
  EXPECT_THAT(lines, Contains("Expect: 100-continue"));
  EXPECT_THAT(lines, Contains("Trailer: X-Sum"));
}

TEST_F(forwarded_request, adds_itself_to_via) { // RFC 9110 section 7.6.3
  const auto lines = forward("Via: 1.1 front\r\n");
  EXPECT_THAT(lines, Contains("Via: 1.1 front"));
  EXPECT_THAT(lines, Contains("Via: 1.1 limpet"));
}

// -- where it came from -----------------------------------------------

TEST_F(forwarded_request, adds_the_peer_to_x_forwarded_for) {
  EXPECT_THAT(
      forward("X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2, 3.3.3.3\r\nX-Forwarded-For:\r\n"),
      Contains("X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.9"));
}

TEST_F(forwarded_request, replaces_x_forwarded_for) {
  facts.mode = config::forwarded_mode::replace;
  facts.peer_is_trusted = true;
  const auto lines = forward("X-Forwarded-For: 1.1.1.1\r\n");
  EXPECT_THAT(lines, Contains("X-Forwarded-For: 10.0.0.9"));
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& l) { return l.starts_with("X-Forwarded-For"); }),
            1);
}

const std::string told =
    "X-Forwarded-Proto: https\r\nX-Forwarded-Host: outer.example\r\nForwarded: for=1.1.1.1\r\n";

TEST_F(forwarded_request, believes_a_trusted_proxy_before_us) {
  facts.peer_is_trusted = true;
  const auto lines = forward(told + told);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "X-Forwarded-Proto: https"), 1);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "X-Forwarded-Host: outer.example"), 1);
  EXPECT_THAT(lines, Contains("Forwarded: for=1.1.1.1"));
  EXPECT_THAT(lines, Not(Contains("X-Forwarded-Proto: http")));
  EXPECT_THAT(lines, Not(Contains("X-Forwarded-Host: example.com")));
}

TEST_F(forwarded_request, believes_nobody_else) {
  for (const auto& [trusted, mode] :
       {std::pair(false, config::forwarded_mode::append), std::pair(false, config::forwarded_mode::replace),
        std::pair(true, config::forwarded_mode::replace)}) {
    facts.peer_is_trusted = trusted;
    facts.mode = mode;
    const auto lines = forward(told);
    EXPECT_THAT(lines, Contains("X-Forwarded-Proto: http"));
    EXPECT_THAT(lines, Contains("X-Forwarded-Host: example.com"));
    EXPECT_THAT(lines, Not(Contains("X-Forwarded-Proto: https")));
    EXPECT_THAT(lines, Not(Contains("X-Forwarded-Host: outer.example")));
    EXPECT_THAT(lines, Not(Contains(StartsWith("Forwarded:"))));
  }
}

// -- X-Request-Id -----------------------------------------------------

TEST_F(forwarded_request, keeps_the_id_that_it_has) {
  EXPECT_THAT(forward("x-request-id: mine\r\n"), Contains("x-request-id: mine"));
  EXPECT_THAT(forward("x-request-id: mine\r\n"), Not(Contains("X-Request-Id: 0123")));
  EXPECT_THAT(forward("X-Request-Id:\r\n"), Contains("X-Request-Id: 0123"));
}

TEST_F(forwarded_request, has_the_id_that_is_told_of_it) {
  for (const std::string fields : {"X-Request-Id: one\r\n", "X-Request-Id: one\r\nX-Request-Id: two\r\n",
                                   "X-Request-Id:\r\nX-Request-Id: two\r\n", ""}) {
    const parsed_request request("GET /a HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    const auto of_client = request_id_of(*request);
    const auto lines = forward(fields);
    EXPECT_THAT(lines,
                Contains("X-Request-Id: " + std::string(of_client.empty() ? facts.request_id : of_client)))
        << fields;
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const auto& l) { return l.starts_with("X-Request-Id"); }),
              1)
        << fields;
  }
}

} // namespace
} // namespace limpet::http
