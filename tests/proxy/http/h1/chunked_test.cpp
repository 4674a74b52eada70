#include "proxy/http/h1/chunked.hpp"
#include "tests/proxy/http/splits.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>

namespace limpet::http::h1 {

void PrintTo(chunked_decoder::status status, std::ostream* out) {
  constexpr std::string_view names[] = {"more", "done", "malformed"};
  *out << names[static_cast<std::size_t>(status)];
}

namespace {

using namespace std::string_literals;
using enum chunked_decoder::status;

struct decoded {
  chunked_decoder::status outcome = more;
  std::string content;
  std::string trailers;
  std::string rest; ///< behind the end, untouched
};

decoded decode(std::vector<std::vector<char>> pieces) {
  chunked_decoder decoder;
  decoded result;
  for (auto& piece : pieces) {
    const auto r = decoder.decode({piece.data(), piece.size()});
    result.outcome = r.outcome;
    result.content.append(piece.data(), r.data);
    if (r.outcome == malformed) break;
    EXPECT_TRUE(r.outcome == done || r.consumed == piece.size());
    result.rest.append(piece.begin() + static_cast<std::ptrdiff_t>(r.consumed), piece.end());
  }
  result.trailers = decoder.trailers();
  return result;
}

decoded decode_whole(std::string_view coded) {
  return decode({{coded.begin(), coded.end()}});
}

void expect_good(std::string_view coded, std::string_view content, std::string_view trailers = "",
                 std::string_view rest = "") {
  for_each_split(coded, [&](auto pieces) {
    const auto first = pieces.front().size();
    const auto result = decode(std::move(pieces));
    EXPECT_EQ(result.outcome, done) << coded << " cut after " << first;
    EXPECT_EQ(result.content, content) << coded << " cut after " << first;
    EXPECT_EQ(result.trailers, trailers) << coded << " cut after " << first;
    EXPECT_EQ(result.rest, rest) << coded << " cut after " << first;
  });
}

void expect_unfinished(std::string_view coded, std::string_view content = "") {
  for_each_split(coded, [&](auto pieces) {
    const auto result = decode(std::move(pieces));
    EXPECT_EQ(result.outcome, more) << coded;
    EXPECT_EQ(result.content, content) << coded;
  });
}

void expect_malformed(std::string_view coded, std::string_view content = "") {
  for_each_split(coded, [&](auto pieces) {
    const auto first = pieces.front().size();
    const auto result = decode(std::move(pieces));
    EXPECT_EQ(result.outcome, malformed) << testing::PrintToString(coded) << " cut after " << first;
    EXPECT_EQ(result.content, content) << testing::PrintToString(coded) << " cut after " << first;
  });
}

TEST(chunked, takes_the_coding_off) {
  expect_good("0\r\n\r\n", "");
  expect_good("5\r\nhello\r\n0\r\n\r\n", "hello");
  expect_good("5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", "hello, world");
  expect_good("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n000\r\n\r\n", "abc");
  expect_good("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a");
}

TEST(chunked, takes_data_for_data_whatever_it_looks_like) {
  expect_good("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n");
  expect_good("3\r\n\0\r\n\r\n0\r\n\r\n"s, "\0\r\n"s);
}

TEST(chunked, puts_the_data_together_at_the_front) {
  std::string bytes = "5;x=y\r\nhello\r\n7\r\n, world\r\n0\r\nA: b\r\n\r\nGET";
  chunked_decoder decoder;
  const auto r = decoder.decode(bytes);
  EXPECT_EQ(r.outcome, done);
  EXPECT_EQ(bytes.substr(0, r.data), "hello, world");
  EXPECT_EQ(bytes.substr(r.consumed), "GET");
}

TEST(chunked, stops_at_the_end) {
  expect_good("0\r\n\r\n0\r\n\r\n", "", "", "0\r\n\r\n");
  expect_good("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", "", "GET / HTTP/1.1\r\n");
  expect_good("0\r\n\r\n\xff\xff", "", "", "\xff\xff");
}

TEST(chunked, waits_for_the_rest) {
  const std::string_view coded = "2;e\r\nab\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 1; size < coded.size(); ++size)
    expect_unfinished(coded.substr(0, size), std::string_view("ab").substr(0, size < 5 ? 0 : size - 5));
}

TEST(chunked, refuses_sizes_that_are_none) {
  for (const std::string line : {"", " 1", "1 ", "\t1", "1\t", "+1", "-1", "0x1", "x", "g", "1g", "1,", "1.0",
                                 "\"1\"", " ", "1 ;a", "\xd9\xa1"})
    expect_malformed(line + "\r\na\r\n0\r\n\r\n");
  expect_malformed("1\0\r\na\r\n0\r\n\r\n"s);
  expect_malformed(";a\r\n\r\n");
  expect_malformed("1\r\na\r\n\r\n", "a");
}

TEST(chunked, refuses_sizes_of_more_than_64_bits) {
  expect_unfinished("ffffffffffffffff\r\n");
  expect_unfinished("0000000000000001\r\na", "a");
  expect_malformed("10000000000000000\r\n");
  expect_malformed("00000000000000001\r\n"); // 17 digits, whatever they say
  expect_malformed("ffffffffffffffffff\r\n");
}

TEST(chunked, limits_sizes_anew_in_each_chunk) {
  expect_good("0000000000000001\r\na\r\n0000000000000001\r\nb\r\n0000000000000000\r\n\r\n", "ab");
}

TEST(chunked, refuses_bare_line_endings) { // RFC 9112 section 2.2
  expect_malformed("1\na\r\n0\r\n\r\n");
  expect_malformed("1\ra\r\n0\r\n\r\n");
  expect_malformed("1\r\r\na\r\n0\r\n\r\n");
  expect_malformed("1;a\na\r\n0\r\n\r\n");
  expect_malformed("1;a\rb\r\na\r\n0\r\n\r\n");
  expect_malformed("1\r\na\n0\r\n\r\n", "a");
  expect_malformed("1\r\na\r0\r\n\r\n", "a");
  expect_malformed("1\r\nab\n0\r\n\r\n", "a");
  expect_malformed("0\r\n\n");
  expect_malformed("0\r\nA: b\n\r\n");
  expect_malformed("0\r\nA: b\r\n\n");
  expect_malformed("0\r\nA: b\rc\r\n\r\n");
  expect_malformed("0\r\n\r\r\n");
}

TEST(chunked, refuses_data_of_another_size_than_said) {
  expect_malformed("1\r\nab\r\n0\r\n\r\n", "a");
  expect_malformed("3\r\na\r\n0\r\n\r\n", "a\r\n");
}

TEST(chunked, drops_extensions) { // RFC 9112 section 7.1.1
  expect_good("1;a=b\r\nx\r\n1;a=\"b;c\";d\r\ny\r\n0;e\r\n\r\n", "xy");
}

TEST(chunked, refuses_control_characters_in_extensions) {
  for (int byte = 0; byte < 0x20; ++byte)
    if (byte != '\t' && byte != '\r')
      expect_malformed("1;a" + std::string(1, static_cast<char>(byte)) + "\r\nx\r\n0\r\n\r\n");
  expect_malformed("1;a\x7f\r\nx\r\n0\r\n\r\n");
}

TEST(chunked, limits_extensions) {
  const std::string most(chunked_decoder::extension_bytes_max, 'e');
  expect_good("1;" + most.substr(1) + "\r\nx\r\n0\r\n\r\n", "x");
  expect_good("1;" + most + "\r\nx\r\n1;" + most + "\r\ny\r\n0;" + most + "\r\n\r\n",
              "xy"); // each chunk has its own
  expect_malformed("1;" + most + "e\r\nx\r\n0\r\n\r\n");
  expect_malformed("1;" + most + "e");
}

TEST(chunked, limits_the_extensions_of_all_chunks_together) {
  const std::string chunk = "1;" + std::string(chunked_decoder::extension_bytes_max, 'e') + "\r\nx\r\n";
  const auto outcome_of = [&](const std::string& last) {
    std::string text;
    for (std::size_t i = 0;
         i < chunked_decoder::all_extension_bytes_max / chunked_decoder::extension_bytes_max; ++i)
      text += chunk;
    text += last;
    chunked_decoder decoder;
    return decoder.decode(text).outcome;
  };
  EXPECT_EQ(outcome_of("0\r\n\r\n"), chunked_decoder::status::done);
  EXPECT_EQ(outcome_of("0;e\r\n\r\n"), chunked_decoder::status::malformed);
}

TEST(chunked, frames_data) {
  EXPECT_EQ(make_chunk_header(0).view(), "0\r\n");
  EXPECT_EQ(make_chunk_header(1).view(), "1\r\n");
  EXPECT_EQ(make_chunk_header(0xabc).view(), "abc\r\n");
  EXPECT_EQ(make_chunk_header(std::numeric_limits<std::uint64_t>::max()).view(), "ffffffffffffffff\r\n");
}

// -- trailers ---------------------------------------------------------

TEST(chunked, keeps_trailers) {
  expect_good("0\r\nA: b\r\n\r\n", "", "A: b\r\n");
  expect_good("1\r\nx\r\n0\r\nGrpc-Status: 0\r\nB:\tc \xff\r\n\r\nGET", "x",
              "Grpc-Status: 0\r\nB:\tc \xff\r\n", "GET");
}

TEST(chunked, refuses_malformed_trailers) {
  for (const std::string line :
       {"A", ": b", "A : b", " A: b", "A b: c", "\tA: b", "A(: b", "A: b\x7f", "A: \x01"})
    expect_malformed("0\r\n" + line + "\r\n\r\n");
  expect_malformed("0\r\nA: b\r\n c\r\n\r\n"); // obs-fold
  expect_malformed("0\r\nA: \0\r\n\r\n"s);
}

TEST(chunked, limits_trailers) {
  // The whole section counts, its empty line included.
  const auto section = [](std::size_t bytes) { return "A: " + std::string(bytes - 7, 'b') + "\r\n"; };
  const auto at_limit = section(chunked_decoder::trailer_bytes_max);
  EXPECT_EQ(decode_whole("0\r\n" + at_limit + "\r\n").outcome, done);
  EXPECT_EQ(decode_whole("0\r\n" + at_limit + "\r\n").trailers, at_limit);
  EXPECT_EQ(decode_whole("0\r\n" + section(chunked_decoder::trailer_bytes_max + 1) + "\r\n").outcome,
            malformed);
  EXPECT_EQ(decode_whole("0\r\n" + std::string(1'000'000, 'a')).outcome, malformed);
  std::string many = "0\r\n";
  for (std::size_t i = 0; i < chunked_decoder::trailer_bytes_max / 4; ++i)
    many += "Host:a\r\n"; // dropped ones count too
  EXPECT_EQ(decode_whole(many).outcome, malformed);
}

TEST(chunked, drops_fields_that_may_not_be_trailers) { // RFC 9110 section 6.5.1
  for (const std::string name : {"Content-Length",
                                 "Transfer-Encoding",
                                 "Trailer",
                                 "TE",
                                 "Host",
                                 "Connection",
                                 "Keep-Alive",
                                 "Upgrade",
                                 "Expect",
                                 "Authorization",
                                 "Proxy-Authorization",
                                 "WWW-Authenticate",
                                 "Proxy-Authenticate",
                                 "Cookie",
                                 "Set-Cookie",
                                 "Content-Type",
                                 "Content-Encoding",
                                 "Content-Range",
                                 "Forwarded",
                                 "X-Forwarded-For",
                                 "X-Forwarded-Host",
                                 "X-Forwarded-Proto",
                                 "Proxy-Connection",
                                 "Limpet-Member",
                                 "hOST",
                                 "LIMPET-x"})
    EXPECT_EQ(decode_whole("0\r\nA: b\r\n" + name + ": c\r\nD: e\r\n\r\n").trailers, "A: b\r\nD: e\r\n")
        << name;
}

TEST(chunked, drops_trailers_of_a_name) {
  std::string coded = "0\r\nAb: 1\r\nA: 2\r\nB: A\r\na:3\r\nA-b: 4\r\n\r\n";
  chunked_decoder decoder;
  ASSERT_EQ(decoder.decode(coded).outcome, done);
  decoder.drop_trailers("a");
  EXPECT_EQ(decoder.trailers(), "Ab: 1\r\nB: A\r\nA-b: 4\r\n");
  decoder.drop_trailers("C");
  EXPECT_EQ(decoder.trailers(), "Ab: 1\r\nB: A\r\nA-b: 4\r\n");
  for (const auto* name : {"ab", "A-B", "b"})
    decoder.drop_trailers(name);
  EXPECT_EQ(decoder.trailers(), "");
}

} // namespace
} // namespace limpet::http::h1
