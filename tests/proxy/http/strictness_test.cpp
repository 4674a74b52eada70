// What is malformed, ambiguous or only odd, in both directions: the tables in strictness/ say what comes of
// it, and that never depends on the pieces that the bytes come in.

#include "tests/proxy/http/strictness/rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace limpet::strictness {

void PrintTo(const family& f, std::ostream* out) {
  *out << f.name;
}

namespace {

using pieces = std::vector<std::string_view>;

/// Up to this many bytes are cut in two at every position, and sent byte by byte.
constexpr std::size_t every_position_max = 2'600;
constexpr std::size_t piece_bytes = 97; ///< of what is longer; no power of two

pieces in_pieces(std::string_view text, std::size_t size) {
  pieces all;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
    all.push_back(text.substr(0, size));
  return all;
}

/// Calls try_it(pieces) for each way in which the bytes may come; it returns what is wrong. Returns the first
/// of that, with its way.
std::string for_each_way(std::string_view text, const std::function<std::string(const pieces&)>& try_it) {
  const auto told = [](std::string_view way, const std::string& wrong) {
    return wrong.empty() ? wrong : std::string(way) + ": " + wrong;
  };
  const bool is_short = text.size() <= every_position_max;
  if (auto wrong = told("whole", try_it({text})); !wrong.empty()) return wrong;
  if (auto wrong = told("in pieces", try_it(in_pieces(text, is_short ? 1 : piece_bytes))); !wrong.empty())
    return wrong;
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    if (!is_short && cut > piece_bytes && cut + piece_bytes < text.size()) continue;
    auto wrong = told("cut at " + std::to_string(cut), try_it({text.substr(0, cut), text.substr(cut)}));
    if (!wrong.empty()) return wrong;
  }
  return {};
}

/// One for all cases, as a worker serves all clients: what a case leaves behind is the next one's trouble.
rig& the_rig() {
  static rig one;
  return one;
}

/// What is not as it should be, a line each.
class differences {
public:
  void compare(std::string_view what, const std::string& got, const std::string& wanted) {
    if (got != wanted) add(std::string(what) + " is <" + got + ">, not <" + wanted + ">");
  }
  void add(const std::string& text) { text_ += text + "\n"; }
  const std::string& text() const noexcept { return text_; }

private:
  std::string text_;
};

std::string to_text(const std::vector<arrived_request>& requests) {
  std::string text;
  for (const auto& r : requests)
    text += r.method + ' ' + r.target + " of " + r.host + " \"" + escaped(r.body) + "\"; ";
  return text;
}

std::vector<arrived_request> arrived(const std::vector<message>& requests) {
  std::vector<arrived_request> all;
  for (const auto& m : requests)
    all.push_back(arrived(m));
  return all;
}

void compare_lines(const table_case& c, const std::vector<std::string>& lines, differences& found) {
  message head;
  head.lines = lines;
  for (const auto& line : c.has)
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) found.add("there is no " + line);
  for (const auto& name : c.lacks)
    if (head.count_of(name) > 0) found.add("there is a " + name);
}

bool is_unfinished(const table_case& c) {
  return c.client == "kept" || c.client.ends_with("100 kept");
}

std::string wrong_with_request(const table_case& c, const outcome& got) {
  differences found;
  found.compare("trouble", got.trouble, "");
  found.compare("what the client got", got.client, c.client);
  found.compare("what the member got", to_text(arrived(got.member)), to_text(c.member));
  if (!c.may_begin && !is_unfinished(c) && !got.begun.empty())
    found.add("the member got a part: " + got.begun[0]);
  if (c.has_body) found.compare("the last answer's content", escaped(got.body), escaped(c.body));
  if (!got.member.empty()) compare_lines(c, got.member[0].lines, found);
  return found.text();
}

/// The case with another request right behind it: after an orderly end it is the next one, and after a
/// refusal it is nothing at all.
table_case with_another(table_case c) {
  c.sent += rig::next_request;
  if (!c.client.ends_with("kept")) return c;
  c.client.insert(c.client.size() - 4, "200 ");
  c.member.push_back({"GET", "/next", "next", ""});
  c.has_body = false;
  return c;
}

std::string wrong_with_request(const table_case& c) {
  auto wrong = for_each_way(
      c.sent, [&](const pieces& p) { return wrong_with_request(c, the_rig().send(p, c.answer, c)); });
  if (!wrong.empty() || is_unfinished(c) || c.client == "closed" || c.client.starts_with("101")) return wrong;
  const auto more = with_another(c);
  for (const auto& p :
       {pieces{more.sent}, pieces{c.sent, rig::next_request}, in_pieces(more.sent, piece_bytes)}) {
    wrong = wrong_with_request(more, the_rig().send(p, more.answer, more));
    if (!wrong.empty()) return "with another request behind it: " + wrong;
  }
  return {};
}

/// "cut" is an answer that the client cannot take for a whole one: it ends before its end, or it is a 502
/// where nothing of it had gone out yet.
bool is_as_told(const std::string& got, const std::string& told) {
  if (!told.ends_with("cut")) return got == told;
  const auto before = told.substr(0, told.size() - 3);
  return got == before + "cut closed" || got == before + "502 kept" || got == before + "502 closed";
}

std::string wrong_with_answer(const table_case& c, const outcome& got) {
  differences found;
  found.compare("trouble", got.trouble, "");
  if (!is_as_told(got.client, c.client)) found.compare("what the client got", got.client, c.client);
  if (c.has_body) found.compare("the answer's content", escaped(got.body), escaped(c.body));
  if (!c.client.starts_with("101") && got.is_reused != c.is_reused)
    found.add(got.is_reused ? "the member's connection serves another request"
                            : "the member's connection does not serve another request");
  compare_lines(c, got.answer_lines, found);
  return found.text();
}

std::string wrong_with_answer(const table_case& c) {
  return for_each_way(c.answer,
                      [&](const pieces& p) { return wrong_with_answer(c, the_rig().answer(c.sent, p, c)); });
}

class strictness_requests : public testing::TestWithParam<family> {};
class strictness_answers : public testing::TestWithParam<family> {};

TEST_P(strictness_requests, are_judged_alike_in_all_pieces) {
  ASSERT_FALSE(GetParam().cases.empty());
  for (const auto& c : GetParam().cases)
    EXPECT_EQ(wrong_with_request(c), "") << c.name << ": " << c.rfc;
}

TEST_P(strictness_answers, are_judged_alike_in_all_pieces) {
  ASSERT_FALSE(GetParam().cases.empty());
  for (const auto& c : GetParam().cases)
    EXPECT_EQ(wrong_with_answer(c), "") << c.name << ": " << c.rfc;
}

std::string name_of(const testing::TestParamInfo<family>& info) {
  auto name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(table, strictness_requests,
                         testing::ValuesIn(read_table(STRICTNESS_TABLE "/requests")), name_of);
INSTANTIATE_TEST_SUITE_P(table, strictness_answers,
                         testing::ValuesIn(read_table(STRICTNESS_TABLE "/answers")), name_of);

/// Small blocks are lent then: what an answer means does not depend on that either.
TEST(strictness, of_answers_is_the_same_when_much_is_held_for_slow_readers) {
  rig one;
  one.hold(net::block_lender::plenty_bytes);
  for (const auto& f : read_table(STRICTNESS_TABLE "/answers"))
    for (const auto& c : f.cases)
      EXPECT_EQ(wrong_with_answer(c, one.answer(c.sent, pieces{c.answer}, c)), "") << c.name;
}

TEST(strictness, a_head_and_content_larger_than_a_small_block_pass_when_much_is_held) {
  rig one(net::buffer_pool::block_bytes);
  one.hold(net::block_lender::plenty_bytes);
  const auto line = "X-Long: " + std::string(3 * net::block_lender::small_block_bytes, 'x');
  table_case c;
  c.sent = rig::next_request;
  c.body = std::string(100'000, 'b');
  c.has_body = c.is_reused = true;
  c.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n" + line + "\r\n\r\n" + c.body;
  c.client = "200 kept";
  c.has = {line};
  EXPECT_EQ(wrong_with_answer(c, one.answer(c.sent, pieces{c.answer}, c)), "");
  EXPECT_EQ(wrong_with_answer(c, one.answer(c.sent, in_pieces(c.answer, 1'000), c)), "");
}

} // namespace
} // namespace limpet::strictness
