#include "config/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace limpet::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

node parse(const std::string& text) {
  const yaml_result result = parse_yaml(text);
  EXPECT_TRUE(result.document) << result.message;
  return result.document.value_or(node());
}

std::string error_of(const std::string& text) {
  const yaml_result result = parse_yaml(text);
  EXPECT_FALSE(result.document) << text.substr(0, 100);
  return std::to_string(result.where.line) + ':' + std::to_string(result.where.column) + ' ' + result.message;
}

std::string repeated(const std::string& piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += piece;
  return out;
}

TEST(parse_yaml, says_where_keys_and_values_stand) {
  const node document = parse("a:\n  b: 1\n  'c': [x, {d: e}]\n");
  const node& a = document.children.at(0);
  EXPECT_EQ(a.key_where, (position{1, 1}));
  EXPECT_EQ(a.children.at(0).key_where, (position{2, 3}));
  EXPECT_EQ(a.children.at(0).where, (position{2, 6}));
  EXPECT_EQ(a.children.at(1).key, "c");
  EXPECT_EQ(a.children.at(1).where, (position{3, 8}));
  EXPECT_EQ(a.children.at(1).children.at(1).children.at(0).where, (position{3, 16}));
}

TEST(parse_yaml, puts_a_missing_value_at_its_key) {
  const node document = parse("a:\n  b:\nc: ~\n");
  EXPECT_EQ(document.children.at(0).children.at(0).where, (position{2, 3}));
  EXPECT_EQ(document.children.at(1).where, (position{3, 1}));
  EXPECT_EQ(document.children.at(1).what, node::kind::null);
}

TEST(parse_yaml, reads_nothing_as_an_empty_map) {
  EXPECT_EQ(parse("").what, node::kind::map);
  EXPECT_EQ(parse("\n# only a comment\n").what, node::kind::map);
}

TEST(parse_yaml, reads_json) {
  const node document = parse("{\n\t\"a\": [1, true, null, \"x\"],\n\t\"b\":{\"c\":\"\\u00e9\"}\n}");
  EXPECT_EQ(document.find("a")->children.at(3).text, "x");
  EXPECT_EQ(document.find("a")->children.at(2).what, node::kind::null);
  EXPECT_EQ(document.find("b")->find("c")->text, "\xc3\xa9");
}

TEST(parse_yaml, keeps_both_of_two_equal_keys) {
  EXPECT_EQ(parse("a: 1\na: 2\n").children.size(), 2U);
}

TEST(parse_yaml, copies_aliases) {
  const node document = parse("a: &x {b: [1]}\nc: *x\n");
  EXPECT_EQ(document.find("c")->find("b")->children.at(0).text, "1");
  EXPECT_EQ(document.find("c")->key_where, (position{2, 1}));
}

TEST(parse_yaml, an_alias_outside_a_map_has_no_key) {
  const node document = parse("a: &x 1\nb: [*x]\n");
  const node& item = document.find("b")->children.at(0);
  EXPECT_EQ(item.text, "1");
  EXPECT_EQ(item.key, "");
  EXPECT_EQ(item.key_where, position{});
}

TEST(parse_yaml, a_syntax_error_has_its_place) {
  EXPECT_THAT(error_of("a: 1\nb: [1, 2\nc: 3\n"), StartsWith("3:"));
  EXPECT_THAT(error_of("a: b: c\n"), StartsWith("1:5 not YAML: "));
  EXPECT_THAT(error_of("a: *nobody\n"), StartsWith("1:4 not YAML: "));
}

TEST(parse_yaml, refuses_what_configurations_do_not_need) {
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"), "2:1 a second document begins here");
  EXPECT_EQ(error_of("a: !secret b\n"), "1:4 tags are not supported");
  EXPECT_EQ(error_of("a: !!binary aGVsbG8=\n"), "1:4 tags are not supported");
  EXPECT_EQ(error_of("a: !m {}\n"), "1:4 tags are not supported");
  EXPECT_EQ(error_of("[a]: b\n"), "1:1 a key must be plain text");
  EXPECT_EQ(error_of("{a: {b: c}: d}\n").substr(0, 2), "1:");
  EXPECT_EQ(error_of("a: &x b\n*x : c\n"), "2:1 a key must be plain text");
  EXPECT_EQ(error_of("~: b\n"), "1:1 a key must be plain text");
  EXPECT_EQ(error_of("a: &x [*x]\n"), "1:8 an alias refers to itself");
}

TEST(parse_yaml, refuses_what_is_no_text) {
  EXPECT_EQ(error_of("a: b\nc: \xff\n"), "2:4 not UTF-8 text");
  EXPECT_EQ(error_of("\xe4: b\n"), "1:1 not UTF-8 text");
  EXPECT_EQ(error_of("a: \xed\xa0\x80\n"), "1:4 not UTF-8 text");
  EXPECT_EQ(error_of("a: \"\\uFFFE\"\n"), "1:4 not UTF-8 text");
  EXPECT_EQ(error_of("a: \xef\xb7\x90\n"), "1:4 not UTF-8 text");
  EXPECT_EQ(error_of("a: \xf0\x9f\xbf\xbf\n"), "1:4 not UTF-8 text");
  EXPECT_EQ(parse("a: \xef\xbf\xbd\n").find("a")->text, "\xef\xbf\xbd");
  EXPECT_EQ(parse("a: \xf0\x9f\x90\x9a\n").find("a")->text, "\xf0\x9f\x90\x9a");
}

TEST(parse_yaml, has_a_limit_to_keys_so_that_they_can_be_written) {
  const std::string longest(document_key_bytes_max, '\x01');
  const node document = parse('"' + longest + "\": a\n");
  EXPECT_EQ(parse(emit_yaml(document)).children.at(0).key, longest);
  EXPECT_EQ(error_of("a: b\n" + std::string(document_key_bytes_max + 1, 'x') + ": c\n"),
            "2:1 a key of more than 200 bytes");
}

TEST(parse_yaml, has_a_limit_to_size) {
  const std::string head = "a: ";
  EXPECT_TRUE(parse_yaml(head + std::string(document_bytes_max - head.size(), 'x')).document);
  EXPECT_EQ(error_of(head + std::string(document_bytes_max - head.size() + 1, 'x')), "0:0 larger than 4 MiB");
}

TEST(parse_yaml, has_a_limit_to_depth) {
  const auto nested = [](std::size_t depth) { return repeated("[", depth) + repeated("]", depth); };
  EXPECT_TRUE(parse_yaml(nested(document_depth_max)).document);
  EXPECT_EQ(error_of(nested(document_depth_max + 1)), "1:65 nested deeper than 64 levels");
  EXPECT_THAT(error_of(nested(100'000)), HasSubstr("nested deeper than 64 levels"));
}

TEST(parse_yaml, an_alias_counts_with_the_depth_of_what_it_stands_for) {
  const std::string half = "a: &a " + repeated("[", 40) + repeated("]", 40) + "\n";
  EXPECT_TRUE(parse_yaml(half + "b: " + repeated("[", 20) + "*a" + repeated("]", 20)).document);
  EXPECT_THAT(error_of(half + "b: " + repeated("[", 24) + "*a" + repeated("]", 24)),
              HasSubstr("nested deeper than 64 levels"));
}

TEST(parse_yaml, a_bomb_of_aliases_stays_small) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(before + ", ", 9) +
            before + "]\n";
  }
  EXPECT_THAT(error_of(bomb), HasSubstr("more than 250000 values"));
}

TEST(parse_yaml, each_alias_counts_as_what_it_stands_for) {
  const std::string large = "a: &a [" + repeated("x,", 9'999) + "x]\n";
  EXPECT_TRUE(parse_yaml(large + "b: [" + repeated("*a,", 22) + "]\n").document);
  EXPECT_THAT(error_of(large + "b: [" + repeated("*a,", 24) + "]\n"), HasSubstr("more than 250000 values"));
}

TEST(parse_yaml, anchors_within_anchors_count) {
  // 60 levels, each with an anchor of its own, over 10,000 values: 600,000 copies.
  std::string text;
  for (int i = 0; i < 60; ++i)
    text += "[&a" + std::to_string(i) + ' ';
  EXPECT_THAT(error_of(text + '[' + repeated("x,", 10'000) + ']' + repeated("]", 60)),
              HasSubstr("more than 250000 values"));
}

TEST(parse_yaml, has_a_limit_to_values) {
  EXPECT_THAT(error_of(repeated("- a\n", 250'001)), HasSubstr("more than 250000 values"));
  EXPECT_EQ(error_of('[' + repeated("a,", 250'001) + ']'), "0:0 more than 250000 values");
}

TEST(parse_yaml, never_throws) {
  const std::string pieces[] = {"a",    ":",
                                " ",    "\n",
                                "-",    "[",
                                "]",    "{",
                                "}",    ",",
                                "&x ",  "*x",
                                "!",    "|",
                                ">",    "'",
                                "\"",   "#",
                                "%",    "?",
                                "~",    "\t",
                                "\\",   std::string(1, '\0'),
                                "\xff", "\xef\xbb\xbf",
                                "---",  "...",
                                "<<",   "0"};
  unsigned state = 1;
  for (int document = 0; document < 3000; ++document) {
    std::string text;
    for (int i = 0; i < 24; ++i) {
      state = state * 1664525 + 1013904223;
      text += pieces[(state >> 16) % std::size(pieces)];
    }
    const yaml_result result = parse_yaml(text);
    EXPECT_NE(result.document.has_value(), !result.message.empty());
  }
}

TEST(emit_yaml, is_read_back_as_it_was) {
  node document = node::map();
  const std::string texts[] = {"plain",
                               "",
                               " ",
                               "~",
                               "null",
                               "true",
                               "5",
                               "- a",
                               "a: b",
                               "#c",
                               "a #b",
                               "'",
                               "\"",
                               "\\",
                               "[",
                               "*a",
                               "&a",
                               "!a",
                               "%a",
                               "@a",
                               "`a",
                               "|",
                               ">",
                               "line\nline",
                               "tab\t",
                               "caf\xc3\xa9",
                               "\x01",
                               "a:",
                               ":a",
                               "---",
                               "?",
                               "trailing ",
                               "${X}",
                               "\xf0\x9f\x90\x8c",
                               "=",
                               "<<",
                               "0x10",
                               ".",
                               "a\r\nb",
                               "\xc2\x85",
                               "\xef\xbb\xbf",
                               "carriage return\r"};
  for (const std::string& text : texts) {
    node value = node::scalar(text);
    value.key = "key " + std::to_string(document.children.size()) + text;
    document.children.push_back(value);
  }
  node list = node::list();
  list.key = "list";
  for (const std::string& text : texts)
    list.children.push_back(node::scalar(text));
  list.children.push_back(node::map());
  list.children.push_back(node::list());
  list.children.push_back(node());
  document.children.push_back(list);

  const node again = parse(emit_yaml(document));
  ASSERT_EQ(again.children.size(), document.children.size());
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    EXPECT_EQ(again.children[i].key, document.children[i].key);
    EXPECT_EQ(again.children[i].what, node::kind::scalar) << texts[i];
    EXPECT_EQ(again.children[i].text, texts[i]);
    EXPECT_EQ(again.children.back().children[i].text, texts[i]);
  }
  EXPECT_EQ(again.children.back().children.back().what, node::kind::null);
}

TEST(emit_yaml, a_scalar_alone_is_no_mark_of_a_document) {
  for (const std::string text : {"---", "--- a", "...", "---\n"})
    EXPECT_EQ(parse(emit_yaml(node::scalar(text))).text, text);
}

} // namespace
} // namespace limpet::config
