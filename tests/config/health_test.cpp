#include "config/print.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::config::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A valid file whose pool has `health: TEXT`.
std::string with_health(const std::string& text) {
  return with_pool("    members: {etcd: {}}\n    health: " + text + '\n');
}

pool pool_of(const std::string& yaml) {
  const auto r = load(yaml);
  EXPECT_THAT(lines(r.errors), ElementsAre()) << yaml;
  return r.settings.pools.at("a");
}

std::vector<std::string> status_errors(const std::string& status) {
  return errors_of(with_health("{http: {path: /, status: [" + status + "]}}"));
}

TEST(health_section, is_left_out_by_default_and_ejection_is_not) {
  const auto p = pool_of(with(""));
  EXPECT_EQ(p.health, std::nullopt);
  EXPECT_EQ(p.ejection, ejection_settings());
  EXPECT_EQ(p.ejection.consecutive_failures, 5u);
  EXPECT_EQ(p.ejection.consecutive_5xx, 0u);
}

TEST(health_section, over_http) {
  const auto p = pool_of(with_health("{http: {path: /healthz}}"));
  ASSERT_TRUE(p.health);
  EXPECT_EQ(p.health->http_path, "/healthz");
  EXPECT_EQ(p.health->http_host, "");
  EXPECT_EQ(p.health->status, (std::vector<status_range>{{200, 399}}));
  EXPECT_EQ(p.health->interval, 2s);
  EXPECT_EQ(p.health->timeout, 1s);
  EXPECT_EQ(p.health->healthy, 2u);
  EXPECT_EQ(p.health->unhealthy, 3u);
  EXPECT_EQ(p.health->jitter_percent, 10u);
}

TEST(health_section, all_of_it) {
  const auto p = pool_of(
      with_health("{http: {path: '/h?deep=1', host: 'Chat.example.com:80', status: [200, 204-299, 503]}, "
                  "interval: 5s, timeout: 500ms, healthy: 4, unhealthy: 5, jitter: 0}"));
  const health_settings wanted{.http_path = "/h?deep=1",
                               .http_host = "Chat.example.com:80",
                               .status = {{200, 200}, {204, 299}, {503, 503}},
                               .interval = 5s,
                               .timeout = 500ms,
                               .healthy = 4,
                               .unhealthy = 5,
                               .jitter_percent = 0};
  EXPECT_EQ(p.health, wanted);
}

TEST(health_section, over_tcp) {
  const auto p = pool_of(with_health("{tcp: {}, interval: 1s}"));
  ASSERT_TRUE(p.health);
  EXPECT_EQ(p.health->http_path, "");
  EXPECT_EQ(p.health->interval, 1s);
}

TEST(health_section, wants_one_way_to_ask) {
  EXPECT_THAT(errors_of(with_health("{interval: 1s}")),
              ElementsAre("6:13 pools.a.health: must have one of http or tcp"));
  EXPECT_THAT(errors_of(with_health("{tcp: {}, http: {path: /}}")),
              ElementsAre("6:23 pools.a.health: \"http\" beside \"tcp\" (give one of http or tcp)"));
  EXPECT_THAT(errors_of(with_health("{http: {}}")), ElementsAre(HasSubstr("path")));
}

TEST(health_section, statuses) {
  for (const std::string good : {"200", "100-599", "'204'", "200, 301-303"})
    EXPECT_THAT(status_errors(good), ElementsAre()) << good;
  for (const std::string bad :
       {"99", "600", "2xx", "200-", "-200", "300-200", "200-600", "2000", "200-299-300", "''", "20 0"})
    EXPECT_THAT(status_errors(bad), ElementsAre(HasSubstr("not a status"))) << bad;
  EXPECT_THAT(status_errors(""), ElementsAre(HasSubstr("at least 1 item")));
}

TEST(health_section, what_is_sent_to_a_member_holds_no_second_line) {
  EXPECT_THAT(errors_of(with_health("{http: {path: \"/a b\"}}")), ElementsAre(HasSubstr("path")));
  EXPECT_THAT(errors_of(with_health("{http: {path: \"/a\\r\\nX: y\"}}")), ElementsAre(HasSubstr("path")));
  for (const std::string bad : {"a b", "a\\r\\nX: y", "http://a", "a:99999", "[::1"})
    EXPECT_THAT(errors_of(with_health("{http: {path: /, host: \"" + bad + "\"}}")),
                ElementsAre(HasSubstr("not a host")))
        << bad;
}

TEST(health_section, ranges) {
  for (const std::string bad : {"interval: 9ms", "timeout: 2m", "healthy: 0", "unhealthy: 101", "jitter: 51"})
    EXPECT_THAT(errors_of(with_health("{tcp: {}, " + bad + "}")), ElementsAre(HasSubstr("must be"))) << bad;
}

TEST(ejection_section, all_of_it) {
  const auto p = pool_of(with_pool("    members: {etcd: {}}\n"
                                   "    ejection: {consecutive_failures: 0, consecutive_5xx: 7, base: 1s, "
                                   "longest: 1m, max_ejected_percent: 10}\n"));
  EXPECT_EQ(p.ejection, (ejection_settings{0, 7, 1s, 1min, 10}));
}

TEST(ejection_section, the_longest_is_not_shorter_than_the_first) {
  EXPECT_THAT(
      errors_of(with_pool("    members: {etcd: {}}\n    ejection: {base: 10s, longest: 9s}\n")),
      ElementsAre("6:36 pools.a.ejection: the longest ejection is shorter than the first (let longest be at "
                  "least base)"));
  EXPECT_THAT(errors_of(with_pool("    members: {etcd: {}}\n    ejection: {base: 10m}\n")),
              ElementsAre(HasSubstr("6:22 pools.a.ejection: the longest")));
  EXPECT_THAT(errors_of(with_pool("    members: {etcd: {}}\n    ejection: {max_ejected_percent: 101}\n")),
              ElementsAre(HasSubstr("must be 0 to 100")));
}

TEST(slow_start, is_warned_of_where_there_are_fewer_steps_than_ten) {
  const auto warnings_of = [](const std::string& agent) {
    return lines(load(with("agent: {" + agent + "}\n")).warnings);
  };
  EXPECT_THAT(warnings_of("weight: 1"), ElementsAre());
  EXPECT_THAT(warnings_of("slow_start: 1m, weight: 10"), ElementsAre());
  EXPECT_THAT(warnings_of("slow_start: 1m"),
              ElementsAre("4:21 agent: with a weight of 1 there is nothing to raise (give the pool's members "
                          "weights of 10 or more)"));
  EXPECT_THAT(warnings_of("slow_start: 1m, weight: 3"), ElementsAre(HasSubstr("there are only 3 steps")));
  EXPECT_THAT(errors_of(with("agent: {slow_start: 500ms}\n")),
              ElementsAre(HasSubstr("must be 0, or 1s to 1d")));
}

} // namespace
} // namespace limpet::config::test
