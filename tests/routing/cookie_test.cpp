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

} // namespace
} // namespace limpet::routing
