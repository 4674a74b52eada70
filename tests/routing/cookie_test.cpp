#include "routing/cookie.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::routing {
namespace {

using namespace std::chrono_literals;

struct found {
  std::vector<std::string_view> fields;
  std::optional<std::string_view> value;
};

class find_sid : public ::testing::TestWithParam<found> {};

TEST_P(find_sid, in_fields) {
  std::vector<header_field> fields{{"X-Other", "sid=wrong"}};
  for (const std::string_view value : GetParam().fields)
    fields.push_back({"cOOkie", value});
  EXPECT_EQ(find_cookie(fields, "sid"), GetParam().value) << ::testing::PrintToString(GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(
    cookies, find_sid,
    ::testing::Values(found{{}, {}}, found{{""}, {}}, found{{";;"}, {}}, found{{"sid"}, {}},
                      found{{"=sid"}, {}}, found{{"sid=1"}, "1"}, found{{"a=0; sid=1; b=2"}, "1"},
                      found{{"a=0;sid=1"}, "1"}, found{{"sid = \t1 ; b=2"}, "1"}, found{{"sid=a=b"}, "a=b"},
                      found{{"sid="}, ""}, found{{"sid=; sid=2"}, ""}, found{{"sid=1; sid=2"}, "1"},
                      found{{"a=1", "sid=2", "sid=3"}, "2"}, found{{"SID=1; xsid=2; sidx=3"}, {}},
                      found{{"sid=\"q\""}, "q"}, found{{"sid=\"\""}, ""}, found{{"sid=\""}, "\""},
                      found{{"sid=\"a"}, "\"a"}, found{{"sid=\"\"a\"\""}, "\"a\""},
                      found{{"a=\"x; sid=1\""}, "1\""}, found{{"sid=a b,c"}, "a b,c"}));

TEST(set_cookie, has_the_attributes_that_are_set) {
  cookie_attributes a;
  a.name = "limpet";
  EXPECT_EQ(format_set_cookie(a, "v", false), "limpet=v; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(format_set_cookie(a, "v", true), "limpet=v; Path=/; HttpOnly; Secure; SameSite=Lax");
  a.path = "/shop";
  a.domain = "example.com";
  a.max_age = 24h;
  a.site = same_site::strict;
  EXPECT_EQ(format_set_cookie(a, "v", false),
            "limpet=v; Path=/shop; Domain=example.com; Max-Age=86400; HttpOnly; SameSite=Strict");
}

TEST(set_cookie, same_site_none_needs_secure) {
  cookie_attributes a;
  a.name = "c";
  a.site = same_site::none;
  EXPECT_EQ(format_set_cookie(a, "v", true), "c=v; Path=/; HttpOnly; Secure; SameSite=None");
  EXPECT_EQ(format_set_cookie(a, "v", false), "c=v; Path=/; HttpOnly");
}

std::string taken_apart(std::string_view list) {
  std::string out;
  cookie_pair pair;
  while (take_cookie_pair(list, pair))
    out.append(pair.is_pair ? "[" : "(")
        .append(pair.whole)
        .append("|")
        .append(pair.name)
        .append("|")
        .append(pair.value)
        .append("]");
  return out;
}

TEST(cookie_pairs, are_what_stands_between_semicolons) {
  EXPECT_EQ(taken_apart(""), "");
  EXPECT_EQ(taken_apart("a=1"), "[a=1|a|1]");
  EXPECT_EQ(taken_apart("a=1; b = \"2\" ;c="), "[a=1|a|1][ b = \"2\" |b|2][c=|c|]");
  EXPECT_EQ(taken_apart("; x;=1;"), "(||]( x||][=1||1]");
}

TEST(set_cookie_parts, end_at_the_first_semicolon) {
  const auto parts = parse_set_cookie(" sid = \"a=b\" ; Path=/; HttpOnly");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->name, "sid");
  EXPECT_EQ(parts->value, "a=b");
  EXPECT_EQ(parts->attributes, "; Path=/; HttpOnly");
  EXPECT_EQ(parse_set_cookie("sid=1")->attributes, "");
  EXPECT_EQ(parse_set_cookie("sid=").value().value, "");
  for (const std::string_view text : {"", ";", "sid", "sid; Path=/a=b", "; sid=1"})
    EXPECT_FALSE(parse_set_cookie(text)) << text;
}

TEST(deleted_cookies, are_told_by_max_age_or_else_by_expires) {
  constexpr std::int64_t now = 784'111'777; // Sun, 06 Nov 1994 08:49:37 GMT
  struct {
    std::string_view attributes;
    bool deletes;
  } const cases[] = {
      {"", false},
      {"; Path=/; HttpOnly", false},
      {"; Max-Age=0", true},
      {"; max-age = 000 ", true},
      {"; Max-Age=-1", true},
      {"; Max-Age=1", false},
      {"; Max-Age=99999999999999999999999", false},
      {"; Max-Age=", false},
      {"; Max-Age", false},
      {"; Max-Age=0x", false},
      {"; Max-Age=-", false},
      {"; Max-Age=\"0\"", false},
      {"; Expires=Thu, 01 Jan 1970 00:00:00 GMT", true},
      {"; expires=Sun, 06 Nov 1994 08:49:37 GMT", true},
      {"; Expires=Sun, 06 Nov 1994 08:49:38 GMT", false},
      {"; Expires=never", false},
      {"; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", false},
      {"; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT", true},
      {"; Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", true},
      {"; Max-Age=0; Max-Age=60", false},
      {"; Max-Age=0; Max-Age=x", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(deletes_cookie(c.attributes, now), c.deletes) << c.attributes;
}

} // namespace
} // namespace limpet::routing
