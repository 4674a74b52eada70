#include "tests/consistency/load/operation.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limpet::load {
namespace {

operation made(kind what, std::uint64_t value = 0) {
  return {what, "s7-1", "o42", value};
}

TEST(Operation, IsReadBackAsItWasAskedFor) {
  for (const auto& asked : {made(kind::append, 18'446'744'073'709'551'615U), made(kind::read)}) {
    const auto by_request = parse_request(method_of(asked), target_of(asked));
    const auto by_message = parse_message(asked.session, message_of(asked));
    for (const auto& got : {by_request, by_message}) {
      ASSERT_TRUE(got);
      EXPECT_EQ(got->what, asked.what);
      EXPECT_EQ(got->session, asked.session);
      EXPECT_EQ(got->name, asked.name);
      EXPECT_EQ(got->value, asked.value);
    }
  }
  EXPECT_EQ(parse_socket_target(socket_target_of("s7-1")), "s7-1");
}

TEST(Operation, AnythingElseIsNone) {
  for (const auto* target : {"", "/", "/s/", "/s/a", "/s/a?operation=", "/s/../b?operation=o",
                             "/s/a/b?operation=o", "/s/a?operation=o&x=1", "/s/a?operation=o p"})
    EXPECT_FALSE(parse_request("GET", target)) << target;
  for (const auto* target : {"/s/a/append", "/s/a/append?value=1", "/s/a/append?value=-1&operation=o",
                             "/s/a/append?value=18446744073709551616&operation=o", "/s/a/append?operation=o"})
    EXPECT_FALSE(parse_request("POST", target)) << target;
  for (const auto* text : {"", "read", "read o 1", "append o", "append o 1 2", "append o x", "write o 1"})
    EXPECT_FALSE(parse_message("a", text)) << text;
  for (const auto* target : {"/s//socket", "/s/a/sockets", "/s/a.b/socket", "/t/a/socket"})
    EXPECT_FALSE(parse_socket_target(target)) << target;
}

TEST(Operation, NamesAreWordsAndFiles) {
  EXPECT_TRUE(is_name(std::string(64, 'a')));
  EXPECT_FALSE(is_name(std::string(65, 'a')));
  for (const auto* name : {"", ".", "a/b", "a b", "a\n", "ä"})
    EXPECT_FALSE(is_name(name)) << name;
}

TEST(Operation, ListsAreTextAndBack) {
  for (const auto& values : {list{}, list{1}, list{3, 1, 2}})
    EXPECT_EQ(parse_list(to_text(values)), values);
  for (const auto* text : {"", "1,", ",1", "1,,2", "1 2", "--", "-1"})
    EXPECT_FALSE(parse_list(text)) << text;
}

} // namespace
} // namespace limpet::load
