#include "routing/route_table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::routing {
namespace {

constexpr std::uint32_t none = 999;

struct lookup {
  std::string_view host;
  std::string_view path;
  std::uint32_t route;
};

void expect(const std::vector<route_match>& routes, const std::vector<lookup>& lookups) {
  const route_table table(routes);
  for (const lookup& l : lookups)
    EXPECT_EQ(table.find(l.host, l.path).value_or(none), l.route) << l.host << l.path;
}

TEST(route_table, is_empty_by_default) {
  EXPECT_FALSE(route_table().find("a", "/"));
}

TEST(route_table, matches_paths_at_slashes) {
  expect({{"", "/shop"}, {"", "/deep/"}}, {{"h", "/shop", 0},
                                           {"h", "/shop/", 0},
                                           {"h", "/shop/x", 0},
                                           {"h", "/shopping", none},
                                           {"h", "/sho", none},
                                           {"h", "/Shop", none},
                                           {"h", "/sh%6fp", none},
                                           {"h", "/", none},
                                           {"h", "/deep/x", 1},
                                           {"h", "/deep/", 1},
                                           {"h", "/deep", none}});
}

TEST(route_table, prefers_the_longest_path) {
  expect({{"", "/"}, {"", "/a/b"}, {"", "/a"}}, {{"h", "/", 0},
                                                 {"h", "/a", 2},
                                                 {"h", "/ab", 0},
                                                 {"h", "/a/b", 1},
                                                 {"h", "/a/b/c", 1},
                                                 {"h", "/a/bc", 2}});
}

TEST(route_table, prefers_the_longest_path_of_its_host) {
  expect({{"h", "/"}, {"h", "/a"}, {"*.h", "/"}, {"*.h", "/a"}},
         {{"h", "/a", 1}, {"h", "/b", 0}, {"x.h", "/a", 3}, {"x.h", "/b", 2}});
}

TEST(route_table, an_empty_path_is_the_root) {
  expect({{"", ""}}, {{"h", "/x", 0}});
}

TEST(route_table, the_first_of_two_equal_routes_is_found) {
  expect({{"", "/a"}, {"", "/a"}}, {{"h", "/a", 0}});
}

TEST(route_table, prefers_the_exact_host_then_the_longest_suffix_then_any) {
  expect({{"", "/"}, {"*.example.com", "/"}, {"a.example.com", "/"}, {"*.b.example.com", "/"}},
         {{"a.example.com", "/", 2},
          {"c.example.com", "/", 1},
          {"c.d.example.com", "/", 1},
          {"x.a.example.com", "/", 1},
          {"b.example.com", "/", 1},
          {"c.b.example.com", "/", 3},
          {"c.d.b.example.com", "/", 3},
          {"example.com", "/", 0},
          {"notexample.com", "/", 0},
          {".example.com", "/", 0},
          {"", "/", 0}});
}

TEST(route_table, tries_the_next_best_host_where_no_path_matches) {
  expect({{"a.example.com", "/x"}, {"*.example.com", "/y"}, {"*.com", "/z"}, {"", "/w"}},
         {{"a.example.com", "/x", 0},
          {"a.example.com", "/y", 1},
          {"a.example.com", "/z", 2},
          {"a.example.com", "/w", 3},
          {"a.example.com", "/v", none}});
}

TEST(route_table, the_host_decides_before_the_path) {
  expect({{"", "/a/b/c"}, {"h", "/a"}}, {{"h", "/a/b/c", 1}, {"i", "/a/b/c", 0}});
}

} // namespace
} // namespace limpet::routing
