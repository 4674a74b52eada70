#include "routing/cookie_date.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limpet::routing {
namespace {

TEST(cookie_date, is_read_as_user_agents_read_it) {
  struct {
    std::string_view text;
    std::int64_t unix_s;
  } const cases[] = {
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Thu, 01-Jan-1970 00:00:01 GMT", 1},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784'111'777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784'111'777},
      {"Sun Nov  6 08:49:37 1994", 784'111'777},
      {"8:49:37 6 nov 1994", 784'111'777},
      {"1994 November 06 08:49:37 +0200", 784'111'777},
      {"6 Nov 69 00:00:00", 3'150'921'600},
      {"6 Nov 70 00:00:00", 26'697'600},
      {"29 Feb 2024 23:59:59", 1'709'251'199},
      {"31 Dec 9999 23:59:59", 253'402'300'799},
      {"1 Jan 1601 0:0:0", -11'644'473'600},
      {"10:00:00 1 Jan 2001 11:00:00", 978'343'200},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parse_cookie_date(c.text), c.unix_s) << c.text;
}

TEST(cookie_date, is_none_where_they_would_not_read_it) {
  for (const std::string text : {"",
                                 "0",
                                 "-1",
                                 "soon",
                                 "1 Jan 1970",
                                 "00:00:00 Jan 1970",
                                 "1 00:00:00 1970",
                                 "1 Jan 00:00:00",
                                 "30 Feb 2024 00:00:00",
                                 "29 Feb 2023 00:00:00",
                                 "0 Jan 1970 00:00:00",
                                 "32 Jan 1970 00:00:00",
                                 "1 Jan 1600 00:00:00",
                                 "1 Jan 19700 00:00:00",
                                 "1 Jan 1970 24:00:00",
                                 "1 Jan 1970 00:60:00",
                                 "1 Jan 1970 00:00:60",
                                 "1 Jan 1970 000:00:00",
                                 "1 Jan 1970 00:00",
                                 "1 Ja 1970 00:00:00",
                                 "\xff\x00\x80",
                                 "99999999999999999999"})
    EXPECT_EQ(parse_cookie_date(text), std::nullopt) << text;
}

} // namespace
} // namespace limpet::routing
