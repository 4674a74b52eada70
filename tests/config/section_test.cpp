#include "config/section.hpp"
#include "config/units.hpp"
#include "config/yaml.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::config {
namespace {

using testing::ElementsAre;

struct inner_settings {
  std::uint32_t depth = 3;
};
struct outer_settings {
  std::uint32_t width = 1;
  std::optional<inner_settings> inner;
  std::vector<std::uint32_t> list{1, 2};
};

type_ptr<outer_settings> outer_section() {
  auto inner =
      section<inner_settings>({key("depth", &inner_settings::depth, number(0, 9), "Depth.").since("0.3")});
  return section<outer_settings>({
      key("width", &outer_settings::width, number(0, 9), "Width.").required().takes_effect(reload::restart),
      key("inner", &outer_settings::inner, optional(inner), "Inner."),
      key("list", &outer_settings::list, list(number(0, 9), {1, 3}), "List."),
  });
}

std::vector<std::string> read(const std::string& yaml, outer_settings& out) {
  reader r("f", nullptr);
  outer_section()->read(*parse_yaml(yaml).document, out, r);
  return test::lines(r.take_errors());
}

TEST(section, one_declaration_reads_writes_and_describes) {
  outer_settings out;
  EXPECT_THAT(read("{width: 5, inner: {}, list: [7]}", out), ElementsAre());
  EXPECT_EQ(out.width, 5U);
  EXPECT_EQ(out.inner->depth, 3U);
  EXPECT_THAT(out.list, ElementsAre(7U));
  EXPECT_EQ(emit_yaml(*outer_section()->write(out, secrets::shown)),
            "width: 5\ninner:\n  depth: 3\nlist:\n  - 7\n");

  const description shape = outer_section()->describe();
  EXPECT_TRUE(shape.children.at(0).key.required);
  EXPECT_EQ(shape.children.at(0).key.since, "0.1");
  EXPECT_EQ(shape.children.at(0).key.takes_effect, reload::restart);
  EXPECT_EQ(shape.children.at(1).initial, std::nullopt);
  EXPECT_EQ(shape.children.at(1).children.at(0).key.since, "0.3");
  EXPECT_EQ(shape.children.at(1).children.at(0).initial->text, "3");
}

TEST(section, reports_all_that_is_wrong) {
  outer_settings out;
  EXPECT_THAT(read("inner: {dept: 1, depth: 10, depth: 2}\nlist: [1, x, {}, 4]\nzzzzzzzz: 1\n", out),
              ElementsAre("1:1 must have \"width\" (Width.)",
                          "1:9 inner: unknown key \"dept\" (did you mean \"depth\"?)",
                          "1:25 inner.depth: must be 0 to 9",
                          "1:29 inner: the key \"depth\" is given twice (it is first given in line 1)",
                          "2:7 list: must have at most 3 items", "3:1 unknown key \"zzzzzzzz\""));
}

TEST(section, a_wrong_kind_says_what_was_expected) {
  outer_settings out;
  EXPECT_THAT(
      read("width: [1]\ninner:\nlist: 5\n", out),
      ElementsAre(
          "1:8 width: must be a number, not a list",
          "2:1 inner: must be a mapping, not nothing (write {} for the defaults)",
          "3:7 list: must be a list, not a plain value (a list is [one, two], or a line \"- one\" each)"));
}

TEST(section, a_list_has_its_least_length) {
  outer_settings out;
  EXPECT_THAT(read("{width: 1, list: []}", out), ElementsAre("1:18 list: must have at least 1 item"));
}

} // namespace
} // namespace limpet::config
