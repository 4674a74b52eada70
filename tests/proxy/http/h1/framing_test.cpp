// How a message's content ends, as its head says it (RFC 9112 sections 6.1 to 6.3). What two readers could
// take differently is how requests are smuggled: each row here is one such head.

#include "proxy/http/h1/head_parser.hpp"
#include "tests/proxy/http/printing.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace limpet::http::h1 {
namespace {

using enum refusal;

struct case_of {
  std::string lines;
  refusal why; ///< for a request
};

// Transfer-Encoding that is malformed or ambiguous.
const case_of codings[] = {
    {"Transfer-Encoding: xchunked\r\n", unsupported_transfer_coding},
    {"Transfer-Encoding: gzip\r\n", unsupported_transfer_coding},
    {"Transfer-Encoding: identity\r\n", unsupported_transfer_coding},
    {"Transfer-Encoding: chunked, gzip\r\n", unsupported_transfer_coding},
    {"Transfer-Encoding: gzip, chunked\r\n", unsupported_transfer_coding},
    {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", unsupported_transfer_coding},
    {"Transfer-Encoding: chunked;q=1\r\n", unsupported_transfer_coding},
    {"Transfer-Encoding: chunked, chunked\r\n", ambiguous_framing},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ambiguous_framing},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", ambiguous_framing},
    {"Transfer-Encoding:\r\n", ambiguous_framing},
    {"Transfer-Encoding: ,\r\n", ambiguous_framing},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", ambiguous_framing},
    {"Transfer-Encoding: \"chunked\"\r\n", ambiguous_framing},
    {"Transfer-Encoding: chun ked\r\n", ambiguous_framing},
    {"Transfer-Encoding: chunked gzip\r\n", ambiguous_framing},
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", ambiguous_framing},
    {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", ambiguous_framing},
    {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", ambiguous_framing},
    {"Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", ambiguous_framing},
    {"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", ambiguous_framing},
    {"Transfer-Encoding:\r\nContent-Length: 5\r\n", ambiguous_framing},
};

// Content-Length that is more or less than one number.
const case_of lengths[] = {
    {"Content-Length: 5\r\nContent-Length: 6\r\n", ambiguous_framing},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", ambiguous_framing},
    {"Content-Length: 5, 5\r\n", ambiguous_framing},
    {"Content-Length: 5,6\r\n", ambiguous_framing},
    {"Content-Length: 5,\r\n", ambiguous_framing},
    {"Content-Length: ,5\r\n", ambiguous_framing},
    {"Content-Length: +5\r\n", ambiguous_framing},
    {"Content-Length: -5\r\n", ambiguous_framing},
    {"Content-Length: -0\r\n", ambiguous_framing},
    {"Content-Length: 5 5\r\n", ambiguous_framing},
    {"Content-Length: 5\t5\r\n", ambiguous_framing},
    {"Content-Length: 0x5\r\n", ambiguous_framing},
    {"Content-Length: 5a\r\n", ambiguous_framing},
    {"Content-Length: 5.0\r\n", ambiguous_framing},
    {"Content-Length: 1e3\r\n", ambiguous_framing},
    {"Content-Length: \"5\"\r\n", ambiguous_framing},
    {"Content-Length: five\r\n", ambiguous_framing},
    {"Content-Length:\r\n", ambiguous_framing},
    {"Content-Length: \xd9\xa5\r\n", ambiguous_framing}, // ARABIC-INDIC DIGIT FIVE
    {"Content-Length: 18446744073709551616\r\n", ambiguous_framing},
    {"Content-Length: 99999999999999999999999999\r\n", ambiguous_framing},
};

std::string request(const std::string& lines, const std::string& version = "HTTP/1.1") {
  return "POST / " + version + "\r\nHost: a\r\n" + lines + "\r\n";
}
std::string answer(const std::string& lines, const std::string& version = "HTTP/1.1") {
  return version + " 200 OK\r\n" + lines + "\r\n";
}

TEST(framing, refuses_requests_whose_length_is_doubtful) {
  request_head head;
  for (const auto& c : codings)
    EXPECT_EQ(parse_request_head(request(c.lines), head), c.why) << c.lines;
  for (const auto& c : lengths)
    EXPECT_EQ(parse_request_head(request(c.lines), head), c.why) << c.lines;
}

TEST(framing, refuses_answers_whose_length_is_doubtful) {
  response_head head;
  for (const auto& c : codings)
    EXPECT_FALSE(parse_response_head(answer(c.lines), head)) << c.lines;
  for (const auto& c : lengths)
    EXPECT_FALSE(parse_response_head(answer(c.lines), head)) << c.lines;
}

TEST(framing, refuses_chunked_with_an_empty_element_beside_it) {
  // RFC 9110 section 5.6.1 lets a recipient pass over it, and so some do and others do not.
  for (const std::string value : {",chunked", "chunked,", ", chunked", "chunked ,,"}) {
    const auto line = "Transfer-Encoding: " + value + "\r\n";
    request_head head;
    EXPECT_EQ(parse_request_head(request(line), head), ambiguous_framing) << value;
    response_head answered;
    EXPECT_FALSE(parse_response_head(answer(line), answered)) << value;
  }
}

TEST(framing, knows_no_transfer_codings_in_http_1_0) { // RFC 9112 section 6.1
  request_head head;
  response_head answered;
  for (const std::string coding : {"chunked", "gzip", "gzip, chunked"}) {
    const auto line = "Transfer-Encoding: " + coding + "\r\n";
    EXPECT_EQ(parse_request_head(request(line, "HTTP/1.0"), head), ambiguous_framing) << coding;
    EXPECT_FALSE(parse_response_head(answer(line, "HTTP/1.0"), answered)) << coding;
  }
}

TEST(framing, takes_one_length) {
  const std::pair<std::string, std::uint64_t> good[] = {
      {"Content-Length: 5\r\n", 5},
      {"Content-Length:5\r\n", 5},
      {"Content-Length: \t 5 \r\n", 5},
      {"content-length: 0\r\n", 0},
      {"Content-Length: 0005\r\n", 5},
      {"Content-Length: 18446744073709551615\r\n", std::numeric_limits<std::uint64_t>::max()}};
  for (const auto& [lines, length] : good) {
    for (const std::string version : {"HTTP/1.0", "HTTP/1.1"}) {
      request_head head;
      EXPECT_EQ(parse_request_head(request(lines, version), head), none) << lines;
      EXPECT_EQ(head.body.how, framing::kind::length) << lines;
      EXPECT_EQ(head.body.length, length) << lines;
      EXPECT_EQ(head.body.has_body(), length > 0) << lines;
      response_head answered;
      EXPECT_TRUE(parse_response_head(answer(lines, version), answered)) << lines;
      EXPECT_EQ(answered.body.how, framing::kind::length) << lines;
      EXPECT_EQ(answered.body.length, length) << lines;
    }
  }
}

TEST(framing, takes_chunked_alone) {
  for (const std::string line : {"Transfer-Encoding: chunked\r\n", "transfer-encoding:CHUNKED\r\n",
                                 "Transfer-Encoding: \tchunked\t \r\n"}) {
    request_head head;
    EXPECT_EQ(parse_request_head(request(line), head), none) << line;
    EXPECT_EQ(head.body.how, framing::kind::chunked) << line;
    EXPECT_TRUE(head.body.has_body()) << line;
    response_head answered;
    EXPECT_TRUE(parse_response_head(answer(line), answered)) << line;
    EXPECT_EQ(answered.body.how, framing::kind::chunked) << line;
  }
}

TEST(framing, of_a_head_that_says_nothing) { // RFC 9112 section 6.3, items 7 and 8
  request_head head;
  EXPECT_EQ(parse_request_head(request(""), head), none);
  EXPECT_EQ(head.body.how, framing::kind::none);
  response_head answered;
  EXPECT_TRUE(parse_response_head(answer(""), answered));
  EXPECT_EQ(answered.body.how, framing::kind::until_close);
}

} // namespace
} // namespace limpet::http::h1
