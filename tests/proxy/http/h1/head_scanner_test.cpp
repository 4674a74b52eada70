#include "proxy/http/h1/head_scanner.hpp"
#include "tests/proxy/http/splits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

namespace limpet::http::h1 {

void PrintTo(head_scanner::status status, std::ostream* out) {
  constexpr std::string_view names[] = {"incomplete",       "complete",       "not_http",
                                        "bare_line_ending", "folded",         "first_line_too_long",
                                        "head_too_large",   "too_many_fields"};
  *out << names[static_cast<std::size_t>(status)];
}

namespace {

using enum head_scanner::status;

struct verdict {
  head_scanner::status status = incomplete;
  std::size_t size = 0; ///< of a complete head
  friend bool operator==(const verdict&, const verdict&) = default;
};

void PrintTo(const verdict& v, std::ostream* out) {
  PrintTo(v.status, out);
  *out << ", " << v.size << " bytes";
}

/// What the scanner says of a head that comes in these pieces, each put behind what came before.
verdict scan(const std::vector<std::vector<char>>& pieces, const head_limits& limits) {
  head_scanner scanner(limits);
  std::vector<char> seen;
  verdict result;
  for (const auto& piece : pieces) {
    // A buffer of exactly this size: memory behind it is not ours.
    std::vector<char> longer;
    longer.reserve(seen.size() + piece.size());
    longer.insert(longer.end(), seen.begin(), seen.end());
    longer.insert(longer.end(), piece.begin(), piece.end());
    seen = std::move(longer);
    result.status = scanner.scan({seen.data(), seen.size()});
    if (result.status != incomplete) break;
  }
  if (result.status == complete) result.size = scanner.size();
  return result;
}

void expect(std::string_view head, verdict expected, const head_limits& limits = {}) {
  for_each_split(head, [&](const auto& pieces) {
    EXPECT_EQ(scan(pieces, limits), expected) << '"' << head << "\" cut after " << pieces.front().size();
  });
}

TEST(head_scanner, finds_the_end_of_a_head) {
  expect("GET / HTTP/1.1\r\n\r\n", {complete, 18});
  expect("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {complete, 27});
  expect("GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n", {complete, 32});
}

TEST(head_scanner, leaves_alone_what_follows_the_head) {
  for (const std::string_view rest : {"GET", "\r\n", "\n", "\r", " x", "\r\r"})
    expect(std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n").append(rest), {complete, 27});
}

TEST(head_scanner, waits_for_the_rest) {
  const std::string_view head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 1; size < head.size(); ++size)
    expect(head.substr(0, size), {incomplete});
}

TEST(head_scanner, refuses_a_line_feed_alone) { // RFC 9112 section 2.2
  expect("GET / HTTP/1.1\n", {bare_line_ending});
  expect("GET / HTTP/1.1\r\n\n", {bare_line_ending});
  expect("GET / HTTP/1.1\r\nHost: a\n\r\n", {bare_line_ending});
  expect("GET / HTTP/1.1\r\nX: a\nHost: b\r\n\r\n", {bare_line_ending});
}

TEST(head_scanner, refuses_a_carriage_return_alone) {
  expect("GET /\r HTTP/1.1\r\n\r\n", {bare_line_ending});
  expect("GET / HTTP/1.1\r\r\n\r\n", {bare_line_ending});
  expect("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", {bare_line_ending});
  expect("GET / HTTP/1.1\r\nX: a\r\n\r\r\n", {bare_line_ending});
  expect("GET / HTTP/1.1\r\nX: a\r\r\n\r\n", {bare_line_ending});
}

TEST(head_scanner, knows_by_the_first_byte_what_is_no_http) {
  expect("\x16\x03\x01\x02", {not_http}); // a TLS handshake
  expect("\r\nGET / HTTP/1.1\r\n\r\n", {not_http});
  for (const char first : {'\n', '\r', ' ', '\t', '\0', ':', '"', '/', '\x7f', '\x80', '\xff'})
    expect(first + std::string("GET / HTTP/1.1\r\n\r\n"), {not_http});
  expect("!X / HTTP/1.1\r\n\r\n", {complete, 17}); // RFC 9110 section 9.1: any token
}

TEST(head_scanner, refuses_folded_lines) { // RFC 9112 section 5.2
  expect("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", {folded});
  expect("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", {folded});
  expect("GET / HTTP/1.1\r\n X: a\r\n\r\n", {folded}); // section 2.2: before the first field
  expect("GET / HTTP/1.1\r\nX: a\r\n \r\n\r\n", {folded});
}

TEST(head_scanner, limits_the_first_line) {
  const head_limits limits{10, 100, 10};
  expect(std::string(9, 'a') + "\r\n\r\n", {complete, 13}, limits);
  expect(std::string(10, 'a') + "\r\n\r\n", {complete, 14}, limits);
  expect(std::string(11, 'a') + "\r\n\r\n", {first_line_too_long}, limits);
  expect(std::string(12, 'a'), {first_line_too_long}, limits);
  expect(std::string(11, 'a'), {incomplete},
         limits); // two more may still be CR LF, as far as the limit is concerned
  expect(std::string(2'000, 'a'), {first_line_too_long}, limits);
  expect("a\r\nX: " + std::string(20, 'b') + "\r\n\r\n", {complete, 30}, limits); // no other line is meant
}

TEST(head_scanner, limits_the_whole_head) {
  const head_limits limits{100, 40, 10};
  const auto of_size = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nX: " + std::string(size - 23, 'b') + "\r\n\r\n";
  };
  expect(of_size(39), {complete, 39}, limits);
  expect(of_size(40), {complete, 40}, limits);
  expect(of_size(40) + "GET", {complete, 40}, limits);
  expect(of_size(41), {head_too_large}, limits);
  expect(of_size(200), {head_too_large}, limits);
  expect(std::string(40, 'a'), {head_too_large}, limits);
  expect(std::string(39, 'a'), {incomplete}, limits);
}

TEST(head_scanner, names_the_limit_that_is_met_first) {
  expect(std::string(50, 'a'), {first_line_too_long}, {38, 40, 10}); // both at byte 40
  expect(std::string(50, 'a'), {head_too_large}, {39, 40, 10});
  expect("a\r\n" + std::string(50, 'b'), {head_too_large}, {5, 40, 10});
}

TEST(head_scanner, limits_the_number_of_fields) {
  const head_limits limits{100, 1'000, 2};
  expect("a\r\nA: 1\r\n\r\n", {complete, 11}, limits);
  expect("a\r\nA: 1\r\nB: 2\r\n\r\n", {complete, 17}, limits);
  expect("a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", {too_many_fields}, limits);
  expect("a\r\n\r\n", {complete, 5}, {100, 1'000, 0});
  expect("a\r\nA: 1\r\n\r\n", {too_many_fields}, {100, 1'000, 0});
}

TEST(head_scanner, judges_by_what_offends_first) {
  expect("a\nb\r\n c\r\n\r\n", {bare_line_ending});
  expect("a\r\n b\n\r\n\r\n", {folded});
  expect("a\r\nA: 1\r\n b\r\n\r\n", {folded}, {100, 1'000, 1});
  expect("a\r\nA: 1\r\nB: 2\r\n \r\n", {too_many_fields}, {100, 1'000, 1});
}

/// The rules once more, as plainly as they can be put: byte by byte, with no memory but the line's beginning.
/// Of the letters that it is asked about only one begins a method.
verdict plainly(std::string_view text, const head_limits& limits) {
  std::size_t line_start = 0;
  std::size_t lines = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool first = lines == 0;
    if (i == 0 && text[i] != 'a') return {not_http};
    if (!first && i == line_start && (text[i] == ' ' || text[i] == '\t')) return {folded};
    if (i > 0 && text[i - 1] == '\r' && i > line_start && text[i] != '\n') return {bare_line_ending};
    if (text[i] == '\n') {
      if (i == line_start || text[i - 1] != '\r') return {bare_line_ending};
      const bool empty = i == line_start + 1;
      if (empty) return first ? verdict{bare_line_ending} : verdict{complete, i + 1};
      ++lines;
      line_start = i + 1;
      if (lines > limits.field_count + 1) return {too_many_fields};
    }
    if (lines == 0 && i + 1 == limits.first_line_bytes + 2) return {first_line_too_long};
    if (i + 1 == limits.head_bytes) return {head_too_large};
  }
  return {};
}

TEST(head_scanner, agrees_with_the_plain_rules_on_all_short_heads_however_split) {
  constexpr std::string_view letters = "a \r\n";
  constexpr std::size_t longest = 8;
  const head_limits all_limits[] = {{2, 7, 1}, {3, 6, 0}, {100, 100, 1}, {4, 6, 2}};
  std::size_t codes = 1;
  for (std::size_t size = 1; size <= longest; ++size) {
    codes *= letters.size();
    for (std::size_t code = 0; code < codes; ++code) {
      std::string head;
      for (std::size_t i = 0, rest = code; i < size; ++i, rest /= letters.size())
        head += letters[rest % letters.size()];
      for (const auto& limits : all_limits) {
        const auto expected = plainly(head, limits);
        for (std::size_t cut = 1; cut <= size; ++cut) {
          head_scanner scanner(limits);
          auto status = scanner.scan(std::string_view(head).substr(0, cut));
          if (status == incomplete) status = scanner.scan(head);
          const verdict result{status, status == complete ? scanner.size() : 0};
          ASSERT_EQ(result, expected) << testing::PrintToString(head) << " cut after " << cut;
        }
      }
    }
  }
}

} // namespace
} // namespace limpet::http::h1
