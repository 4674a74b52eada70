#include "proxy/http/h1/body.hpp"
#include "tests/proxy/http/printing.hpp"
#include "tests/proxy/http/splits.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace limpet::http::h1 {
namespace {

constexpr framing none{framing::kind::none, 0};
constexpr framing chunked{framing::kind::chunked, 0};
constexpr framing until_close{framing::kind::until_close, 0};
constexpr framing of_length(std::uint64_t bytes) {
  return {framing::kind::length, bytes};
}

struct decoded {
  std::string content;
  std::string rest;
  bool done = false;
  bool malformed = false;
};

decoded decode(body_decoder& decoder, std::vector<std::vector<char>> pieces) {
  decoded result;
  for (auto& piece : pieces) {
    const auto part = decoder.decode({piece.data(), piece.size()});
    result.content.append(part.data.begin(), part.data.end());
    result.rest.append(piece.begin() + static_cast<std::ptrdiff_t>(part.consumed), piece.end());
    result.malformed = part.malformed;
    if (part.malformed) break;
  }
  result.done = decoder.done();
  return result;
}

void expect(const framing& how, std::string_view bytes, std::string_view content, std::string_view rest,
            bool done) {
  for_each_split(bytes, [&](auto pieces) {
    body_decoder decoder(how);
    const auto result = decode(decoder, std::move(pieces));
    EXPECT_EQ(result.content, content) << bytes;
    EXPECT_EQ(result.rest, rest) << bytes;
    EXPECT_EQ(result.done, done) << bytes;
    EXPECT_FALSE(result.malformed) << bytes;
  });
}

TEST(body_decoder, takes_nothing_where_there_is_none) {
  EXPECT_TRUE(body_decoder().done());
  EXPECT_TRUE(body_decoder(none).done());
  EXPECT_TRUE(body_decoder(of_length(0)).done());
  expect(none, "GET", "", "GET", true);
  expect(of_length(0), "GET", "", "GET", true);
}

TEST(body_decoder, takes_as_much_as_was_said) {
  expect(of_length(5), "hello", "hello", "", true);
  expect(of_length(5), "helloGET", "hello", "GET", true);
  expect(of_length(5), "hell", "hell", "", false);
  expect(of_length(std::numeric_limits<std::uint64_t>::max()), "hello", "hello", "", false);
}

TEST(body_decoder, takes_all_until_the_end) {
  expect(until_close, "hello", "hello", "", false);
}

TEST(body_decoder, takes_the_chunked_coding_off) {
  expect(chunked, "5\r\nhello\r\n0\r\nA: b\r\n\r\nGET", "hello", "GET", true);
  expect(chunked, "5\r\nhello\r\n0\r\n", "hello", "", false);
  body_decoder decoder(chunked);
  decode(decoder, {{'0', '\r', '\n', 'A', ':', 'b', '\r', '\n', '\r', '\n'}});
  EXPECT_EQ(decoder.trailers(), "A:b\r\n");
}

TEST(body_decoder, tells_of_malformed_chunks) {
  body_decoder decoder(chunked);
  EXPECT_TRUE(decode(decoder, {{'x', '\r', '\n'}}).malformed);
  EXPECT_FALSE(decoder.done());
}

TEST(body_decoder, takes_the_senders_end_for_the_end_only_where_that_ends_it) { // RFC 9112 section 8
  EXPECT_TRUE(body_decoder(until_close).end_of_input());
  EXPECT_TRUE(body_decoder(none).end_of_input());
  EXPECT_TRUE(body_decoder(of_length(0)).end_of_input());
  EXPECT_FALSE(body_decoder(of_length(1)).end_of_input());
  EXPECT_FALSE(body_decoder(chunked).end_of_input());
  body_decoder half(of_length(2));
  decode(half, {{'a'}});
  EXPECT_FALSE(half.end_of_input());
}

TEST(body_decoder, asks_for_no_more_than_is_its_own) {
  EXPECT_EQ(body_decoder(of_length(5)).read_at_most(100), 5U);
  EXPECT_EQ(body_decoder(of_length(5)).read_at_most(3), 3U);
  EXPECT_EQ(body_decoder(of_length(std::numeric_limits<std::uint64_t>::max())).read_at_most(100), 100U);
  EXPECT_EQ(body_decoder(chunked).read_at_most(100), 100U);
  EXPECT_EQ(body_decoder(until_close).read_at_most(100), 100U);
  body_decoder half(of_length(5));
  decode(half, {{'a', 'b'}});
  EXPECT_EQ(half.read_at_most(100), 3U);
}

// -- encoder ----------------------------------------------------------

std::string encode(body_encoder& encoder, std::string_view head, std::string_view data, bool last,
                   std::string_view trailers = "") {
  std::string text;
  for (const auto& piece : encoder.encode(head, data, last, trailers)) {
    EXPECT_GT(piece.iov_len, 0U);
    text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  return text;
}

TEST(body_encoder, passes_content_on_as_it_is) {
  body_encoder plain(false);
  EXPECT_EQ(encode(plain, "head", "data", false), "headdata");
  EXPECT_EQ(encode(plain, "", "data", true, "A: b\r\n"), "data"); // there is no place for trailers
  EXPECT_EQ(encode(plain, "head", "", true), "head");
  EXPECT_EQ(encode(plain, "", "", true), "");
}

TEST(body_encoder, frames_chunks) { // RFC 9112 section 7.1
  body_encoder coded(true);
  EXPECT_EQ(encode(coded, "head", "", false), "head"); // a chunk of no data would be the last
  EXPECT_EQ(encode(coded, "head", "data", false), "head4\r\ndata\r\n");
  EXPECT_EQ(encode(coded, "", std::string(16, 'a'), false), "10\r\naaaaaaaaaaaaaaaa\r\n");
  EXPECT_EQ(encode(coded, "", "", true), "0\r\n\r\n");
  EXPECT_EQ(encode(coded, "", "", true, "A: b\r\n"), "0\r\nA: b\r\n\r\n");
  EXPECT_EQ(encode(coded, "head", "data", true, "A: b\r\n"), "head4\r\ndata\r\n0\r\nA: b\r\n\r\n");
}

TEST(body_encoder, writes_what_the_decoder_reads) {
  body_encoder encoder(true);
  const auto bytes = encode(encoder, "", "hello, ", false) + encode(encoder, "", "", false) +
                     encode(encoder, "", std::string("wor\r\nld"), true, "A: b\r\n");
  expect(chunked, bytes, "hello, wor\r\nld", "", true);
}

} // namespace
} // namespace limpet::http::h1
