#include "config/barrier.hpp"
#include "config/guarantees.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::config::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string good = "    fail_over: refuse\n    timeouts: {answer: 3s}\n";

std::string pool_of(const std::string& members, const std::string& key, const std::string& rest) {
  return with_pool("    members: " + members + "\n    session: {key: [" + key + "]}\n    handoff: barrier\n" +
                   rest) +
         "signing: {keys: [{id: k, secret: '${LIMPET_KEY}'}]}\n";
}

std::vector<std::string> errors(const std::string& key, const std::string& rest = good,
                                const std::string& members = "{etcd: {}}") {
  return errors_of(pool_of(members, key, rest));
}

TEST(barrier_settings, rest_on_etcd_keys_and_limits) {
  EXPECT_THAT(errors("{header: X}"), ElementsAre());
  EXPECT_THAT(errors("{cookie: limpet, issue: {}}"), ElementsAre())
      << "a cookie without a pin is a key like others";
  EXPECT_THAT(
      errors("{header: X}", good, "{static: [{id: a, address: 'h:1'}]}"),
      ElementsAre(HasSubstr("proxies agree on who owns a session in etcd, and these members are not there")));
  EXPECT_THAT(errors("{header: X}", good, "{file: {path: members.yaml}}"),
              ElementsAre(HasSubstr("proxies agree on who owns a session in etcd")));
  EXPECT_THAT(errors("{cookie: limpet, issue: {}, pin: true}"),
              ElementsAre(HasSubstr("a pinned session has the owner")));
  EXPECT_THAT(errors("{envelope: {header: A}}"),
              ElementsAre(HasSubstr("a session in an envelope has the owner")));
  EXPECT_THAT(errors(""), ElementsAre(HasSubstr("without a session key there is nothing to hand over")));
  EXPECT_THAT(errors("{header: X}", "    timeouts: {answer: 3s}\n"),
              ElementsAre(HasSubstr("write fail_over: refuse")));
  EXPECT_THAT(errors("{header: X}", "    fail_over: refuse\n"),
              ElementsAre(HasSubstr("set timeouts.answer to barrier.work_max (3000ms) or less")));
  EXPECT_THAT(errors("{header: X}", good + "    health: {http: {path: /}}\n"),
              ElementsAre(HasSubstr("a proxy never leaves a member alone by itself here")));
  EXPECT_THAT(errors("{header: X}", good + "    rebalance: {per_second: 0}\n"),
              ElementsAre(HasSubstr("a hand-off waits until the tunnels and event streams")));
  EXPECT_THAT(errors("{header: X}", good + "    ejection: {consecutive_failures: 3}\n"),
              ElementsAre(HasSubstr("a proxy never leaves a member alone by itself here")));
}

TEST(barrier_settings, that_are_unlikely_to_hold_are_warned_of) {
  const auto warnings = [](const std::string& barrier) {
    return lines(
        load(pool_of("{etcd: {}}", "{header: X}", good + "    barrier: {" + barrier + "}\n")).warnings);
  };
  EXPECT_THAT(warnings("margin: 50ms, drift: 0.001"), ElementsAre());
  EXPECT_THAT(warnings("margin: 49ms"),
              ElementsAre(HasSubstr("a thread may well be held up for longer than 49ms, and a session then "
                                    "have two owners (write 250ms (the default), and no less than 50ms)")));
  EXPECT_THAT(warnings("drift: 0"), ElementsAre(HasSubstr("no two machines' clocks run alike")));
}

TEST(barrier_settings, have_the_defaults_of_the_design) {
  const auto loaded = load(pool_of("{etcd: {}}", "{header: X}", good));
  const auto limits = limits_of(loaded.settings.pools.at("a").barrier);
  EXPECT_EQ(limits.window, 3s);
  EXPECT_EQ(limits.work_max, 3s);
  EXPECT_EQ(limits.margin, 250ms);
  EXPECT_EQ(limits.drift_ppm, 1000u);
  EXPECT_EQ(limits.lease_ttl, 5s);
}

TEST(barrier_settings, are_told_by_what_is_guaranteed) {
  const auto loaded = load(pool_of("{etcd: {}}", "{header: X}", good));
  EXPECT_THAT(guarantees(loaded.settings),
              ElementsAre(HasSubstr("pool a: barrier: no request of a session is sent to a new owner")));
}

TEST(barrier_settings, and_keys_make_a_digest_that_proxies_compare) {
  const auto digest = [](const std::string& key) {
    return keys_digest(load(pool_of("{etcd: {}}", key, good)).settings.pools.at("a").session);
  };
  EXPECT_EQ(digest("{header: X}").size(), 16u);
  EXPECT_EQ(digest("{header: X}"), digest("{header: X}"));
  for (const auto* other :
       {"{header: Y}", "{query: X}", "{header: X}, {header: Y}", "{path_segment: 1}", "{path_segment: 2}"})
    EXPECT_NE(digest("{header: X}"), digest(other)) << other;
}

TEST(barrier_settings, change_by_no_reload) {
  const auto settings = [](const std::string& rest, const std::string& key = "{header: X}") {
    return load(pool_of("{etcd: {}}", key, good + rest)).settings;
  };
  const auto running = settings("");
  EXPECT_THAT(changes_for_all_proxies(running, settings("")), ElementsAre());
  EXPECT_THAT(changes_for_all_proxies(running, settings("    barrier: {parking: {time: 1s}}\n")),
              ElementsAre())
      << "that is each proxy's own";
  EXPECT_EQ(changes_for_all_proxies(running, settings("    barrier: {window: 2s}\n")).size(), 1u);
  EXPECT_EQ(changes_for_all_proxies(running, settings("    barrier: {cluster: blue}\n")).size(), 1u);
  EXPECT_EQ(changes_for_all_proxies(running, settings("", "{header: Y}")).size(), 1u);
  const auto available =
      load(with_pool("    members: {etcd: {}}\n    session: {key: [{header: X}]}\n")).settings;
  EXPECT_EQ(changes_for_all_proxies(running, available).size(), 1u);
  EXPECT_EQ(changes_for_all_proxies(available, running).size(), 1u);
  EXPECT_THAT(changes_for_all_proxies(available, available), ElementsAre());
}

} // namespace
} // namespace limpet::config::test
